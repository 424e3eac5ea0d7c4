/* A run's rows are there once, whatever the ledger answers; what cannot be written is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/runs.h"
#include "fake_record.h"

#define BUFFER 1024 /* as runs.c has it */

enum finding_cell {
    RUN,
    CAUSE,
    STATE,
    SKU,
    ENTRY,
    ORDER,
    PARTITION,
    OFFSET,
    QUANTITY,
    DETAIL,
    AGE = 12
};

static struct flash_uuid id;
static struct flash_error err;

static int open_runs(void **state)
{
    struct flash_runs *runs = NULL;
    fake_record_reset();
    err = (struct flash_error){0};
    if (!flash_runs_new(NULL, &runs, &err)) {
        return -1;
    }
    *state = runs;
    return 0;
}

static int close_runs(void **state)
{
    flash_runs_free(*state);
    return 0;
}

static struct flash_finding finding_of(const char *detail)
{
    struct flash_finding finding = {.cause = FLASH_CAUSE_LOST,
                                    .state = FLASH_FINDING_OPEN,
                                    .sku = 42,
                                    .partition = -1,
                                    .offset = -1,
                                    .quantity = -3,
                                    .age_ms = 61000};
    snprintf(finding.detail, sizeof(finding.detail), "%s", detail);
    return finding;
}

static bool begin(struct flash_runs *runs)
{
    return flash_runs_begin(
        runs, &(struct flash_run_start){.mode = FLASH_RUN_AUDIT, .operator= "zoe", .generation = 7},
        &id, &err);
}

static bool end(struct flash_runs *runs)
{
    return flash_runs_end(runs,
                          &(struct flash_run_end){.state = FLASH_RUN_DONE,
                                                  .skus = 2,
                                                  .entries = 30,
                                                  .settled = 4,
                                                  .resent = 5,
                                                  .compensated = 6,
                                                  .exit_code = 1,
                                                  .detail = "all seen"},
                          &err);
}

static bool add(struct flash_runs *runs, int count)
{
    bool ok = true;
    for (int i = 0; i < count; i++) {
        char detail[32];
        snprintf(detail, sizeof(detail), "number %d", i);
        struct flash_finding finding = finding_of(detail);
        ok = flash_runs_add(runs, &finding, &err) && ok;
    }
    return ok;
}

static void a_run_is_a_row_with_its_end(void **state)
{
    struct flash_runs *runs = *state;
    assert_false(flash_runs_open(runs));
    assert_true(begin(runs));
    assert_true(flash_runs_open(runs));
    const struct fake_record_row *row = fake_record_begun();
    assert_memory_equal(row->cells[0], id.bytes, 16);
    assert_string_equal(row->cells[1], "audit");
    assert_string_equal(row->cells[2], "running");
    assert_string_equal(row->cells[3], "zoe");
    assert_string_equal(row->cells[4], "7");
    assert_string_equal(row->cells[5], "NULL");
    assert_string_equal(row->cells[6], "NULL");
    assert_null(fake_record_ended());
    assert_true(end(runs));
    assert_false(flash_runs_open(runs));
    static const char *const want[] = {"done", NULL, "2", "30", "4", "5", "6", "0", "1"};
    for (int i = 0; i < 9; i++) {
        if (want[i]) {
            assert_string_equal(fake_record_ended()->cells[i], want[i]);
        }
    }
    assert_string_equal(fake_record_ended()->cells[9], "all seen");
    assert_memory_equal(fake_record_ended()->cells[10], id.bytes, 16);
    assert_int_equal(fake_record_tried(FAKE_RECORD_BEGIN), 0); /* no finding, no transaction */
}

static void a_run_names_its_plan_and_sku(void **state)
{
    struct flash_uuid plan = {{1, 2, 3}};
    assert_true(flash_runs_begin(
        *state,
        &(struct flash_run_start){
            .mode = FLASH_RUN_APPLY, .operator= "zoe", .generation = 1, .plan = &plan, .sku = 42},
        &id, &err));
    assert_string_equal(fake_record_begun()->cells[1], "apply");
    assert_memory_equal(fake_record_begun()->cells[5], plan.bytes, 3);
    assert_string_equal(fake_record_begun()->cells[6], "42");
}

static void a_finding_is_a_row(void **state)
{
    struct flash_runs *runs = *state;
    struct flash_finding whole = finding_of("a line\nof\ttext, \xc3\xbc, \xff");
    whole.has_entry = true;
    memset(whole.entry.bytes, 'e', 16);
    snprintf(whole.order_id, sizeof(whole.order_id), "42.abc");
    whole.partition = 3;
    whole.offset = 1234567890123;
    struct flash_finding bare = finding_of("");
    bare.cause = FLASH_CAUSE_DRIFT_UP;
    bare.state = FLASH_FINDING_PLANNED;
    bare.partition = 0;
    bare.offset = 0;
    assert_true(begin(runs));
    assert_true(flash_runs_add(runs, &whole, &err));
    assert_true(flash_runs_add(runs, &bare, &err));
    assert_int_equal(fake_record_findings(), 0); /* not before the buffer is full, or the end */
    assert_true(end(runs));
    assert_int_equal(fake_record_findings(), 2);
    const struct fake_record_row *row = fake_record_finding(0);
    assert_memory_equal(row->cells[RUN], id.bytes, 16);
    static const char *const want[] = {
        [CAUSE] = "lost",
        [STATE] = "open",
        [SKU] = "42",
        [ORDER] = "42.abc",
        [PARTITION] = "3",
        [OFFSET] = "1234567890123",
        [QUANTITY] = "-3",
        [ENTRY] = "eeeeeeeeeeeeeeee",
        [DETAIL] = "a line?of?text, \xc3\xbc, ?",
    };
    for (int i = CAUSE; i <= DETAIL; i++) {
        assert_string_equal(row->cells[i], want[i]);
    }
    assert_string_equal(row->cells[10], row->cells[11]); /* found and updated */
    assert_string_equal(row->cells[AGE], "61000");
    row = fake_record_finding(1);
    static const char *const nothing[] = {
        [CAUSE] = "drift_up", [STATE] = "planned", [SKU] = "42",
        [ENTRY] = "NULL",     [ORDER] = "NULL",    [PARTITION] = "0",
        [OFFSET] = "0",       [QUANTITY] = "-3",   [DETAIL] = "",
    };
    for (int i = CAUSE; i <= DETAIL; i++) {
        assert_string_equal(row->cells[i], nothing[i]);
    }
    assert_string_equal(fake_record_ended()->cells[7], "2");
}

static void a_place_that_is_not_known_is_null(void **state)
{
    assert_true(begin(*state));
    assert_true(add(*state, 1));
    assert_true(end(*state));
    assert_string_equal(fake_record_finding(0)->cells[PARTITION], "NULL");
    assert_string_equal(fake_record_finding(0)->cells[OFFSET], "NULL");
}

static void a_full_buffer_is_written(void **state)
{
    assert_true(begin(*state));
    assert_true(add(*state, BUFFER - 1));
    assert_int_equal(fake_record_findings(), 0);
    assert_true(add(*state, 1));
    assert_int_equal(fake_record_findings(), BUFFER);
    assert_true(add(*state, BUFFER + 1));
    assert_true(end(*state));
    assert_int_equal(fake_record_findings(), 2 * BUFFER + 1);
    assert_int_equal(fake_record_tried(FAKE_RECORD_COMMIT), 3);
    assert_string_equal(fake_record_ended()->cells[7], "2049");
}

static void what_passes_is_tried_again(void **state)
{
    fake_record_fail(FAKE_RECORD_BEGIN_RUN, FLASH_MYSQL_RETRY, 2, false);
    fake_record_fail(FAKE_RECORD_INSERT, FLASH_MYSQL_RETRY, 2, false);
    fake_record_fail(FAKE_RECORD_END_RUN, FLASH_MYSQL_RETRY, 2, false);
    assert_true(begin(*state));
    assert_true(add(*state, 3));
    assert_true(end(*state));
    assert_int_equal(fake_record_findings(), 3);
    assert_int_equal(fake_record_tried(FAKE_RECORD_END_RUN), 3);
}

static void a_lost_answer_writes_nothing_twice(void **state)
{
    fake_record_fail(FAKE_RECORD_BEGIN_RUN, FLASH_MYSQL_UNKNOWN_COMMIT, 1, true);
    fake_record_fail(FAKE_RECORD_COMMIT, FLASH_MYSQL_UNKNOWN_COMMIT, 1, true);
    fake_record_fail(FAKE_RECORD_END_RUN, FLASH_MYSQL_UNKNOWN_COMMIT, 1, true);
    assert_true(begin(*state));
    assert_true(add(*state, 3));
    assert_true(end(*state));
    assert_int_equal(fake_record_findings(), 3);
    assert_int_equal(fake_record_tried(FAKE_RECORD_COUNT), 1);
    assert_int_equal(fake_record_tried(FAKE_RECORD_INSERT), 1);
    assert_string_equal(fake_record_ended()->cells[7], "3");
}

static void a_commit_that_did_not_happen_is_made_again(void **state)
{
    assert_true(begin(*state));
    assert_true(add(*state, BUFFER)); /* rows of before are not taken for those of now */
    fake_record_fail(FAKE_RECORD_COMMIT, FLASH_MYSQL_UNKNOWN_COMMIT, 1, false);
    assert_true(add(*state, 3));
    assert_true(end(*state));
    assert_int_equal(fake_record_findings(), BUFFER + 3);
    assert_int_equal(fake_record_tried(FAKE_RECORD_COUNT), 1);
}

static void what_was_not_written_is_written_with_the_next(void **state)
{
    assert_true(begin(*state));
    assert_true(add(*state, BUFFER - 1));
    fake_record_fail(FAKE_RECORD_BEGIN, FLASH_MYSQL_RETRY, 3, false);
    assert_false(add(*state, 1));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_true(add(*state, 1));
    assert_true(end(*state));
    assert_int_equal(fake_record_findings(), BUFFER + 1);
    assert_string_equal(fake_record_ended()->cells[9], "all seen");
}

static void what_finds_no_room_is_counted(void **state)
{
    assert_true(begin(*state));
    fake_record_fail(FAKE_RECORD_BEGIN, FLASH_MYSQL_RETRY, 3 * 6, false);
    assert_false(add(*state, BUFFER + 5));
    assert_true(end(*state));
    assert_int_equal(fake_record_findings(), BUFFER);
    assert_string_equal(fake_record_ended()->cells[7], "1029");
    assert_string_equal(fake_record_ended()->cells[9], "5 findings could not be written; all seen");
}

static void an_end_that_fails_closes_the_run(void **state)
{
    assert_true(begin(*state));
    fake_record_fail(FAKE_RECORD_END_RUN, FLASH_MYSQL_RETRY, 3, false);
    assert_false(end(*state));
    assert_false(flash_runs_open(*state));
    fake_record_reset();
    assert_true(begin(*state));
    assert_true(end(*state));
}

static void a_bug_is_not_tried_again(void **state)
{
    fake_record_fail(FAKE_RECORD_BEGIN_RUN, FLASH_MYSQL_BUG, 1, false);
    assert_false(begin(*state));
    assert_int_equal(fake_record_tried(FAKE_RECORD_BEGIN_RUN), 1);
    assert_false(flash_runs_open(*state));
}

static void one_run_at_a_time(void **state)
{
    assert_false(add(*state, 1));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
    assert_false(end(*state));
    assert_true(begin(*state));
    assert_false(begin(*state));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
    flash_runs_free(NULL);
}

#define RUNS(test) cmocka_unit_test_setup_teardown(test, open_runs, close_runs)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUNS(a_run_is_a_row_with_its_end),
        RUNS(a_run_names_its_plan_and_sku),
        RUNS(a_finding_is_a_row),
        RUNS(a_place_that_is_not_known_is_null),
        RUNS(a_full_buffer_is_written),
        RUNS(what_passes_is_tried_again),
        RUNS(a_lost_answer_writes_nothing_twice),
        RUNS(a_commit_that_did_not_happen_is_made_again),
        RUNS(what_was_not_written_is_written_with_the_next),
        RUNS(what_finds_no_room_is_counted),
        RUNS(an_end_that_fails_closes_the_run),
        RUNS(a_bug_is_not_tried_again),
        RUNS(one_run_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
