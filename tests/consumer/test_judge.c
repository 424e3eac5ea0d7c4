/* The judgement of a line: every arrow and refusal, versions, shortages, refunds. */
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

/* ---- reserve ---- */

static void test_reserve(void **state)
{
    struct desk *desk = *state;
    DESK_ADD(desk, 1, FLASH_ENTRY_RESERVE, {"a", "u", 2}, {"b", "v", 3});
    desk_commit(desk);
    assert_true(desk->batch.entries[0].clean);
    assert_int_equal(desk->batch.entries[0].before, 100);
    assert_int_equal(desk->batch.entries[0].after, 95);
    desk_expect_row(desk, "a", FLASH_STATE_CREATED, 1);
    const struct desk_row *row = desk_find(desk, "b");
    assert_string_equal(row->user, "v");
    assert_int_equal(row->quantity, 3);
    assert_int_equal(row->due_s, DESK_DUE);
    assert_int_equal(row->line_no, 1);
    assert_string_equal(row->payment, "");
    desk_expect_stock(desk, 95, 5, 0);
    assert_int_equal(desk->plan.applied_entries, 1);
    assert_int_equal(desk->plan.applied_lines, 2);
    assert_int_equal(desk->plan.log_count, 1);
    assert_int_equal(desk->plan.logs[0].line, -1);
}

/* A line that finds no stock fails alone; what comes after it may still find some. */
static void test_shortage(void **state)
{
    struct desk *desk = *state;
    DESK_ADD(desk, 1, FLASH_ENTRY_RESERVE, {"a", "u", 60}, {"b", "v", 41}, {"c", "w", 40},
             {"d", "x", 1});
    desk_commit(desk);
    assert_false(desk->batch.entries[0].clean);
    desk_expect_row(desk, "a", FLASH_STATE_CREATED, 1);
    desk_expect_row(desk, "b", FLASH_STATE_FAILED_SHORTAGE, 1);
    desk_expect_row(desk, "c", FLASH_STATE_CREATED, 1);
    desk_expect_row(desk, "d", FLASH_STATE_FAILED_SHORTAGE, 1);
    assert_int_equal(desk_find(desk, "b")->due_s, 0);
    desk_expect_stock(desk, 0, 100, 0);
    assert_true(desk_stock_of(desk, DESK_SKU)->flagged);
    assert_int_equal(desk->plan.shortages, 2);
}

/* Whoever wrote the row: it stays as it is, and the verdict is mixed (rule 9). */
static void test_reserve_meets_a_row(void **state)
{
    struct desk *desk = *state;
    desk_row(desk, "lost", FLASH_STATE_FAILED_LOST, 1);
    desk_row(desk, "made", FLASH_STATE_CREATED, 1);
    desk_row(desk, "paid", FLASH_STATE_PAID, 2);
    DESK_ADD(desk, 1, FLASH_ENTRY_RESERVE, {"lost", "u", 2}, {"made", "u", 2}, {"paid", "u", 2},
             {"new", "u", 2});
    DESK_ADD(desk, 2, FLASH_ENTRY_RESERVE, {"new", "x", 9});
    desk_commit(desk);
    assert_false(desk->batch.entries[0].clean || desk->batch.entries[1].clean);
    desk_expect_row(desk, "lost", FLASH_STATE_FAILED_LOST, 1);
    desk_expect_row(desk, "made", FLASH_STATE_CREATED, 1);
    desk_expect_row(desk, "paid", FLASH_STATE_PAID, 2);
    desk_expect_row(desk, "new", FLASH_STATE_CREATED, 1);
    assert_string_equal(desk_find(desk, "new")->user, "u");
    assert_false(desk_stock_of(desk, DESK_SKU)->flagged);
    desk_expect_stock(desk, 94, 4, 2);
}

static void test_full_entry(void **state)
{
    struct desk *desk = *state;
    static char refs[FLASH_BATCH_LINES][16];
    struct desk_line lines[FLASH_BATCH_LINES + 1] = {{.ref = NULL}};
    for (int i = 0; i < FLASH_BATCH_LINES; i++) {
        (void)snprintf(refs[i], sizeof(refs[i]), "r%d", i);
        lines[i] = (struct desk_line){.ref = refs[i], .user = "u", .quantity = 1};
    }
    desk_stock_of(desk, DESK_SKU)->base = desk_stock_of(desk, DESK_SKU)->available = 300;
    desk_add(desk, 1, FLASH_ENTRY_RESERVE, lines);
    desk_commit(desk);
    desk_expect_stock(desk, 44, 256, 0);
    for (int i = 0; i < FLASH_BATCH_LINES; i++) {
        lines[i].from_version = 1;
        lines[i].payment = refs[i];
    }
    desk_add(desk, 2, FLASH_ENTRY_PAY, lines);
    desk_commit(desk);
    assert_true(desk->batch.entries[0].clean);
    desk_expect_stock(desk, 44, 0, 256);
    assert_int_equal(desk->plan.log_count, 256);
}

/* ---- transitions ---- */

static const enum flash_entry_type moves[] = {FLASH_ENTRY_PAY, FLASH_ENTRY_CANCEL,
                                              FLASH_ENTRY_EXPIRE, FLASH_ENTRY_RETURN};

/* What the ledger stores, and where each type leads from there; NONE: refused. */
static const struct {
    enum flash_state from, to[COUNT(moves)];
} table[] = {
    {FLASH_STATE_CREATED,
     {FLASH_STATE_PAID, FLASH_STATE_CANCELLED, FLASH_STATE_EXPIRED, FLASH_STATE_NONE}},
    {FLASH_STATE_PAID,
     {FLASH_STATE_NONE, FLASH_STATE_NONE, FLASH_STATE_NONE, FLASH_STATE_RETURNED}},
    {FLASH_STATE_CANCELLED, {FLASH_STATE_NONE}},
    {FLASH_STATE_EXPIRED, {FLASH_STATE_NONE}},
    {FLASH_STATE_RETURNED, {FLASH_STATE_NONE}},
    {FLASH_STATE_FAILED_LOST, {FLASH_STATE_NONE}},
    {FLASH_STATE_FAILED_SHORTAGE, {FLASH_STATE_NONE}},
};

/* One line of type m from version 3 meets a row of state row and version; *desk is new. */
static void meet(struct desk *desk, size_t row, size_t m, int version)
{
    desk_row(desk, "a", table[row].from, version);
    if (moves[m] == FLASH_ENTRY_PAY) {
        DESK_ADD(desk, 1, moves[m], {"a", "u", 2, 3, "pay-1"});
    } else {
        DESK_ADD(desk, 1, moves[m], {"a", "u", 2, 3});
    }
    desk_commit(desk);
}

static void every_pair(void (*check)(struct desk *desk, size_t row, size_t m))
{
    for (size_t row = 0; row < COUNT(table); row++) {
        for (size_t m = 0; m < COUNT(moves); m++) {
            void *state;
            assert_int_equal(desk_open(&state), 0);
            check(state, row, m);
            assert_int_equal(desk_close(&state), 0);
        }
    }
}

static void at_its_version(struct desk *desk, size_t row, size_t m)
{
    enum flash_state from = table[row].from, to = table[row].to[m];
    bool applies = to != FLASH_STATE_NONE, pays = moves[m] == FLASH_ENTRY_PAY;
    meet(desk, row, m, 3);
    assert_int_equal(desk_fate(desk, 0, 0), applies ? FLASH_LINE_APPLIED : FLASH_LINE_REFUSED);
    assert_int_equal(desk->batch.entries[0].clean, applies);
    desk_expect_row(desk, "a", applies ? to : from,
                    4); /* refused or not: the version is the line's */
    assert_string_equal(desk_find(desk, "a")->payment, applies && pays ? "pay-1" : "");
    assert_int_equal(desk_refunds(desk, "a", "pay-1"), pays && !applies);
    assert_int_equal(desk->refund_count, pays && !applies);
    assert_int_equal(desk->plan.refused, !applies);
    assert_int_equal(desk->plan.log_count, applies);
    assert_int_equal(desk->parked_count, 0);
    if (pays && !applies) {
        assert_int_equal(desk->refunds[0].met, from);
    }
}

static void test_every_state_at_its_version(void **unused)
{
    (void)unused;
    every_pair(at_its_version);
}

static void behind(struct desk *desk, size_t row, size_t m)
{
    meet(desk, row, m, 2);
    assert_int_equal(desk_fate(desk, 0, 0), FLASH_LINE_PARKED);
    assert_false(desk->batch.entries[0].clean);
    desk_expect_row(desk, "a", table[row].from, 2);
    assert_int_equal(desk->refund_count, 0);
    assert_int_equal(desk->parked_count, 1);
    assert_int_equal(desk->plan.parked, 1);
}

static void test_every_row_that_is_behind(void **unused)
{
    (void)unused;
    every_pair(behind);
}

static void ahead(struct desk *desk, size_t row, size_t m)
{
    bool pays = moves[m] == FLASH_ENTRY_PAY;
    meet(desk, row, m, 5);
    assert_int_equal(desk_fate(desk, 0, 0), FLASH_LINE_REFUSED);
    assert_false(desk->batch.entries[0].clean);
    desk_expect_row(desk, "a", table[row].from, 5);
    assert_int_equal(desk->refund_count, pays);
    assert_int_equal(desk->parked_count, 0);
}

static void test_every_row_that_is_ahead(void **unused)
{
    (void)unused;
    every_pair(ahead);
}

static void test_no_row(void **state)
{
    struct desk *desk = *state;
    DESK_ADD(desk, 1, FLASH_ENTRY_PAY, {"a", "u", 2, 1, "p"}, {"b", "u", 2, 1, "q"});
    DESK_ADD(desk, 2, FLASH_ENTRY_CANCEL, {"c", "u", 2, 1});
    desk_commit(desk);
    assert_int_equal(desk->parked_count, 3);
    assert_int_equal(desk->verdict_count, 2);
    assert_int_equal(desk->row_count + desk->refund_count, 0);
    desk_expect_stock(desk, 100, 0, 0);
}

/* Rows tell how many units move, whatever a line says. */
static void test_units_are_the_rows(void **state)
{
    struct desk *desk = *state;
    desk_row(desk, "a", FLASH_STATE_CREATED, 1);
    DESK_ADD(desk, 1, FLASH_ENTRY_CANCEL, {"a", "u", 9000, 1});
    desk_commit(desk);
    desk_expect_stock(desk, 100, 0, 0);
}

static void test_clean_only_when_all_lines_are(void **state)
{
    struct desk *desk = *state;
    desk_row(desk, "a", FLASH_STATE_CREATED, 1);
    desk_row(desk, "b", FLASH_STATE_CREATED, 2);
    desk_row(desk, "c", FLASH_STATE_CREATED, 1);
    DESK_ADD(desk, 1, FLASH_ENTRY_PAY, {"a", "u", 2, 1, "p"}, {"b", "u", 2, 1, "q"});
    DESK_ADD(desk, 2, FLASH_ENTRY_PAY, {"c", "u", 2, 1, "r"});
    desk_commit(desk);
    assert_false(desk->batch.entries[0].clean);
    assert_true(desk->batch.entries[1].clean);
    desk_expect_row(desk, "a", FLASH_STATE_PAID, 2);
    desk_expect_row(desk, "b", FLASH_STATE_CREATED, 2);
    assert_true(desk_refunds(desk, "b", "q"));
}

/* ---- refunds ---- */

static void test_no_refund_for_the_payment_that_paid(void **state)
{
    struct desk *desk = *state;
    struct desk_row *row = desk_row(desk, "a", FLASH_STATE_PAID, 2);
    (void)snprintf(row->payment, sizeof(row->payment), "p");
    DESK_ADD(desk, 1, FLASH_ENTRY_PAY, {"a", "u", 2, 1, "p"}); /* Redis had forgotten it */
    DESK_ADD(desk, 2, FLASH_ENTRY_PAY, {"a", "u", 2, 2, "p"});
    DESK_ADD(desk, 3, FLASH_ENTRY_PAY, {"a", "u", 2, 3, "pp"});
    desk_commit(desk);
    assert_int_equal(desk->refund_count, 1);
    assert_true(desk_refunds(desk, "a", "pp"));
    desk_expect_row(desk, "a", FLASH_STATE_PAID, 4);
    assert_string_equal(desk_find(desk, "a")->payment, "p");
    DESK_ADD(desk, 4, FLASH_ENTRY_RETURN, {"a", "u", 2, 4});
    DESK_ADD(desk, 5, FLASH_ENTRY_PAY, {"a", "u", 2, 5, "p"});
    desk_commit(desk);
    desk_expect_row(desk, "a", FLASH_STATE_RETURNED, 6);
    assert_int_equal(desk->refund_count, 1);
    assert_string_equal(desk_find(desk, "a")->payment, "p");
}

static void test_two_payments_in_one_entry(void **state)
{
    struct desk *desk = *state;
    desk_row(desk, "a", FLASH_STATE_CREATED, 1);
    DESK_ADD(desk, 1, FLASH_ENTRY_PAY, {"a", "u", 2, 1, "p"}, {"a", "u", 2, 2, "q"});
    desk_commit(desk);
    assert_false(desk->batch.entries[0].clean);
    desk_expect_row(desk, "a", FLASH_STATE_PAID, 3);
    assert_string_equal(desk_find(desk, "a")->payment, "p");
    assert_int_equal(desk->refund_count, 1);
    assert_true(desk_refunds(desk, "a", "q"));
    desk_expect_stock(desk, 98, 0, 2);
}

#define ON_A_DESK(test) cmocka_unit_test_setup_teardown(test, desk_open, desk_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_DESK(test_reserve),
        ON_A_DESK(test_shortage),
        ON_A_DESK(test_reserve_meets_a_row),
        ON_A_DESK(test_full_entry),
        cmocka_unit_test(test_every_state_at_its_version),
        cmocka_unit_test(test_every_row_that_is_behind),
        cmocka_unit_test(test_every_row_that_is_ahead),
        ON_A_DESK(test_no_row),
        ON_A_DESK(test_units_are_the_rows),
        ON_A_DESK(test_clean_only_when_all_lines_are),
        ON_A_DESK(test_no_refund_for_the_payment_that_paid),
        ON_A_DESK(test_two_payments_in_one_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
