/* The judgement of batches: one order several times, entries out of order, parked lines, and that a
 * replay of anything changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "desk.h"
#include "expect.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- one order several times in one batch ---- */

static void test_a_life_in_one_batch(void **state)
{
    struct desk *desk = *state;
    DESK_ADD(desk, 1, FLASH_ENTRY_RESERVE, {"a", "u", 2}, {"b", "u", 3});
    DESK_ADD(desk, 2, FLASH_ENTRY_PAY, {"a", "u", 2, 1, "p"});
    DESK_ADD(desk, 3, FLASH_ENTRY_EXPIRE, {"b", "u", 3, 1}, {"a", "u", 2, 1});
    DESK_ADD(desk, 4, FLASH_ENTRY_RETURN, {"a", "u", 2, 2});
    desk_commit(desk);
    desk_expect_row(desk, "a", FLASH_STATE_RETURNED, 3);
    desk_expect_row(desk, "b", FLASH_STATE_EXPIRED, 2);
    assert_string_equal(desk_find(desk, "a")->payment, "p");
    assert_int_equal(desk->row_count, 2);
    assert_int_equal(desk->plan.log_count, 4); /* the entry, the pay, the expiry, the return */
    assert_true(desk->batch.entries[0].clean && desk->batch.entries[1].clean);
    assert_false(desk->batch.entries[2].clean);
    assert_true(desk->batch.entries[3].clean);
    desk_expect_stock(desk, 100, 0, 0);
}

static void test_who_is_first_wins(void **state)
{
    struct desk *desk = *state;
    desk_row(desk, "a", FLASH_STATE_CREATED, 1);
    DESK_ADD(desk, 1, FLASH_ENTRY_CANCEL, {"a", "u", 2, 1});
    DESK_ADD(desk, 2, FLASH_ENTRY_PAY, {"a", "u", 2, 2, "p"});
    DESK_ADD(desk, 3, FLASH_ENTRY_EXPIRE, {"a", "u", 2, 1});
    desk_commit(desk);
    desk_expect_row(desk, "a", FLASH_STATE_CANCELLED, 3);
    assert_true(desk_refunds(desk, "a", "p"));
    desk_expect_stock(desk, 100, 0, 0);
}

/* Entries of one order that arrive backwards: each waits for the one before. */
static void test_backwards(void **state)
{
    struct desk *desk = *state;
    struct desk_parked parked;
    DESK_ADD(desk, 4, FLASH_ENTRY_PAY, {"a", "u", 2, 3, "late"});
    DESK_ADD(desk, 3, FLASH_ENTRY_RETURN, {"a", "u", 2, 2});
    DESK_ADD(desk, 2, FLASH_ENTRY_PAY, {"a", "u", 2, 1, "p"});
    desk_commit(desk);
    assert_int_equal(desk->parked_count, 3);
    assert_false(desk_unpark(desk, &parked));
    DESK_ADD(desk, 1, FLASH_ENTRY_RESERVE, {"a", "u", 2});
    desk_commit(desk);
    static const int order[] = {2, 3, 4};
    for (size_t i = 0; i < COUNT(order); i++) {
        assert_true(desk_unpark(desk, &parked));
        assert_int_equal(parked.number, order[i]);
        assert_int_equal(desk->batch.entries[0].fate, FLASH_FATE_UNPARKED);
        assert_int_equal(desk->batch.line_count, 1);
    }
    assert_false(desk_unpark(desk, &parked));
    desk_expect_row(desk, "a", FLASH_STATE_RETURNED, 4);
    assert_true(desk_refunds(desk, "a", "late"));
    assert_int_equal(desk->refund_count, 1);
    assert_int_equal(desk->verdict_count, 4);
    desk_expect_stock(desk, 100, 0, 0);
}

/* Of an entry only the line that was parked is judged again. */
static void test_unparked_line_alone(void **state)
{
    struct desk *desk = *state;
    struct desk_parked parked;
    desk_row(desk, "a", FLASH_STATE_CREATED, 1);
    desk_row(desk, "c", FLASH_STATE_CREATED, 1);
    DESK_ADD(desk, 1, FLASH_ENTRY_CANCEL, {"a", "u", 2, 1}, {"b", "u", 2, 1}, {"c", "u", 2, 1});
    desk_commit(desk);
    assert_int_equal(desk->parked_count, 1);
    DESK_ADD(desk, 2, FLASH_ENTRY_RESERVE, {"b", "u", 2});
    desk_commit(desk);
    assert_true(desk_unpark(desk, &parked));
    assert_int_equal(parked.line_no, 1);
    assert_string_equal(desk->batch.lines[0].order_id, "42.b");
    desk_expect_row(desk, "b", FLASH_STATE_CANCELLED, 2);
    desk_expect_row(desk, "a", FLASH_STATE_CANCELLED, 2);
    desk_expect_stock(desk, 100, 0, 0);
}

/* ---- replays ---- */

static void add_all(struct desk *desk)
{
    DESK_ADD(desk, 1, FLASH_ENTRY_RESERVE, {"a", "u", 2}, {"b", "u", 90}, {"c", "u", 9});
    DESK_ADD(desk, 2, FLASH_ENTRY_PAY, {"a", "u", 2, 1, "p"}, {"a", "u", 2, 2, "q"});
    DESK_ADD(desk, 3, FLASH_ENTRY_CANCEL, {"b", "u", 90, 1}, {"x", "u", 1, 1});
    DESK_ADD(desk, 4, FLASH_ENTRY_PAY, {"b", "u", 90, 2, "r"}, {"c", "u", 9, 1, "s"});
    DESK_ADD(desk, 5, FLASH_ENTRY_RETURN, {"a", "u", 2, 3});
    DESK_ADD(desk, 6, FLASH_ENTRY_RESERVE, {"d", "u", 99});
}

/* Everything but the batch and the plan. */
static void copy(const struct desk *desk, struct desk *to)
{
    *to = *desk;
    memset(&to->batch, 0, sizeof(to->batch));
    memset(&to->plan, 0, sizeof(to->plan));
    to->judged = false;
}

static void test_replays_change_nothing(void **state)
{
    static struct desk before, after;
    struct desk *desk = *state;
    add_all(desk);
    desk_commit(desk);
    bool clean[6];
    for (int i = 0; i < 6; i++) {
        clean[i] = desk->batch.entries[i].clean;
    }
    desk_expect_row(desk, "a", FLASH_STATE_RETURNED, 4);
    desk_expect_row(desk, "b", FLASH_STATE_CANCELLED, 3);
    desk_expect_row(desk, "c", FLASH_STATE_FAILED_SHORTAGE, 2);
    desk_expect_row(desk, "d", FLASH_STATE_CREATED, 1);
    assert_int_equal(desk->refund_count, 3);
    copy(desk, &before);
    add_all(desk);
    desk_commit(desk);
    copy(desk, &after);
    assert_memory_equal(&before, &after, sizeof(before));
    for (int i = 0; i < 6; i++) { /* the verdict is told again */
        assert_int_equal(desk->batch.entries[i].fate, FLASH_FATE_DUPLICATE);
        assert_int_equal(desk->batch.entries[i].clean, clean[i]);
        assert_int_equal(desk_fate(desk, i, 0), FLASH_LINE_NONE);
    }
    assert_int_equal(desk->plan.duplicates, 6);
    assert_int_equal(desk->plan.log_count + desk->plan.applied_entries, 0);
}

static void test_copies_in_one_batch(void **state)
{
    static struct desk once, twice;
    struct desk *desk = *state;
    add_all(desk);
    desk_commit(desk);
    copy(desk, &once);
    void *other;
    assert_int_equal(desk_open(&other), 0);
    add_all(other);
    add_all(other);
    desk_commit(other);
    copy(other, &twice);
    const struct flash_batch *batch = &((struct desk *)other)->batch;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(batch->entries[i].fate, FLASH_FATE_APPLY);
        assert_int_equal(batch->entries[i + 6].fate, FLASH_FATE_REPEATED);
    }
    memset(once.parked, 0, sizeof(once.parked));
    memset(twice.parked, 0, sizeof(twice.parked));
    assert_memory_equal(&once, &twice, sizeof(once));
    assert_int_equal(desk_close(&other), 0);
}

static void test_fenced_is_left_alone(void **state)
{
    struct desk *desk = *state;
    desk->verdicts[desk->verdict_count++] =
        (struct desk_verdict){.entry = desk_uuid(1), .fenced = true};
    desk_row(desk, "a", FLASH_STATE_FAILED_LOST, 1);
    DESK_ADD(desk, 1, FLASH_ENTRY_RESERVE, {"a", "u", 2}, {"b", "u", 2});
    desk_commit(desk);
    assert_int_equal(desk->batch.entries[0].fate, FLASH_FATE_DUPLICATE);
    assert_true(desk->batch.entries[0].fenced);
    assert_null(desk_find(desk, "b"));
    desk_expect_stock(desk, 100, 0, 0);
}

/* ---- what is nobody's to judge ---- */

static void test_unknown_sku(void **state)
{
    struct desk *desk = *state;
    const struct desk_line line[] = {{"a", "u", 2}, {.ref = NULL}};
    desk_add_entry(desk, &(struct desk_entry){1, 77, FLASH_ENTRY_RESERVE, line});
    desk_add_entry(desk, &(struct desk_entry){2, 77, FLASH_ENTRY_TAKE, line});
    desk_add_entry(desk, &(struct desk_entry){3, DESK_SKU, FLASH_ENTRY_RESERVE, line});
    desk_commit(desk);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(desk->batch.entries[i].fate, FLASH_FATE_DEAD);
        assert_string_equal(desk->batch.entries[i].reason, "the ledger has no such SKU");
    }
    assert_int_equal(desk->batch.entries[2].fate, FLASH_FATE_APPLY);
    assert_int_equal(desk->verdict_count, 1);
    assert_int_equal(desk->row_count, 1);
    desk_expect_stock(desk, 98, 2, 0);
}

static void test_many_skus(void **state)
{
    struct desk *desk = *state;
    const struct desk_line line[] = {{"a", "u", 2}, {.ref = NULL}};
    static const int64_t skus[] = {9000000000000000000, 7, 43, 7, DESK_SKU, 43};
    desk_stock(desk, 43, 3);
    desk_stock(desk, 7, 50);
    desk_stock(desk, 9000000000000000000, 2);
    for (int i = 0; i < (int)COUNT(skus); i++) {
        desk_add_entry(desk, &(struct desk_entry){i + 1, skus[i], FLASH_ENTRY_RESERVE, line});
    }
    desk_commit(desk);
    assert_int_equal(desk->plan.sku_count, 4);
    assert_int_equal(desk->row_count, 4); /* one ref, an order of each SKU */
    assert_int_equal(desk_stock_of(desk, 7)->available, 48);
    assert_int_equal(desk_stock_of(desk, 43)->available, 1);
    assert_int_equal(desk_stock_of(desk, 9000000000000000000)->available, 0);
    desk_expect_stock(desk, 98, 2, 0);
}

#define ON_A_DESK(test) cmocka_unit_test_setup_teardown(test, desk_open, desk_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_DESK(test_a_life_in_one_batch),
        ON_A_DESK(test_who_is_first_wins),
        ON_A_DESK(test_backwards),
        ON_A_DESK(test_unparked_line_alone),
        ON_A_DESK(test_replays_change_nothing),
        ON_A_DESK(test_copies_in_one_batch),
        ON_A_DESK(test_fenced_is_left_alone),
        ON_A_DESK(test_unknown_sku),
        ON_A_DESK(test_many_skus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
