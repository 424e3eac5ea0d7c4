/* Units that leave for good: what a take does to the stock, its number, and when it is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "desk.h"
#include "expect.h"

#define ON_A_DESK(test) cmocka_unit_test_setup_teardown(test, desk_open, desk_close)

static void expect_base(struct desk *desk, int64_t base, int64_t inflows)
{
    assert_int_equal(desk_stock_of(desk, DESK_SKU)->base, base);
    assert_int_equal(desk_stock_of(desk, DESK_SKU)->inflows, inflows);
}

static void test_units_leave_base_and_available(void **state)
{
    struct desk *desk = *state;
    DESK_ADD(desk, 1, FLASH_ENTRY_RESERVE, {"a", "u", 2});
    DESK_ADD(desk, 2, FLASH_ENTRY_TAKE, {"broken-1", "ops", 30});
    DESK_ADD(desk, 3, FLASH_ENTRY_RESERVE, {"b", "u", 3});
    DESK_ADD(desk, 4, FLASH_ENTRY_TAKE, {"broken-2", "ops", 65});
    desk_commit(desk);
    desk_expect_stock(desk, 0, 5, 0);
    expect_base(desk, 5, 2);
    assert_int_equal(desk->plan.log_count, 4);
    assert_int_equal(desk->plan.logs[1].inflow, 1);
    assert_int_equal(desk->plan.logs[1].before, 98);
    assert_int_equal(desk->plan.logs[1].after, 68);
    assert_int_equal(desk->plan.logs[2].inflow, 0);
    assert_int_equal(desk->plan.logs[3].inflow, 2);
    assert_true(desk->batch.entries[1].clean && desk->batch.entries[3].clean);
}

static void test_a_shortage_is_flagged_and_takes_nothing(void **state)
{
    struct desk *desk = *state;
    DESK_ADD(desk, 1, FLASH_ENTRY_TAKE, {"broken-1", "ops", 101});
    desk_commit(desk);
    assert_int_equal(desk_fate(desk, 0, 0), FLASH_LINE_REFUSED);
    assert_false(desk->batch.entries[0].clean);
    assert_int_equal(desk->plan.shortages, 1);
    assert_int_equal(desk->plan.refused_takes, 0); /* that is for a reference */
    assert_int_equal(desk->plan.log_count, 0);
    assert_true(desk_stock_of(desk, DESK_SKU)->flagged);
    expect_base(desk, 100, 0);
    DESK_ADD(desk, 2, FLASH_ENTRY_TAKE, {"broken-1", "ops", 100}); /* it may be tried again */
    desk_commit(desk);
    expect_base(desk, 0, 1);
}

static void test_a_reference_counts_once(void **state)
{
    struct desk *desk = *state;
    DESK_ADD(desk, 1, FLASH_ENTRY_TAKE, {"broken-1", "ops", 5});
    DESK_ADD(desk, 2, FLASH_ENTRY_TAKE, {"broken-1", "ops", 5}); /* in the same batch */
    desk_commit(desk);
    assert_true(desk->batch.entries[0].clean);
    assert_false(desk->batch.entries[1].clean);
    assert_int_equal(desk->plan.refused_takes, 1);
    DESK_ADD(desk, 3, FLASH_ENTRY_TAKE, {"broken-1", "ops", 7}); /* in a later one */
    desk_commit(desk);
    assert_false(desk->batch.entries[0].clean);
    expect_base(desk, 95, 1);
    assert_false(desk_stock_of(desk, DESK_SKU)->flagged);
}

static void test_a_copy_changes_nothing(void **state)
{
    struct desk *desk = *state;
    DESK_ADD(desk, 1, FLASH_ENTRY_TAKE, {"broken-1", "ops", 5});
    DESK_ADD(desk, 1, FLASH_ENTRY_TAKE, {"broken-1", "ops", 5});
    desk_commit(desk);
    assert_int_equal(desk->batch.entries[1].fate, FLASH_FATE_REPEATED);
    DESK_ADD(desk, 1, FLASH_ENTRY_TAKE, {"broken-1", "ops", 5});
    desk_commit(desk);
    assert_int_equal(desk->batch.entries[0].fate, FLASH_FATE_DUPLICATE);
    assert_true(desk->batch.entries[0].clean);
    expect_base(desk, 95, 1);
}

static void test_an_order_may_be_spelt_as_a_reference(void **state)
{
    struct desk *desk = *state;
    DESK_ADD(desk, 1, FLASH_ENTRY_TAKE, {"a", "ops", 5});
    DESK_ADD(desk, 2, FLASH_ENTRY_RESERVE, {"a", "u", 2});
    DESK_ADD(desk, 3, FLASH_ENTRY_CANCEL, {"a", "u", 2, 1});
    desk_commit(desk);
    for (int i = 0; i < 3; i++) {
        assert_true(desk->batch.entries[i].clean);
    }
    assert_int_equal(desk_find(desk, "a")->state, FLASH_STATE_CANCELLED);
    desk_expect_stock(desk, 95, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_DESK(test_units_leave_base_and_available),
        ON_A_DESK(test_a_shortage_is_flagged_and_takes_nothing),
        ON_A_DESK(test_a_reference_counts_once),
        ON_A_DESK(test_a_copy_changes_nothing),
        ON_A_DESK(test_an_order_may_be_spelt_as_a_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
