/* The ledger transaction without a database: the order of its steps, what each failure makes of
 * the batch, and that what the ledger has already is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../consumer/ledger.h"
#include "fake_mysql.h"
#include "flash/mysql_value.h"
#include "letter.h"

#define AIM 4096
#define SKU 42

struct desk {
    struct flash_ledger *ledger;
    struct flash_batch batch;
    struct flash_plan plan;
    struct flash_progress_table progress;
    struct flash_error err;
};

static struct flash_value text(const char *string)
{
    return (struct flash_value){
        .type = FLASH_COLUMN_BYTES, .bytes = {string, strlen(string)}, .null = !*string};
}

/* Every SKU asked for has 100 units. */
static void stock_only(const char *table, const struct flash_query_in *query)
{
    for (int i = 0; strcmp(table, "stock") == 0 && i < query->key_count; i++) {
        struct flash_value cells[] = {query->keys[i], flash_value_int(100), flash_value_int(1)};
        query->row(cells, 3, query->arg);
    }
}

/* And every order looked for has a row, that of "a" paid; in the reverse of the order asked. */
static void rows_too(const char *table, const struct flash_query_in *query)
{
    stock_only(table, query);
    for (int i = query->key_count - 1; strcmp(table, "reservation") == 0 && i >= 0; i--) {
        bool paid = query->keys[i].bytes.len == 4 && query->keys[i].bytes.at[3] == 'a';
        struct flash_value cells[] = {query->keys[i],
                                      flash_value_int(paid ? 2 : 1),
                                      flash_value_int(paid ? 2 : 1),
                                      flash_value_int(3),
                                      text("u-9"),
                                      flash_value_int(77),
                                      text(paid ? "pay-1" : "")};
        query->row(cells, 7, query->arg);
    }
}

/* And every entry but the first has a verdict: even numbers FENCED, the others clean. */
static void verdicts_too(const char *table, const struct flash_query_in *query)
{
    rows_too(table, query);
    for (int i = 1; strcmp(table, "verdict") == 0 && i < query->key_count; i++) {
        struct flash_value cells[] = {query->keys[i], flash_value_int(i % 2 ? 1 : 2),
                                      flash_value_int(i % 2)};
        query->row(cells, 3, query->arg);
    }
}

static int open_desk(void **state)
{
    static struct flash_config config;
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    config.consumer.batch_lines = AIM;
    fake_mysql_reset();
    fake_mysql_set_rows(stock_only);
    assert_true(flash_ledger_new(&config, &desk->ledger, &desk->err));
    assert_true(flash_batch_init(&desk->batch, AIM));
    assert_true(flash_plan_init(&desk->plan, AIM, AIM + FLASH_BATCH_LINES));
    desk->progress.partitions[0].assigned = true;
    *state = desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    flash_ledger_free(desk->ledger);
    flash_batch_finish(&desk->batch);
    flash_plan_finish(&desk->plan);
    free(desk);
    return 0;
}

static void add(struct desk *desk, enum flash_entry_type type, int id, const char *lines)
{
    struct flash_message message =
        letter_write(&(struct letter){type, id, SKU, lines, .offset = id});
    flash_batch_add(&desk->batch, &message);
}

static enum flash_ledger_outcome write_batch(struct desk *desk, bool careful)
{
    struct flash_ledger_work work = {&desk->batch, &desk->plan, &desk->progress, .careful = careful,
                                     .now_ms = 1763718000000};
    flash_progress_collect(&desk->progress, &desk->batch);
    return flash_ledger_write(desk->ledger, &work, &desk->err);
}

static void a_batch_of_reserves_is_inserted_without_a_look(void **state)
{
    struct desk *desk = *state;
    add(desk, FLASH_ENTRY_RESERVE, 1, "a:u:1 b:u:2");
    add(desk, FLASH_ENTRY_RESERVE, 2, "c:u:1");
    assert_int_equal(write_batch(desk, false), FLASH_LEDGER_COMMITTED);
    assert_string_equal(fake_mysql_steps(),
                        "BEGIN, SELECT stock, INSERT verdict*2, INSERT reservation*3, "
                        "INSERT stock_log*2, UPDATE stock*1, UPDATE consumer_progress, COMMIT");
}

static void a_careful_one_looks_after_the_stock_is_locked(void **state)
{
    struct desk *desk = *state;
    add(desk, FLASH_ENTRY_RESERVE, 1, "a:u:1");
    assert_int_equal(write_batch(desk, true), FLASH_LEDGER_COMMITTED);
    assert_string_equal(fake_mysql_steps(),
                        "BEGIN, SELECT stock, SELECT verdict, SELECT reservation, "
                        "INSERT verdict*1, INSERT reservation*1, INSERT stock_log*1, "
                        "UPDATE stock*1, UPDATE consumer_progress, COMMIT");
}

static void transitions_update_refund_and_park_in_the_same_transaction(void **state)
{
    struct desk *desk = *state;
    fake_mysql_set_rows(rows_too);
    add(desk, FLASH_ENTRY_PAY, 1, "a:u:3:1:late b:u:3:1:p c:u:3:5:p");
    assert_int_equal(write_batch(desk, false), FLASH_LEDGER_COMMITTED);
    assert_string_equal(
        fake_mysql_steps(),
        "BEGIN, SELECT stock, SELECT verdict, SELECT reservation, "
        "INSERT verdict*1, UPDATE reservation*1, INSERT stock_log*1, UPDATE stock*1, "
        "INSERT refund, INSERT parked, UPDATE consumer_progress, COMMIT");
    const struct flash_batch_row *row = flash_batch_row(&desk->batch, 0);
    assert_true(row->state == FLASH_STATE_PAID && row->version == 2 && row->due_s == 77);
    assert_memory_equal(row->payment.at, "pay-1", 5);
    assert_memory_equal(row->user.at, "u-9", 3);
}

static void a_take_is_an_inflow_and_a_log_row_in_its_place(void **state)
{
    struct desk *desk = *state;
    add(desk, FLASH_ENTRY_RESERVE, 1, "a:u:1");
    add(desk, FLASH_ENTRY_TAKE, 2, "broken-1:ops:30:rain");
    add(desk, FLASH_ENTRY_RESERVE, 3, "b:u:1");
    add(desk, FLASH_ENTRY_TAKE, 4, "broken-2:ops:200:rain"); /* more than there are */
    assert_int_equal(write_batch(desk, false), FLASH_LEDGER_COMMITTED);
    assert_string_equal(fake_mysql_steps(),
                        "BEGIN, SELECT stock, SELECT verdict, SELECT reservation, SELECT inflow, "
                        "SELECT inflow, INSERT verdict*4, INSERT reservation*2, "
                        "INSERT stock_log*1, INSERT inflow, INSERT stock_log, INSERT stock_log*1, "
                        "UPDATE stock*1, UPDATE consumer_progress, COMMIT");
    assert_true(desk->batch.entries[1].clean && !desk->batch.entries[3].clean);
    assert_int_equal(desk->plan.logs[1].inflow, 2);
}

static void dead_letters_and_markers_are_written_with_it(void **state)
{
    struct desk *desk = *state;
    struct flash_message garbage = letter_text("garbage", 0, 0);
    flash_batch_add(&desk->batch, &garbage);
    add(desk, FLASH_ENTRY_MARKER, 1, NULL);
    assert_int_equal(write_batch(desk, false), FLASH_LEDGER_COMMITTED);
    assert_string_equal(fake_mysql_steps(), "BEGIN, SELECT stock, INSERT dead_letter, "
                                            "INSERT marker, UPDATE consumer_progress, COMMIT");
}

static void a_batch_that_is_all_there_writes_its_progress_only(void **state)
{
    struct desk *desk = *state;
    fake_mysql_set_rows(verdicts_too);
    for (int i = 0; i < AIM - 1; i++) { /* ids that do not sort as they stand */
        add(desk, FLASH_ENTRY_RESERVE, (i * 1567) % AIM, "a:u:1");
    }
    add(desk, FLASH_ENTRY_RESERVE, 1567, "a:u:1"); /* a copy of the second */
    assert_int_equal(write_batch(desk, true), FLASH_LEDGER_COMMITTED);
    for (int i = 1; i < AIM - 1; i++) {
        const struct flash_batch_entry *entry = &desk->batch.entries[i];
        assert_int_equal(entry->fate, FLASH_FATE_DUPLICATE);
        assert_int_equal(entry->clean, i % 2);
        assert_int_equal(entry->fenced, i % 2 == 0);
    }
    assert_int_equal(desk->batch.entries[AIM - 1].fate, FLASH_FATE_REPEATED);
    assert_int_equal(desk->batch.entries[0].fate, FLASH_FATE_APPLY); /* of an order that is there */
    assert_non_null(strstr(fake_mysql_steps(), "SELECT reservation, INSERT verdict*1, "
                                               "INSERT stock_log*1, UPDATE consumer_progress"));
}

static void each_failure_says_what_to_do_and_rolls_back(void **state)
{
    static const struct {
        enum flash_mysql_class class;
        enum flash_ledger_outcome outcome;
    } rows[] = {
        {FLASH_MYSQL_RETRY, FLASH_LEDGER_AGAIN},
        {FLASH_MYSQL_DUPLICATE, FLASH_LEDGER_AGAIN},
        {FLASH_MYSQL_UNKNOWN_COMMIT, FLASH_LEDGER_AGAIN},
        {FLASH_MYSQL_DATA, FLASH_LEDGER_REFUSED},
        {FLASH_MYSQL_BUG, FLASH_LEDGER_BROKEN},
    };
    static const char *const steps[] = {"BEGIN",
                                        "SELECT stock",
                                        "INSERT verdict*1",
                                        "INSERT reservation*1",
                                        "INSERT stock_log*1",
                                        "UPDATE stock*1",
                                        "UPDATE consumer_progress",
                                        "COMMIT"};
    struct desk *desk = *state;
    for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            fake_mysql_reset();
            fake_mysql_set_rows(stock_only);
            fake_mysql_fail(steps[s], rows[i].class);
            flash_batch_reset(&desk->batch);
            add(desk, FLASH_ENTRY_RESERVE, 1, "a:u:1");
            assert_int_equal(write_batch(desk, false), rows[i].outcome);
            const char *done = fake_mysql_steps();
            size_t end = strlen(done) - strlen(", ROLLBACK");
            assert_string_equal(done + end, ", ROLLBACK");
            assert_memory_equal(done + end - strlen(steps[s]), steps[s], strlen(steps[s]));
        }
    }
}

static int64_t parked_before;

static void count_parked(const char *table, const struct flash_query *query)
{
    struct flash_value count = flash_value_int(parked_before);
    if (strcmp(table, "parked") == 0) {
        query->row(&count, 1, query->arg);
    }
}

/* After an earlier failure of the connection, too, which this is none of. */
static void too_many_parked_lines_are_nothing_to_bury(void **state)
{
    struct desk *desk = *state;
    int64_t count;
    fake_mysql_fail("INSERT verdict*1", FLASH_MYSQL_DATA);
    add(desk, FLASH_ENTRY_PAY, 1, "c:u:3:5:p");
    assert_int_equal(write_batch(desk, false), FLASH_LEDGER_REFUSED);
    fake_mysql_fail(NULL, FLASH_MYSQL_OK);
    fake_mysql_set_answer(count_parked);
    parked_before = 100000;
    assert_true(flash_ledger_count_parked(desk->ledger, &count, &desk->err));
    flash_batch_again(&desk->batch);
    assert_int_equal(write_batch(desk, false), FLASH_LEDGER_FULL);
    parked_before = 99999;
    assert_true(flash_ledger_count_parked(desk->ledger, &count, &desk->err));
    flash_batch_again(&desk->batch);
    assert_int_equal(write_batch(desk, false), FLASH_LEDGER_COMMITTED);
}

static void progress_that_another_has_moved_outruns_the_batch(void **state)
{
    struct desk *desk = *state;
    add(desk, FLASH_ENTRY_RESERVE, 1, "a:u:1");
    fake_mysql_set_changed(0);
    assert_int_equal(write_batch(desk, false), FLASH_LEDGER_OUTRUN);
    assert_null(strstr(fake_mysql_steps(), "COMMIT"));
    assert_non_null(strstr(fake_mysql_steps(), "UPDATE consumer_progress, ROLLBACK"));
    fake_mysql_reset();
    fake_mysql_set_rows(stock_only);
    desk->progress.partitions[0].assigned = false; /* revoked while the batch was in hand */
    assert_int_equal(write_batch(desk, false), FLASH_LEDGER_OUTRUN);
    assert_null(strstr(fake_mysql_steps(), "UPDATE consumer_progress"));
}

static void acks_alone_are_a_transaction_too(void **state)
{
    struct desk *desk = *state;
    desk->progress.partitions[0].settled = 5;
    assert_int_equal(flash_ledger_write_progress(desk->ledger, &desk->progress, 1, &desk->err),
                     FLASH_LEDGER_COMMITTED);
    assert_string_equal(fake_mysql_steps(), "BEGIN, UPDATE consumer_progress, COMMIT");
}

/* ---- parked lines ---- */

static int parked_rows;
static size_t parked_len;

static void give_parked(const char *table, const struct flash_query *query)
{
    static char value[FLASH_ENTRY_BYTES_MAX];
    assert_string_equal(table, "parked");
    for (int i = 0; i < parked_rows; i++) {
        char order[32];
        memset(value, 'a' + i % 26, sizeof(value)); /* as in a connection's scratch buffer */
        snprintf(order, sizeof(order), "42.r%d", i);
        const struct flash_value cells[] = {text(order), flash_value_int(i % 3),
                                            flash_value_bytes(value, parked_len)};
        if (!query->row(cells, 3, query->arg)) {
            break;
        }
    }
}

static void a_page_of_parked_lines_ends_by_number_or_by_bytes(void **state)
{
    struct desk *desk = *state;
    static const struct {
        int rows;
        size_t len;
        int count;
        bool last;
    } cases[] = {
        {0, 1, 0, true},
        {FLASH_PARKED_PAGE - 1, 300, FLASH_PARKED_PAGE - 1, true},
        {FLASH_PARKED_PAGE, 300, FLASH_PARKED_PAGE, false},
        {4, FLASH_ENTRY_BYTES_MAX, 4, true},
        {5, FLASH_ENTRY_BYTES_MAX, 4, false},
    };
    struct flash_parked_page *page = malloc(sizeof(*page));
    assert_non_null(page);
    fake_mysql_set_answer(give_parked);
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        parked_rows = cases[c].rows;
        parked_len = cases[c].len;
        assert_true(flash_ledger_read_parked(desk->ledger, "", page, &desk->err));
        assert_int_equal(page->count, cases[c].count);
        assert_int_equal(page->last, cases[c].last);
        for (int i = 0; i < page->count; i++) {
            const struct flash_parked *line = &page->lines[i];
            assert_int_equal(strtol(line->order_id + strlen("42.r"), NULL, 10), i);
            assert_int_equal(line->line_no, i % 3);
            assert_int_equal(line->value.len, cases[c].len);
            assert_int_equal(line->value.at[cases[c].len - 1], 'a' + i % 26);
        }
    }
    free(page);
}

#define DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(a_batch_of_reserves_is_inserted_without_a_look),
        DESK(a_careful_one_looks_after_the_stock_is_locked),
        DESK(transitions_update_refund_and_park_in_the_same_transaction),
        DESK(a_take_is_an_inflow_and_a_log_row_in_its_place),
        DESK(dead_letters_and_markers_are_written_with_it),
        DESK(a_batch_that_is_all_there_writes_its_progress_only),
        DESK(each_failure_says_what_to_do_and_rolls_back),
        DESK(too_many_parked_lines_are_nothing_to_bury),
        DESK(progress_that_another_has_moved_outruns_the_batch),
        DESK(acks_alone_are_a_transaction_too),
        DESK(a_page_of_parked_lines_ends_by_number_or_by_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
