/* Which rows lua/inflow is called with, in which order, and what its answers come to. The ledger
 * is a function here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_redis_sync.h"
#include "flash/inflow_replay.h"

#define LAST 200

struct desk {
    struct flash_redis_sync *redis;
    struct flash_error err;
    int64_t missing; /* a number that the ledger has no row of; 0: none */
    bool unreadable;
    int reads;
    int64_t applied, moved; /* how many, and the sum */
} desk;

static struct flash_inflow row_of(int64_t number)
{
    struct flash_inflow row = {.number = number, .quantity = number % 3 ? number : -number};
    if (row.quantity < 0) {
        row.takes = true;
        row.entry.bytes[15] = (uint8_t)number;
        snprintf(row.reference, sizeof(row.reference), "t-%d", (int)number);
    }
    return row;
}

static bool read_rows(struct flash_inflow_page *page, void *arg, struct flash_error *err)
{
    assert_ptr_equal(arg, &desk);
    desk.reads++;
    for (int64_t n = page->from; n <= LAST && page->count < FLASH_INFLOW_PAGE; n++) {
        if (n != desk.missing) {
            page->rows[page->count++] = row_of(n);
        }
    }
    return !desk.unreadable || flash_error_set(err, FLASH_ERROR_RETRY, "unreadable");
}

static void applied(const struct flash_inflow *row, int64_t moved, void *arg)
{
    assert_ptr_equal(arg, &desk);
    assert_true(row->number > 0);
    desk.applied++;
    desk.moved += moved;
}

static int open_desk(void **state)
{
    static struct flash_config config;
    (void)state;
    memset(&desk, 0, sizeof(desk));
    return flash_redis_sync_new(&config, &desk.redis, &desk.err) ? 0 : -1;
}

static int close_desk(void **state)
{
    (void)state;
    assert_int_equal(fake_redis_sync_answers_left(desk.redis), 0);
    flash_redis_sync_free(desk.redis);
    return 0;
}

static enum flash_inflow_outcome replay(int64_t last)
{
    const struct flash_inflow row = row_of(last);
    const struct flash_inflow_replay request = {.sku = 42,
                                                .generation = 7,
                                                .last = &row,
                                                .read = read_rows,
                                                .applied = applied,
                                                .arg = &desk};
    return flash_inflow_replay(desk.redis, &request, &desk.err);
}

static void answer(const char *word, int64_t number)
{
    fake_redis_sync_reply(desk.redis, json_pack("[s,I]", word, (json_int_t)number));
}

static void expect(int call, const char *const texts[5])
{
    assert_int_equal(fake_redis_sync_call(desk.redis, call)->script, FLASH_SCRIPT_INFLOW);
    assert_int_equal(fake_redis_sync_call(desk.redis, call)->sku, 42);
    for (int i = 0; i < 5; i++) {
        if (!fake_redis_sync_argument_is(desk.redis, call, i, texts[i])) {
            fail_msg("argument %d of call %d is not %s", i, call, texts[i]);
        }
    }
}

static void the_last_row_is_mostly_enough(void **state)
{
    (void)state;
    answer("APPLIED", 5);
    assert_int_equal(replay(5), FLASH_INFLOW_UP_TO_DATE);
    expect(0, (const char *const[]){"7", "5", "5", "", ""});
    answer("DONE", 9);
    assert_int_equal(replay(6), FLASH_INFLOW_UP_TO_DATE);
    expect(1, (const char *const[]){"7", "6", "-6", "t-6", "6"});
    assert_true(desk.reads == 0 && desk.applied == 1 && desk.moved == 5);
}

static void a_gap_is_filled_in_order(void **state)
{
    (void)state;
    answer("GAP", 50);
    for (int64_t n = 51; n <= LAST; n++) {
        answer(n == 60 ? "DONE" : "APPLIED", n == 60 ? 60 : n);
    }
    assert_int_equal(replay(LAST), FLASH_INFLOW_UP_TO_DATE);
    assert_int_equal(desk.reads, 3);
    assert_int_equal(desk.applied, LAST - 51);
    for (int n = 51; n <= LAST; n++) {
        char number[16];
        snprintf(number, sizeof(number), "%d", n);
        assert_true(fake_redis_sync_argument_is(desk.redis, n - 50, 1, number));
    }
}

static void a_hole_in_the_ledger_ends_it(void **state)
{
    (void)state;
    desk.missing = 51;
    answer("GAP", 50);
    assert_int_equal(replay(LAST), FLASH_INFLOW_GAP);
    assert_non_null(strstr(desk.err.text, "no inflow 51 of SKU 42"));
    assert_int_equal(fake_redis_sync_calls(desk.redis), 1);
}

static void a_ledger_that_cannot_be_read_ends_it(void **state)
{
    (void)state;
    desk.unreadable = true;
    answer("GAP", 50);
    assert_int_equal(replay(LAST), FLASH_INFLOW_UNREAD);
}

static void every_other_word_says_what_it_is(void **state)
{
    static const struct {
        const char *word;
        enum flash_inflow_outcome outcome;
    } rows[] = {
        {"ABSENT", FLASH_INFLOW_LOST},
        {"GENERATION", FLASH_INFLOW_LOST},
        {"CORRUPT", FLASH_INFLOW_CORRUPT},
        {"WHAT", FLASH_INFLOW_CORRUPT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        answer(rows[i].word, 3);
        assert_int_equal(replay(5), rows[i].outcome);
        assert_non_null(strstr(desk.err.text, rows[i].word));
        answer("GAP", 3); /* and in the middle of a replay */
        answer(rows[i].word, 3);
        assert_int_equal(replay(5), rows[i].outcome);
    }
    assert_int_equal(desk.applied, 0);
}

static void a_redis_that_is_away_is_said(void **state)
{
    (void)state;
    fake_redis_sync_lose(desk.redis);
    assert_int_equal(replay(5), FLASH_INFLOW_AWAY);
    assert_int_equal(desk.err.kind, FLASH_ERROR_UNKNOWN);
    fake_redis_sync_refuse(desk.redis, "MISCONF");
    assert_int_equal(replay(5), FLASH_INFLOW_AWAY);
    fake_redis_sync_set_away(desk.redis, true);
    assert_int_equal(replay(5), FLASH_INFLOW_AWAY);
}

static void many_skus_go_in_one_pipeline(void **state)
{
    (void)state;
    const struct flash_inflow rows[] = {row_of(1), row_of(2), row_of(3)};
    static const char *const words[] = {"DONE", "GAP", "APPLIED"};
    static const enum flash_inflow_outcome outcomes[] = {FLASH_INFLOW_UP_TO_DATE, FLASH_INFLOW_GAP,
                                                         FLASH_INFLOW_UP_TO_DATE};
    struct flash_inflow_replay requests[3];
    for (int i = 0; i < 3; i++) {
        requests[i] = (struct flash_inflow_replay){
            .sku = 42 + i, .generation = 7, .last = &rows[i], .applied = applied, .arg = &desk};
        answer(words[i], 1);
        assert_true(flash_inflow_queue(desk.redis, &requests[i], &desk.err));
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(flash_inflow_take(desk.redis, &requests[i], &desk.err), outcomes[i]);
    }
    assert_int_equal(desk.applied, 1);
}

#define ON_A_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_DESK(the_last_row_is_mostly_enough),
        ON_A_DESK(a_gap_is_filled_in_order),
        ON_A_DESK(a_hole_in_the_ledger_ends_it),
        ON_A_DESK(a_ledger_that_cannot_be_read_ends_it),
        ON_A_DESK(every_other_word_says_what_it_is),
        ON_A_DESK(a_redis_that_is_away_is_said),
        ON_A_DESK(many_skus_go_in_one_pipeline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
