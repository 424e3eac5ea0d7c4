/* Values to the ledger and back, on a real server: statements, queries, queries by many keys, the
 * session. */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/mysql/internal.h"
#include "server.h"

#define BLOB_SIZE 65536
#define KEYS 5000

static struct server server;
static struct flash_mysql *mysql;

static int start(void **state)
{
    (void)state;
    server_make(&server);
    struct flash_config config = server_config(&server);
    mysql = ledger_new(&config);
    ledger_run(mysql, "CREATE TABLE v (id INT PRIMARY KEY, n BIGINT NULL, b MEDIUMBLOB NULL, "
                      "t VARCHAR(20) NULL) ENGINE=InnoDB");
    ledger_run(mysql, "CREATE TABLE k (k VARBINARY(40) PRIMARY KEY, n INT NOT NULL)");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    flash_mysql_free(mysql);
    server_remove(&server);
    return 0;
}

static int clear(void **state)
{
    (void)state;
    ledger_run(mysql, "DELETE FROM v");
    ledger_run(mysql, "DELETE FROM k");
    return 0;
}

/* Compares one row (n, b, t) with what was put in. */
struct expected {
    const struct flash_value *cells;
    int rows;
};

static bool same_row(const struct flash_value *cells, int count, void *arg)
{
    struct expected *expected = arg;
    expected->rows++;
    for (int i = 0; i < count; i++) {
        const struct flash_value *want = &expected->cells[i];
        assert_int_equal(cells[i].null, want->null);
        if (want->null) {
            continue;
        }
        assert_int_equal(cells[i].type, want->type);
        if (want->type == FLASH_COLUMN_INT) {
            assert_true(cells[i].number == want->number);
        } else {
            assert_int_equal(cells[i].bytes.len, want->bytes.len);
            assert_memory_equal(cells[i].bytes.at, want->bytes.at, want->bytes.len);
        }
    }
    return true;
}

static void round_trip(struct flash_value n, struct flash_value b, struct flash_value t)
{
    static int64_t id;
    struct flash_error err = {0};
    int64_t affected = 0;
    const struct flash_value in[] = {NUMBER(++id), n, b, t};
    if (!flash_mysql_exec(mysql, "INSERT INTO v VALUES (?,?,?,?)", in, 4, &affected, &err)) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(affected, 1);
    struct expected expected = {.cells = in + 1};
    struct flash_query query = {
        .sql = "SELECT n, b, t FROM v WHERE id = ?",
        .params = in,
        .param_count = 1,
        .column_count = 3,
        .row = same_row,
        .arg = &expected,
    };
    assert_true(flash_mysql_query(mysql, &query, &err));
    struct flash_query_in query_in = {
        .sql = "SELECT n, b, t FROM v WHERE id IN (%s)",
        .keys = in,
        .key_count = 1,
        .column_count = 3,
        .row = same_row,
        .arg = &expected,
    };
    assert_true(flash_mysql_query_in(mysql, &query_in, &err));
    assert_int_equal(expected.rows, 2);
}

static void test_round_trip(void **state)
{
    (void)state;
    static char blob[BLOB_SIZE];
    for (int i = 0; i < BLOB_SIZE; i++) {
        blob[i] = (char)(i * 31 >> 3);
    }
    round_trip(NUMBER(0), TEXT(""), TEXT(""));
    round_trip(NUMBER(INT64_MAX), TEXT("a\0b\\'\"\n"), TEXT("plain"));
    round_trip(NUMBER(INT64_MIN), TEXT("\xff\xfe\x00\x80"), TEXT("d\xc3\xa9j\xc3\xa0 vu"));
    round_trip(NUMBER(-1), BYTES(blob, BLOB_SIZE), TEXT("\xf0\x9f\x8e\xab"));
    round_trip(NOTHING, NOTHING, NOTHING);
    round_trip(NOTHING, TEXT("after a NULL"), NOTHING);
}

static void test_types_of_results(void **state)
{
    (void)state;
    ledger_run(mysql, "INSERT INTO v (id, n) VALUES (1, 9000000000000000000), (2, 7)");
    assert_true(ledger_number(mysql, "SELECT COUNT(*) FROM v") == 2);
    assert_true(ledger_number(mysql, "SELECT SUM(n) FROM v") == 9000000000000000007);
    assert_true(ledger_number(mysql, "SELECT CAST(200 AS UNSIGNED)") == 200);
    struct flash_error err = {0};
    int64_t number = 0;
    ledger_run(mysql, "INSERT INTO v (id, n) VALUES (3, 9000000000000000000)");
    struct flash_query query = {
        .sql = "SELECT SUM(n) FROM v", .column_count = 1, .row = same_row, .arg = &number};
    assert_false(flash_mysql_query(mysql, &query, &err));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
    assert_true(ledger_number(mysql, "SELECT COUNT(*) FROM v") == 3);
}

static void test_affected_is_changed(void **state)
{
    (void)state;
    assert_int_equal(ledger_run(mysql, "INSERT INTO v (id, n) VALUES (1, 5), (2, 6)"), 2);
    assert_int_equal(ledger_run(mysql, "UPDATE v SET n = 5"), 1);
    assert_int_equal(ledger_run(mysql, "UPDATE v SET n = 5"), 0);
    assert_int_equal(ledger_run(mysql, "DELETE FROM v WHERE id > 100"), 0);
    struct flash_error err = {0};
    assert_true(flash_mysql_exec(mysql, "SELECT id FROM v", NULL, 0, NULL, &err));
    assert_true(flash_mysql_exec(mysql, "SELECT id FROM v", NULL, 0, NULL, &err));
}

static bool stop_at_two(const struct flash_value *cells, int count, void *arg)
{
    (void)cells;
    (void)count;
    return ++*(int *)arg < 2;
}

static void test_stopping(void **state)
{
    (void)state;
    struct flash_error err = {0};
    int rows = 0;
    ledger_run(mysql, "INSERT INTO v (id, n) VALUES (1, 5), (2, 6), (3, 7)");
    struct flash_query query = {
        .sql = "SELECT id FROM v", .column_count = 1, .row = stop_at_two, .arg = &rows};
    assert_true(flash_mysql_query(mysql, &query, &err));
    assert_int_equal(rows, 2);
    const struct flash_value keys[] = {NUMBER(1), NUMBER(2), NUMBER(3)};
    rows = 0;
    struct flash_query_in query_in = {.sql = "SELECT id FROM v WHERE id IN (%s) ORDER BY id",
                                      .keys = keys,
                                      .key_count = 3,
                                      .column_count = 1,
                                      .row = stop_at_two,
                                      .arg = &rows};
    assert_true(flash_mysql_query_in(mysql, &query_in, &err));
    assert_int_equal(rows, 2);
    assert_int_equal(ledger_number(mysql, "SELECT COUNT(*) FROM v"), 3);
}

static void test_wrong_counts_are_bugs(void **state)
{
    (void)state;
    struct flash_error err = {0};
    struct flash_value one = NUMBER(1);
    struct flash_query query = {
        .sql = "SELECT id, n FROM v", .column_count = 1, .row = stop_at_two, .arg = NULL};
    assert_false(flash_mysql_query(mysql, &query, &err));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
    assert_false(flash_mysql_exec(mysql, "DELETE FROM v WHERE id = ?", NULL, 0, NULL, &err));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
    assert_false(flash_mysql_exec(mysql, "DELETE FROM v", &one, 1, NULL, &err));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
    struct flash_query_in query_in = {.sql = "SELECT id, n FROM v WHERE id IN (%s)",
                                      .keys = &one,
                                      .key_count = 1,
                                      .column_count = 1,
                                      .row = stop_at_two};
    assert_false(flash_mysql_query_in(mysql, &query_in, &err));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
}

static int64_t prepared_on_the_server(void)
{
    return ledger_number(mysql, "SELECT CAST(variable_value AS SIGNED) FROM "
                                "information_schema.global_status "
                                "WHERE variable_name = 'prepared_stmt_count'");
}

/* More than a connection keeps, in turn, so that each was given up when its turn comes again. */
static void test_more_statements_than_are_kept(void **state)
{
    (void)state;
    struct flash_config config = server_config(&server);
    struct flash_mysql *other = ledger_new(&config);
    int64_t before = prepared_on_the_server();
    char sql[64];
    for (int round = 0; round < 3; round++) {
        ledger_begin(other);
        for (int i = 0; i < 2 * FLASH_MYSQL_STATEMENTS; i++) {
            snprintf(sql, sizeof(sql), "SELECT %d", i);
            assert_int_equal(ledger_number(other, sql), i);
            snprintf(sql, sizeof(sql), "INSERT INTO k VALUES ('k%d.%d', %d)", round, i, i);
            assert_int_equal(ledger_run(other, sql), 1);
        }
        ledger_commit(other);
        assert_int_equal(prepared_on_the_server() - before, FLASH_MYSQL_STATEMENTS);
    }
    assert_int_equal(ledger_number(mysql, "SELECT COUNT(*) FROM k"), 6 * FLASH_MYSQL_STATEMENTS);
    flash_mysql_free(other);
}

/* What is used all the time is never prepared again. */
static void test_the_statement_in_use_is_kept(void **state)
{
    static const char prepared[] = "SELECT CAST(variable_value AS SIGNED) FROM "
                                   "information_schema.session_status "
                                   "WHERE variable_name = 'com_stmt_prepare'";
    (void)state;
    struct flash_config config = server_config(&server);
    struct flash_mysql *other = ledger_new(&config);
    char sql[64];
    for (int i = 0; i < 2 * FLASH_MYSQL_STATEMENTS; i++) {
        snprintf(sql, sizeof(sql), "DO %d", i);
        assert_int_equal(ledger_run(other, sql), 0);
        assert_int_equal(ledger_number(other, prepared), i + 2);
    }
    flash_mysql_free(other);
}

/* Keys of 16 bytes that are anything but text, as entry ids are. */
static void make_key(char out[16], int i)
{
    for (int byte = 0; byte < 16; byte++) {
        out[byte] = (char)((unsigned)i * 2654435761u >> (byte % 4 * 8));
    }
    memcpy(out, &i, sizeof(i));
}

static bool add_up(const struct flash_value *cells, int count, void *arg)
{
    assert_int_equal(count, 2);
    char key[16];
    make_key(key, (int)cells[1].number);
    assert_int_equal(cells[0].bytes.len, 16);
    assert_memory_equal(cells[0].bytes.at, key, 16);
    ((int64_t *)arg)[0]++;
    ((int64_t *)arg)[1] += cells[1].number;
    return true;
}

static void fill_keys(struct flash_text texts[KEYS], int64_t numbers[KEYS], char bytes[][16])
{
    for (int i = 0; i < KEYS; i++) {
        make_key(bytes[i], i);
        texts[i] = (struct flash_text){bytes[i], 16};
        numbers[i] = i;
    }
    const struct flash_bulk_column columns[] = {
        {.name = "k", .type = FLASH_COLUMN_BYTES, .bytes = texts},
        {.name = "n", .type = FLASH_COLUMN_INT, .numbers = numbers},
    };
    const struct flash_bulk bulk = {"k", columns, 2, KEYS};
    struct flash_error err = {0};
    ledger_begin(mysql);
    if (!flash_mysql_bulk_insert(mysql, &bulk, &err)) {
        fail_msg("%s", err.text);
    }
    ledger_commit(mysql);
}

static void test_query_in_many(void **state)
{
    (void)state;
    static struct flash_text texts[KEYS];
    static int64_t numbers[KEYS];
    static char bytes[KEYS][16];
    static struct flash_value keys[KEYS + 2];
    fill_keys(texts, numbers, bytes);
    for (int i = 0; i < KEYS; i++) {
        keys[i] = BYTES(bytes[i], 16);
    }
    keys[KEYS] = TEXT("not there");
    keys[KEYS + 1] = TEXT("') OR 1=1 -- ");
    int64_t sums[2] = {0, 0};
    struct flash_error err = {0};
    struct flash_query_in query = {.sql = "SELECT k, n FROM k WHERE k IN (%s) AND n >= 0",
                                   .keys = keys,
                                   .key_count = KEYS + 2,
                                   .column_count = 2,
                                   .row = add_up,
                                   .arg = sums};
    assert_true(flash_mysql_query_in(mysql, &query, &err));
    assert_int_equal(sums[0], KEYS);
    assert_int_equal(sums[1], KEYS * (KEYS - 1) / 2);
    sums[0] = 0;
    query.key_count = 0;
    assert_true(flash_mysql_query_in(mysql, &query, &err));
    query.keys = keys + KEYS;
    query.key_count = 2;
    assert_true(flash_mysql_query_in(mysql, &query, &err));
    assert_int_equal(sums[0], 0);
}

/* The servers' own defaults differ; what counts is said by us. */
/* All of a snapshot is of one moment, whatever others commit; it writes nothing; the next
 * transaction is an ordinary one. */
static void test_snapshot(void **state)
{
    struct flash_config config = server_config(&server);
    struct flash_mysql *other = ledger_new(&config);
    struct flash_error err;
    (void)state;
    ledger_run(mysql, "INSERT INTO k VALUES ('a', 1)");
    assert_true(flash_mysql_begin_snapshot(mysql, &err));
    ledger_run(other, "INSERT INTO k VALUES ('b', 2)");
    assert_int_equal(ledger_number(mysql, "SELECT COUNT(*) FROM k"), 1);
    ledger_run(other, "UPDATE k SET n = 7");
    assert_int_equal(ledger_number(mysql, "SELECT SUM(n) FROM k"), 1);
    assert_false(flash_mysql_begin_snapshot(mysql, &err));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
    flash_mysql_rollback(mysql);
    assert_true(flash_mysql_begin_snapshot(mysql, &err));
    assert_int_equal(ledger_number(mysql, "SELECT SUM(n) FROM k"), 14);
    assert_false(flash_mysql_exec(mysql, "DELETE FROM k", NULL, 0, NULL, &err));
    flash_mysql_rollback(mysql);
    ledger_begin(mysql);
    assert_int_equal(ledger_number(mysql, "SELECT COUNT(*) FROM k"), 2);
    ledger_run(other, "INSERT INTO k VALUES ('c', 3)");
    assert_int_equal(ledger_number(mysql, "SELECT COUNT(*) FROM k"), 3); /* READ COMMITTED */
    flash_mysql_rollback(mysql);
    flash_mysql_free(other);
}

static void test_session(void **state)
{
    (void)state;
    assert_int_equal(ledger_number(mysql, "SELECT @@tx_isolation = 'READ-COMMITTED'"), 1);
    assert_int_equal(ledger_number(mysql, "SELECT @@sql_mode LIKE '%STRICT_ALL_TABLES%'"), 1);
    assert_int_equal(ledger_number(mysql, "SELECT @@sql_mode LIKE '%NO_BACKSLASH%'"), 0);
    assert_int_equal(ledger_number(mysql, "SELECT @@innodb_lock_wait_timeout"), 5);
    assert_int_equal(ledger_number(mysql, "SELECT @@lock_wait_timeout"), 5);
    assert_int_equal(ledger_number(mysql, "SELECT @@max_statement_time = 10.0"), 1);
    assert_int_equal(ledger_number(mysql, "SELECT @@idle_transaction_timeout"), 10);
    assert_int_equal(ledger_number(mysql, "SELECT @@wait_timeout"), 30);
    assert_int_equal(ledger_number(mysql, "SELECT @@character_set_client = 'utf8mb4'"), 1);
    assert_int_equal(ledger_number(mysql, "SELECT @@character_set_results = 'utf8mb4'"), 1);
    assert_int_equal(ledger_number(mysql, "SELECT @@time_zone = '+00:00'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_round_trip, clear),
        cmocka_unit_test_setup(test_types_of_results, clear),
        cmocka_unit_test_setup(test_affected_is_changed, clear),
        cmocka_unit_test_setup(test_stopping, clear),
        cmocka_unit_test_setup(test_wrong_counts_are_bugs, clear),
        cmocka_unit_test_setup(test_more_statements_than_are_kept, clear),
        cmocka_unit_test(test_the_statement_in_use_is_kept),
        cmocka_unit_test_setup(test_query_in_many, clear),
        cmocka_unit_test_setup(test_snapshot, clear),
        cmocka_unit_test(test_session),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
