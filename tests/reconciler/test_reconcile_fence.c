/* What is given up, in which order, and what the guard keeps back; on the desk of test_reconcile.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile_desk.h"

static void lost_twice_is_fenced_and_then_given_back(void **state)
{
    struct desk *desk = *state;
    lose_twice(desk);
    pass_with_settle(desk);
    assert_string_equal(fake_ledger.steps,
                        "BEGIN, SELECT stock, SELECT generation, INSERT verdict*1, "
                        "SELECT reservation, INSERT reservation*1, COMMIT");
    assert_int_equal(fake_ledger.verdicts[0].verdict, 2);
    assert_int_equal(fake_ledger.rows[0].state, 6);
    assert_int_equal(fake_ledger.rows[0].version, 1);
    assert_string_equal(fake_ledger.rows[0].order_id, "7.r1");
    assert_settle(desk, "1 0 " STREAM " 1 r1 L 1 2 u1 0");
    assert_int_equal(desk->done.compensated, 1);
    assert_int_equal(desk->done.lost_orders, 1);
    assert_int_equal(desk->last.state, FLASH_FINDING_APPLIED);
}

static void a_line_that_has_its_row_keeps_it(void **state)
{
    struct desk *desk = *state;
    fake_ledger.rows[fake_ledger.row_count++] = (struct fake_ledger_row){
        .order_id = "7.r1", .state = 1, .version = 1, .quantity = 2, .user = "u1"};
    lose_twice(desk);
    pass_with_settle(desk);
    assert_null(strstr(fake_ledger.steps, "INSERT reservation"));
    assert_int_equal(fake_ledger.row_count, 1);
    assert_settle(desk, "1 0 " STREAM " 1 r1 C 1 2 u1 0");
    assert_int_equal(desk->done.findings[FLASH_CAUSE_DUPLICATE], 1);
}

/* Whatever fails, Redis is told nothing; what was not committed is not there. */
static void only_a_committed_fence_is_told(void **state)
{
    static const struct {
        const char *step;
        enum flash_mysql_class class;
    } failures[] = {
        {"BEGIN", FLASH_MYSQL_RETRY},
        {"INSERT verdict*1", FLASH_MYSQL_DUPLICATE},
        {"INSERT verdict*1", FLASH_MYSQL_RETRY},
        {"SELECT reservation", FLASH_MYSQL_RETRY},
        {"INSERT reservation*1", FLASH_MYSQL_DATA},
        {"COMMIT", FLASH_MYSQL_UNKNOWN_COMMIT},
    };
    struct desk *desk = *state;
    lose_twice(desk);
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        fake_ledger.failing = failures[i].step;
        fake_ledger.class = failures[i].class;
        fake_ledger.steps[0] = '\0';
        pass(desk);
        assert_non_null(strstr(fake_ledger.steps, failures[i].step));
        assert_int_equal(desk->done.compensated, 0);
        assert_int_equal(fake_ledger.verdict_count + fake_ledger.row_count, 0);
        assert_true(nothing_settled(desk));
    }
    fake_ledger.failing = NULL;
    pass_with_settle(desk);
    assert_int_equal(desk->done.compensated, 1);
}

static void a_read_only_ledger_is_the_guards_business(void **state)
{
    struct desk *desk = *state;
    lose_twice(desk);
    fake_ledger.read_only = true;
    pass(desk);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_GUARD);
    assert_int_equal(flash_reconcile_exit_code(&desk->done), 5);
    assert_string_equal(desk->done.err.text, "the ledger takes no writes");
    assert_int_equal(desk->last.state, FLASH_FINDING_REFUSED);
    assert_string_equal(fake_ledger.steps, "");
}

static void the_guard_counts_before_anything_is_done(void **state)
{
    struct desk *desk = *state;
    desk->config.reconciler.guard_floor = 0;
    lose_twice(desk);
    pass(desk);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_GUARD);
    assert_int_equal(desk->done.lost, 1);
    assert_string_equal(fake_ledger.steps, "");
    const struct flash_reconcile_options forced = {.depth = FLASH_RECONCILE_ACT, .force = 1};
    journal_has_it(desk);
    fake_redis_sync_reply(desk->redis, json_pack("[s,i]", "OK", 0));
    flash_reconcile_pass(desk->reconcile, &forced, &desk->done);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_COMPLETE);
    assert_int_equal(desk->done.compensated, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lost_twice_is_fenced_and_then_given_back),
        TEST(a_line_that_has_its_row_keeps_it),
        TEST(only_a_committed_fence_is_told),
        TEST(a_read_only_ledger_is_the_guards_business),
        TEST(the_guard_counts_before_anything_is_done),
    };
    return cmocka_run_group_tests_name("reconciler fence", tests, NULL, NULL);
}
