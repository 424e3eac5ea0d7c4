/* What Redis is told of a committed batch: which entries by id, which line by line, in how many
 * calls, and what counts as accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "settle_desk.h"

/* The arguments of call i are these, NULL at the end. */
static void check_call(struct desk *desk, int i, int64_t sku, const char *const *expected)
{
    const struct fake_redis_sync_call *call = fake_redis_sync_call(desk->redis, i);
    assert_non_null(call);
    assert_int_equal(call->script, FLASH_SCRIPT_SETTLE);
    assert_int_equal(call->sku, sku);
    int n = 0;
    for (; expected[n]; n++) {
        assert_true(n < call->argc);
        assert_string_equal(call->argv[n], expected[n]);
        assert_int_equal(call->argv_len[n], strlen(expected[n]));
    }
    assert_int_equal(call->argc, n);
}

#define CHECK_CALL(desk, i, sku, ...) check_call(desk, i, sku, (const char *[]){__VA_ARGS__, NULL})

/* letter_stream_id, kept. */
static const char *id(int number)
{
    static char texts[8][FLASH_STREAM_ID_TEXT + 1];
    char *text = texts[number % 8];
    snprintf(text, sizeof(texts[0]), "%s", letter_stream_id(number));
    return text;
}

static void clean_entries_are_dropped_by_id_a_call_per_sku(void **state)
{
    struct desk *desk = *state;
    add_reserve(desk, 1, 9);
    add_reserve(desk, 2, 5);
    add_reserve(desk, 3, 9);
    answer_ok(desk, 0);
    answer_ok(desk, 0);
    assert_true(settle(desk));
    CHECK_CALL(desk, 0, 5, "7", "1", id(2));
    CHECK_CALL(desk, 1, 9, "7", "2", id(1), id(3));
    assert_int_equal(fake_redis_sync_calls(desk->redis), 2);
    assert_true(desk->counts.dropped == 3 && desk->counts.adopted == 0 && !desk->counts.learnt);
}

static void a_batch_without_verdicts_says_nothing(void **state)
{
    struct desk *desk = *state;
    assert_true(settle(desk));
    struct flash_message dead = letter_text("{}", 0, 0);
    flash_batch_add(&desk->batch, &dead);
    add(desk, &(struct letter){FLASH_ENTRY_MARKER, 1});
    add_reserve(desk, 2, 5)->fate = FLASH_FATE_REPEATED;
    assert_true(settle(desk));
    assert_int_equal(fake_redis_sync_calls(desk->redis), 0);
}

static void a_mixed_entry_is_told_line_by_line(void **state)
{
    struct desk *desk = *state;
    struct flash_batch_entry *entry = add_reserve(desk, 1, 5);
    entry->clean = false;
    desk->batch.lines[1].row.state = FLASH_STATE_FAILED_SHORTAGE;
    desk->batch.lines[1].row.due_s = 0;
    add_reserve(desk, 2, 5);
    answer_ok(desk, 0);
    answer_ok(desk, 4);
    answer_closed(desk);
    assert_true(settle(desk));
    CHECK_CALL(desk, 0, 5, "7", "1", id(2)); /* also asks whether the generation is right */
    CHECK_CALL(desk, 1, 5, "7", "0", id(1), "2", "a", "C", "1", "2", "u-1", "1763719800", "b", "S",
               "1", "3", "u-2", "0");
    assert_true(desk->counts.dropped == 1 && desk->counts.adopted == 1);
    assert_int_equal(desk->counts.learnt, 4);
}

/* Only a reserve or a pay of this generation may be dropped by its id (rules 1 and 3). */
static void what_may_not_be_dropped_is_adopted(void **state)
{
    struct desk *desk = *state;
    add_reserve(desk, 1, 5)->generation = LETTER_GENERATION - 1;
    struct flash_batch_entry *cancel =
        add(desk, &(struct letter){FLASH_ENTRY_CANCEL, 2, 6, "c:u-3:1:1"});
    desk->batch.lines[cancel->first_line].row.state = FLASH_STATE_CANCELLED;
    struct flash_batch_entry *pay =
        add(desk, &(struct letter){FLASH_ENTRY_PAY, 3, 7, "d:u-4:1:1:pay-9"});
    desk->batch.lines[pay->first_line].row.payment = (struct flash_text){"pay-9", 5};
    for (int i = 0; i < 5; i++) {
        answer_ok(desk, 0);
    }
    assert_true(settle(desk));
    CHECK_CALL(desk, 0, 5, "7", "0");
    CHECK_CALL(desk, 1, 6, "7", "0");
    CHECK_CALL(desk, 2, 7, "7", "1", id(3));
    CHECK_CALL(desk, 3, 5, "7", "0", id(1), "2", "a", "C", "1", "2", "u-1", "1763719800", "b", "C",
               "1", "3", "u-2", "1763719800");
    CHECK_CALL(desk, 4, 6, "7", "0", id(2), "1", "c", "X", "1", "1", "u-3", "0");
    assert_true(desk->counts.dropped == 1 && desk->counts.adopted == 2);
}

/* Rule 5: settled already, or forgotten by Redis; adopting tells. */
static void an_entry_that_was_not_in_the_journal_is_adopted(void **state)
{
    struct desk *desk = *state;
    add_reserve(desk, 1, 5);
    struct flash_batch_entry *pay =
        add(desk, &(struct letter){FLASH_ENTRY_PAY, 2, 5, "d:u-4:1:1:pay-9"});
    struct flash_batch_row *row = &desk->batch.lines[pay->first_line].row;
    row->state = FLASH_STATE_PAID;
    row->version = 2;
    row->payment = (struct flash_text){"pay-9", 5};
    fake_redis_sync_reply(desk->redis, json_pack("[s,i,s]", "OK", 0, id(2)));
    answer_ok(desk, 1);
    answer_closed(desk);
    assert_true(settle(desk));
    CHECK_CALL(desk, 0, 5, "7", "2", id(1), id(2));
    CHECK_CALL(desk, 1, 5, "7", "0", id(2), "1", "d", "P", "2", "1", "u-4\"pay-9", "0");
    assert_true(desk->counts.dropped == 1 && desk->counts.adopted == 1 && desk->counts.learnt == 1);
}

/* A replay: the ledger's rows as they were found, some of them of nobody. */
static void a_duplicate_is_told_with_the_rows_that_were_found(void **state)
{
    struct desk *desk = *state;
    struct flash_batch_entry *entry = add_reserve(desk, 1, 5);
    entry->fate = FLASH_FATE_DUPLICATE;
    entry->clean = false;
    entry->fenced = true;
    desk->batch.lines[0].row = (struct flash_batch_row){.found = true,
                                                        .state = FLASH_STATE_FAILED_LOST,
                                                        .version = 1,
                                                        .quantity = 2,
                                                        .user = {"u-1", 3}};
    desk->batch.lines[1].row = (struct flash_batch_row){.state = FLASH_STATE_NONE};
    answer_ok(desk, 0);
    answer_ok(desk, 0);
    assert_true(settle(desk));
    CHECK_CALL(desk, 1, 5, "7", "0", id(1), "1", "a", "L", "1", "2", "u-1", "0");
}

static void a_line_that_shares_a_row_is_told_with_it(void **state)
{
    struct desk *desk = *state;
    add_reserve(desk, 1, 5);
    struct flash_batch_entry *expire =
        add(desk, &(struct letter){FLASH_ENTRY_EXPIRE, 2, 5, "b:u-2:3:1"});
    desk->batch.lines[expire->first_line].row_at = 1;
    desk->batch.lines[1].row.state = FLASH_STATE_EXPIRED;
    desk->batch.lines[1].row.version = 2;
    answer_ok(desk, 0);
    answer_ok(desk, 0);
    assert_true(settle(desk));
    CHECK_CALL(desk, 1, 5, "7", "0", id(2), "1", "b", "D", "2", "3", "u-2", "1763719800");
}

static void clean_ids_go_in_calls_of_1024(void **state)
{
    struct desk *desk = *state;
    for (int i = 0; i < 2050; i++) {
        add(desk, &(struct letter){FLASH_ENTRY_RESERVE, i, 5, "a:u:1"});
    }
    for (int i = 0; i < 3; i++) {
        answer_ok(desk, 0);
    }
    assert_true(settle(desk));
    assert_int_equal(fake_redis_sync_calls(desk->redis), 3);
    static const int counts[] = {1024, 1024, 2};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fake_redis_sync_call(desk->redis, i)->argc, 2 + counts[i]);
    }
    assert_true(fake_redis_sync_argument_is(desk->redis, 2, 1, "2"));
    assert_true(fake_redis_sync_argument_is(desk->redis, 2, 3, letter_stream_id(2049)));
    assert_int_equal(desk->counts.dropped, 2050);
}

/* A call of adoptions is closed at 512 lines; the entry that reaches them still fits whole. */
static void adoptions_go_in_calls_of_512_lines(void **state)
{
    static char lines[FLASH_BATCH_LINES * 16];
    struct desk *desk = *state;
    lines[0] = '\0';
    for (int i = 0; i < FLASH_BATCH_LINES - 1; i++) {
        size_t len = strlen(lines);
        snprintf(lines + len, sizeof(lines) - len, "%sr%d:u:1", i ? " " : "", i);
    }
    for (int i = 0; i < 5; i++) { /* of 255 lines each: 765 and 510 */
        add(desk, &(struct letter){FLASH_ENTRY_RESERVE, i, 5, lines})->clean = false;
    }
    for (int i = 0; i < desk->batch.line_count; i++) { /* the longest arguments there are */
        desk->batch.lines[i].row.payment = (struct flash_text){"pay", 3};
    }
    for (int i = 0; i < 3; i++) {
        answer_ok(desk, 0);
    }
    assert_true(settle(desk));
    assert_int_equal(fake_redis_sync_call(desk->redis, 1)->argc, 2 + 3 * (2 + 255 * 6));
    assert_int_equal(fake_redis_sync_call(desk->redis, 2)->argc, 2 + 2 * (2 + 255 * 6));
    assert_int_equal(desk->counts.adopted, 5);
}

static void entries_without_rows_end_a_call_too(void **state)
{
    struct desk *desk = *state;
    for (int i = 0; i < 600; i++) {
        add(desk, &(struct letter){FLASH_ENTRY_CANCEL, i, 5, "a:u:1:1"});
        desk->batch.lines[i].row.state = FLASH_STATE_NONE; /* parked */
    }
    for (int i = 0; i < 3; i++) {
        answer_ok(desk, 0);
    }
    assert_true(settle(desk));
    assert_int_equal(fake_redis_sync_call(desk->redis, 1)->argc, 2 + 512 * 2);
    assert_int_equal(fake_redis_sync_call(desk->redis, 2)->argc, 2 + 88 * 2);
}

static void a_refusal_is_no_settle_but_the_other_skus_are_told(void **state)
{
    struct desk *desk = *state;
    add_reserve(desk, 1, 5);
    add_reserve(desk, 2, 6);
    fake_redis_sync_reply(desk->redis, json_pack("[s,s]", "GENERATION", "8"));
    answer_ok(desk, 0);
    assert_false(settle(desk));
    assert_int_equal(desk->err.kind, FLASH_ERROR_RETRY);
    assert_int_equal(desk->counts.dropped, 1);
    fake_redis_sync_reply(desk->redis, json_pack("[s,s]", "GENERATION", "8"));
    assert_false(flash_settle_possible(desk->settler, &desk->err));
    CHECK_CALL(desk, 2, 5, "7", "0"); /* an empty settle of the SKU that was refused */
    flash_settle_under(desk->settler, 8);
    answer_ok(desk, 0);
    assert_true(flash_settle_possible(desk->settler, &desk->err));
    CHECK_CALL(desk, 3, 5, "8", "0");
}

/* What is to be adopted of SKU 6 and 7 is told although 5 is refused; of 5 nothing more is said. */
static void what_the_other_skus_adopt_is_told_as_well(void **state)
{
    struct desk *desk = *state;
    for (int i = 1; i <= 3; i++) {
        add_reserve(desk, i, 4 + i)->clean = false;
    }
    add_reserve(desk, 4, 5);
    fake_redis_sync_refuse(desk->redis, "WRONGTYPE");
    for (int i = 0; i < 4; i++) {
        answer_ok(desk, 0);
    }
    assert_false(settle(desk));
    assert_int_equal(desk->err.kind, FLASH_ERROR_RETRY);
    CHECK_CALL(desk, 3, 6, "7", "0", id(2), "2", "a", "C", "1", "2", "u-1", "1763719800", "b", "C",
               "1", "3", "u-2", "1763719800");
    assert_int_equal(fake_redis_sync_call(desk->redis, 4)->sku, 7);
    assert_int_equal(fake_redis_sync_calls(desk->redis), 5);
    assert_true(desk->counts.dropped == 0 && desk->counts.adopted == 2);
}

static void nor_does_a_refused_adoption_stop_the_others(void **state)
{
    struct desk *desk = *state;
    add_reserve(desk, 1, 5)->clean = false;
    add_reserve(desk, 2, 6)->clean = false;
    answer_ok(desk, 0);
    answer_ok(desk, 0);
    fake_redis_sync_reply(desk->redis, json_pack("[s,s]", "CORRUPT", "line"));
    answer_ok(desk, 0);
    assert_false(settle(desk));
    assert_non_null(strstr(desk->err.text, "SKU 5: CORRUPT line"));
    assert_int_equal(fake_redis_sync_call(desk->redis, 3)->sku, 6);
    assert_int_equal(desk->counts.adopted, 1);
    fake_redis_sync_reply(desk->redis, json_pack("[s,s]", "CORRUPT", "line"));
    assert_false(flash_settle_possible(desk->settler, &desk->err));
    assert_int_equal(fake_redis_sync_call(desk->redis, 4)->sku, 5);
}

static void a_call_refused_by_redis_is_no_settle(void **state)
{
    struct desk *desk = *state;
    add_reserve(desk, 1, 5);
    add_reserve(desk, 2, 6);
    fake_redis_sync_refuse(desk->redis, "MISCONF");
    answer_ok(desk, 0);
    assert_false(settle(desk));
    assert_int_equal(desk->err.kind, FLASH_ERROR_RETRY);
}

static void a_refused_adoption_is_no_settle(void **state)
{
    struct desk *desk = *state;
    add_reserve(desk, 1, 5)->clean = false;
    answer_ok(desk, 0);
    fake_redis_sync_reply(desk->redis, json_pack("[s,s]", "CORRUPT", "available"));
    assert_false(settle(desk));
    assert_non_null(strstr(desk->err.text, "CORRUPT available"));
    assert_int_equal(desk->counts.adopted, 0);
}

/* With the connection all answers that were still to come are gone. */
static void a_lost_connection_ends_it(void **state)
{
    struct desk *desk = *state;
    for (int i = 0; i < 3; i++) {
        add_reserve(desk, i, 5 + i);
    }
    answer_ok(desk, 0);
    fake_redis_sync_lose(desk->redis);
    assert_false(settle(desk));
    assert_int_equal(desk->err.kind, FLASH_ERROR_UNKNOWN);
    assert_int_equal(desk->counts.dropped, 1);
    for (int i = 0; i < 3; i++) { /* again is harmless: the one that was dropped is missing */
        fake_redis_sync_reply(desk->redis, i ? json_pack("[s,i]", "OK", 0)
                                             : json_pack("[s,i,s]", "OK", 0, id(0)));
    }
    answer_ok(desk, 0);
    assert_true(settle(desk));
    assert_true(desk->counts.dropped == 2 && desk->counts.adopted == 1);
}

static void an_absent_redis_is_no_settle(void **state)
{
    struct desk *desk = *state;
    add_reserve(desk, 1, 5);
    fake_redis_sync_set_away(desk->redis, true);
    assert_false(settle(desk));
    assert_false(flash_settle_possible(desk->settler, &desk->err));
    fake_redis_sync_set_away(desk->redis, false);
    assert_true(flash_settle_possible(desk->settler, &desk->err)); /* nothing was refused: a ping */
}

#define DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(clean_entries_are_dropped_by_id_a_call_per_sku),
        DESK(a_batch_without_verdicts_says_nothing),
        DESK(a_mixed_entry_is_told_line_by_line),
        DESK(what_may_not_be_dropped_is_adopted),
        DESK(an_entry_that_was_not_in_the_journal_is_adopted),
        DESK(a_duplicate_is_told_with_the_rows_that_were_found),
        DESK(a_line_that_shares_a_row_is_told_with_it),
        DESK(clean_ids_go_in_calls_of_1024),
        DESK(adoptions_go_in_calls_of_512_lines),
        DESK(entries_without_rows_end_a_call_too),
        DESK(a_refusal_is_no_settle_but_the_other_skus_are_told),
        DESK(what_the_other_skus_adopt_is_told_as_well),
        DESK(nor_does_a_refused_adoption_stop_the_others),
        DESK(a_call_refused_by_redis_is_no_settle),
        DESK(a_refused_adoption_is_no_settle),
        DESK(a_lost_connection_ends_it),
        DESK(an_absent_redis_is_no_settle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
