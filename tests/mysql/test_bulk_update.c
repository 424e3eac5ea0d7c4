/* Bulk update on a real server, each test both ways: arrays of parameters and row by row. */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "../../common/mysql/internal.h"
#include "server.h"

#define ROWS 5000

static struct server server;
static struct flash_mysql *mysql;

/* What is updated: row i's new values, and by which id it is found. */
static struct {
    int64_t states[ROWS], numbers[ROWS], ids[ROWS];
    struct flash_text payments[ROWS];
    char bytes[ROWS][24];
} rows;

static const struct flash_bulk_column columns[] = {
    {.name = "state", .type = FLASH_COLUMN_INT, .numbers = rows.states},
    {.name = "n", .type = FLASH_COLUMN_INT, .numbers = rows.numbers},
    {.name = "payment", .type = FLASH_COLUMN_BYTES, .bytes = rows.payments},
    {.name = "id", .type = FLASH_COLUMN_INT, .numbers = rows.ids},
};

static const char update_sql[] = "UPDATE r SET state = ?, n = ?, payment = ? WHERE id = ?";

static int start(void **state)
{
    (void)state;
    server_make(&server);
    struct flash_config config = server_config(&server);
    mysql = ledger_new(&config);
    ledger_run(mysql, "CREATE TABLE r (id INT PRIMARY KEY, state TINYINT NOT NULL, "
                      "n BIGINT NOT NULL, payment VARBINARY(64) NULL, "
                      "CHECK (state BETWEEN 1 AND 7)) ENGINE=InnoDB");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    flash_mysql_free(mysql);
    server_remove(&server);
    return 0;
}

/* The table: ids 0 to ROWS + 99, state 1, n = id, a payment where id is odd. */
static void fill(void)
{
    ledger_run(mysql, "DELETE FROM r");
    ledger_run(mysql, "INSERT INTO r SELECT seq, 1, seq, IF(seq % 2, 'old', NULL) "
                      "FROM seq_0_to_5099");
    for (int i = 0; i < ROWS; i++) {
        rows.ids[i] = ROWS - 1 - i; /* backwards: a value must find its own row */
        rows.states[i] = 2 + i % 6;
        rows.numbers[i] = i % 2 == 0 ? INT64_MIN + i : INT64_MAX - i;
        for (int byte = 0; byte < 24; byte++) {
            rows.bytes[i][byte] = (char)(i * 7 + byte * 11);
        }
        rows.payments[i] = (struct flash_text){i % 3 == 0 ? NULL : rows.bytes[i], (size_t)(i % 25)};
    }
}

static int by_arrays(void **state)
{
    (void)state;
    mysql->bulk_text_only = false;
    fill();
    return mysql->bulk_way == FLASH_MYSQL_BULK_ARRAYS ? 0 : -1;
}

static int by_text(void **state)
{
    (void)state;
    mysql->bulk_text_only = true;
    fill();
    return 0;
}

static bool update(int count, struct flash_error *err)
{
    const struct flash_bulk bulk = {
        .sql = update_sql, .columns = columns, .column_count = 4, .row_count = count};
    return flash_mysql_bulk_update(mysql, &bulk, err);
}

static void must_update(int count)
{
    struct flash_error err = {0};
    ledger_begin(mysql);
    if (!update(count, &err)) {
        fail_msg("%s", err.text);
    }
    ledger_commit(mysql);
}

/* Row i of the update stands in the table. */
static bool same_row(const struct flash_value *cells, int count, void *arg)
{
    int *seen = arg, i = ROWS - 1 - (int)cells[0].number;
    assert_int_equal(count, 4);
    assert_in_range(i, 0, ROWS - 1);
    const struct flash_text *payment = &rows.payments[i];
    assert_int_equal(cells[1].number, rows.states[i]);
    assert_true(cells[2].number == rows.numbers[i]);
    assert_int_equal(cells[3].null, payment->at == NULL);
    if (payment->at != NULL) {
        assert_int_equal(cells[3].bytes.len, payment->len);
        assert_memory_equal(cells[3].bytes.at, payment->at, payment->len);
    }
    (*seen)++;
    return true;
}

#define UNTOUCHED                                                                                  \
    "SELECT COUNT(*) FROM r WHERE state = 1 AND n = id AND payment <=> IF(id % 2, 'old', NULL)"

static void expect_updated(int count)
{
    int seen = 0;
    struct flash_error err = {0};
    struct flash_query query = {.sql = "SELECT id, state, n, payment FROM r WHERE state > 1",
                                .column_count = 4,
                                .row = same_row,
                                .arg = &seen};
    if (!flash_mysql_query(mysql, &query, &err)) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(seen, count);
    assert_int_equal(ledger_number(mysql, UNTOUCHED), ROWS + 100 - count);
}

static void must_refuse(int count, enum flash_mysql_class class)
{
    struct flash_error err = {0};
    ledger_begin(mysql);
    assert_false(update(count, &err));
    if (flash_mysql_last_class(mysql) != class) {
        fail_msg("class %d: %s", (int)flash_mysql_last_class(mysql), err.text);
    }
    assert_int_equal(err.kind, FLASH_ERROR_DATA);
    flash_mysql_rollback(mysql);
    assert_true(flash_mysql_connected(mysql));
    expect_updated(0);
}

static void test_all_rows(void **state)
{
    (void)state;
    must_update(ROWS);
    expect_updated(ROWS);
}

static void test_other_sizes(void **state)
{
    static const int counts[] = {1, 2, 257, 1, 4097};
    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        must_update(counts[i]);
        expect_updated(counts[i]);
        fill();
    }
}

/* All NULL, none NULL, empty ones: what the statement was last bound to must not show. */
static void test_nulls_come_and_go(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < ROWS; i++) {
            rows.payments[i] =
                (struct flash_text){round == 1 ? NULL : "even and odd", round == 2 ? 0 : 12};
        }
        must_update(300);
        expect_updated(300);
    }
}

/* The rows are run in their order. */
static void test_the_last_of_one_row_stays(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        rows.ids[i] = 7;
        rows.numbers[i] = 1000 + i;
    }
    must_update(6);
    assert_int_equal(ledger_number(mysql, "SELECT n FROM r WHERE id = 7"), 1005);
    assert_int_equal(ledger_number(mysql, UNTOUCHED), ROWS + 99);
}

static void test_rows_that_are_not_there(void **state)
{
    (void)state;
    int64_t kept = rows.ids[1];
    rows.ids[0] = 1000000;
    rows.ids[1] = -5;
    must_update(3);
    assert_int_equal(ledger_number(mysql, UNTOUCHED), ROWS + 99);
    rows.ids[1] = kept;
    must_update(3);
    assert_int_equal(ledger_number(mysql, UNTOUCHED), ROWS + 98);
}

static void test_inserts_and_updates_in_turn(void **state)
{
    struct flash_error err = {0};
    const struct flash_bulk insert = {
        .table = "r", .columns = columns, .column_count = 4, .row_count = 100};
    (void)state;
    ledger_run(mysql, "DELETE FROM r WHERE id < 5000");
    ledger_begin(mysql);
    for (int round = 0; round < 3; round++) {
        if (round == 0 && !flash_mysql_bulk_insert(mysql, &insert, &err)) {
            fail_msg("%s", err.text);
        }
        for (int i = 0; i < 100; i++) {
            rows.numbers[i] += 1 - 2 * (i % 2);
        }
        if (!update(100, &err)) {
            fail_msg("%s", err.text);
        }
    }
    ledger_commit(mysql);
    int seen = 0;
    struct flash_query query = {.sql = "SELECT id, state, n, payment FROM r WHERE id < 5000",
                                .column_count = 4,
                                .row = same_row,
                                .arg = &seen};
    assert_true(flash_mysql_query(mysql, &query, &err));
    assert_int_equal(seen, 100);
}

static void test_a_bad_value_undoes_all(void **state)
{
    (void)state;
    rows.states[4200] = 8; /* the table's CHECK; in the second statement, by arrays */
    must_refuse(ROWS, FLASH_MYSQL_DATA);
    rows.states[4200] = 2;
    rows.payments[10] = (struct flash_text){"0123456789012345678901234567890123456789"
                                            "0123456789012345678901234",
                                            65};
    must_refuse(ROWS, FLASH_MYSQL_DATA);
    rows.payments[10].len = 64;
    must_update(ROWS);
    expect_updated(ROWS);
}

static void test_duplicate_key(void **state)
{
    struct flash_error err = {0};
    static const struct flash_bulk_column ids[] = {
        {.name = "to", .type = FLASH_COLUMN_INT, .numbers = rows.states},
        {.name = "id", .type = FLASH_COLUMN_INT, .numbers = rows.ids},
    };
    const struct flash_bulk bulk = {.sql = "UPDATE r SET id = ? WHERE id = ?",
                                    .columns = ids,
                                    .column_count = 2,
                                    .row_count = 9};
    (void)state;
    ledger_begin(mysql);
    assert_false(flash_mysql_bulk_update(mysql, &bulk, &err));
    assert_int_equal(flash_mysql_last_class(mysql), FLASH_MYSQL_DUPLICATE);
    flash_mysql_rollback(mysql);
    expect_updated(0);
}

/* The same text run once by itself: the connection has one statement for both. */
static void test_one_row_by_the_same_text(void **state)
{
    struct flash_error err = {0};
    struct flash_value params[] = {NUMBER(3), NUMBER(44), TEXT("pay"), NUMBER(5000)};
    int64_t affected;
    (void)state;
    rows.states[1] = 8;
    must_refuse(2, FLASH_MYSQL_DATA);
    for (int round = 0; round < 2; round++) {
        params[0].number = 3 + round;
        assert_true(flash_mysql_exec(mysql, update_sql, params, 4, &affected, &err));
        assert_int_equal(affected, 1);
        rows.states[1] = 3;
        must_update(300);
    }
    assert_int_equal(ledger_number(mysql, "SELECT COUNT(*) FROM r WHERE id = 5000 AND state = 4 "
                                          "AND n = 44 AND payment = 'pay'"),
                     1);
}

static void test_longer_than_a_packet(void **state)
{
    (void)state;
    size_t size = mysql->packet_max + 1;
    char *blob = calloc(1, size);
    assert_non_null(blob);
    rows.payments[3] = (struct flash_text){blob, size};
    must_refuse(10, FLASH_MYSQL_DATA);
    free(blob);
}

static void test_only_in_a_transaction(void **state)
{
    (void)state;
    struct flash_error err = {0};
    assert_false(update(1, &err));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
    expect_updated(0);
}

static void test_missing_table(void **state)
{
    (void)state;
    struct flash_error err = {0};
    const struct flash_bulk bulk = {
        .sql = "UPDATE missing SET state = ?, n = ?, payment = ? WHERE id = ?",
        .columns = columns,
        .column_count = 4,
        .row_count = 10,
    };
    ledger_begin(mysql);
    assert_false(flash_mysql_bulk_update(mysql, &bulk, &err));
    assert_int_equal(flash_mysql_last_class(mysql), FLASH_MYSQL_BUG);
    flash_mysql_rollback(mysql);
}

#define BOTH_WAYS(test)                                                                            \
    cmocka_unit_test_setup(test, by_arrays), cmocka_unit_test_setup(test, by_text)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_WAYS(test_all_rows),
        BOTH_WAYS(test_other_sizes),
        BOTH_WAYS(test_nulls_come_and_go),
        BOTH_WAYS(test_the_last_of_one_row_stays),
        BOTH_WAYS(test_rows_that_are_not_there),
        BOTH_WAYS(test_inserts_and_updates_in_turn),
        BOTH_WAYS(test_a_bad_value_undoes_all),
        BOTH_WAYS(test_duplicate_key),
        BOTH_WAYS(test_one_row_by_the_same_text),
        BOTH_WAYS(test_longer_than_a_packet),
        BOTH_WAYS(test_only_in_a_transaction),
        BOTH_WAYS(test_missing_table),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
