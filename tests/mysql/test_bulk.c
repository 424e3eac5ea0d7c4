/* Bulk insert on a real server, each test both ways: arrays of parameters and text. */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "../../common/mysql/internal.h"
#include "server.h"

#define ROWS 5000

static struct server server;
static struct flash_mysql *mysql;

/* A table of numbers, texts of odd bytes, and NULLs. */
static struct {
    int64_t ids[ROWS], numbers[ROWS];
    struct flash_text texts[ROWS], blobs[ROWS];
    char bytes[ROWS][24];
} rows;

static const struct flash_bulk_column columns[] = {
    {.name = "id", .type = FLASH_COLUMN_INT, .numbers = rows.ids},
    {.name = "t", .type = FLASH_COLUMN_BYTES, .bytes = rows.texts},
    {.name = "n", .type = FLASH_COLUMN_INT, .numbers = rows.numbers},
    {.name = "b", .type = FLASH_COLUMN_BYTES, .bytes = rows.blobs},
};

static void fill_rows(void)
{
    for (int i = 0; i < ROWS; i++) {
        rows.ids[i] = i;
        rows.numbers[i] = i % 2 == 0 ? INT64_MIN + i : INT64_MAX - i;
        for (int byte = 0; byte < 24; byte++) {
            rows.bytes[i][byte] = (char)(i * 7 + byte * 11);
        }
        rows.texts[i] = (struct flash_text){"plain", (size_t)(i % 6)};
        rows.blobs[i] = (struct flash_text){i % 3 == 0 ? NULL : rows.bytes[i], (size_t)(i % 25)};
    }
}

static int start(void **state)
{
    (void)state;
    server_make(&server);
    struct flash_config config = server_config(&server);
    mysql = ledger_new(&config);
    ledger_run(mysql, "CREATE TABLE r (id INT PRIMARY KEY, t VARCHAR(10) NOT NULL, "
                      "n BIGINT NOT NULL, b LONGBLOB NULL, CHECK (id >= 0)) ENGINE=InnoDB");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    flash_mysql_free(mysql);
    server_remove(&server);
    return 0;
}

static int by_arrays(void **state)
{
    (void)state;
    mysql->bulk_text_only = false;
    fill_rows();
    ledger_run(mysql, "DELETE FROM r");
    return mysql->bulk_way == FLASH_MYSQL_BULK_ARRAYS ? 0 : -1;
}

static int by_text(void **state)
{
    (void)state;
    mysql->bulk_text_only = true;
    fill_rows();
    ledger_run(mysql, "DELETE FROM r");
    return 0;
}

static bool insert(int count, struct flash_error *err)
{
    const struct flash_bulk bulk = {"r", columns, 4, count};
    return flash_mysql_bulk_insert(mysql, &bulk, err);
}

static void must_insert(int count)
{
    struct flash_error err = {0};
    ledger_begin(mysql);
    if (!insert(count, &err)) {
        fail_msg("%s", err.text);
    }
    ledger_commit(mysql);
}

static void must_refuse(int count, enum flash_mysql_class class)
{
    struct flash_error err = {0};
    ledger_begin(mysql);
    assert_false(insert(count, &err));
    if (flash_mysql_last_class(mysql) != class) {
        fail_msg("class %d: %s", (int)flash_mysql_last_class(mysql), err.text);
    }
    assert_int_equal(err.kind, FLASH_ERROR_DATA);
    flash_mysql_rollback(mysql);
    assert_true(flash_mysql_connected(mysql));
    assert_int_equal(ledger_number(mysql, "SELECT COUNT(*) FROM r"), 0);
}

static bool same_row(const struct flash_value *cells, int count, void *arg)
{
    int i = (*(int *)arg)++;
    const struct flash_text *blob = &rows.blobs[i];
    assert_int_equal(count, 4);
    assert_int_equal(cells[0].number, i);
    assert_int_equal(cells[1].bytes.len, rows.texts[i].len);
    assert_memory_equal(cells[1].bytes.at, rows.texts[i].at, rows.texts[i].len);
    assert_true(cells[2].number == rows.numbers[i]);
    assert_int_equal(cells[3].null, blob->at == NULL);
    if (blob->at != NULL) {
        assert_int_equal(cells[3].bytes.len, blob->len);
        assert_memory_equal(cells[3].bytes.at, blob->at, blob->len);
    }
    return true;
}

static void expect_rows(int count)
{
    int seen = 0;
    struct flash_error err = {0};
    struct flash_query query = {.sql = "SELECT id, t, n, b FROM r ORDER BY id",
                                .column_count = 4,
                                .row = same_row,
                                .arg = &seen};
    if (!flash_mysql_query(mysql, &query, &err)) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(seen, count);
}

static void test_all_rows(void **state)
{
    (void)state;
    must_insert(ROWS);
    expect_rows(ROWS);
}

/* The same statement with other sizes, and with no NULL where there was one and the other way
 * round. */
static void test_again_and_again(void **state)
{
    static const int counts[] = {1, 2, 257, 1, 4097};
    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (int row = 0; i % 2 == 1 && row < ROWS; row++) {
            rows.blobs[row] = (struct flash_text){row % 2 == 0 ? "even" : NULL, 4};
        }
        must_insert(counts[i]);
        expect_rows(counts[i]);
        ledger_run(mysql, "DELETE FROM r");
        fill_rows();
    }
}

static void test_large_rows(void **state)
{
    (void)state;
    static char blob[1 << 16];
    memset(blob, 0xa5, sizeof(blob));
    for (int i = 0; i < ROWS; i++) {
        rows.blobs[i] = (struct flash_text){blob, sizeof(blob) - (size_t)i};
    }
    must_insert(300);
    expect_rows(300);
}

static void test_duplicate(void **state)
{
    (void)state;
    rows.ids[ROWS - 1] = 17;
    must_refuse(ROWS, FLASH_MYSQL_DUPLICATE);
    rows.ids[ROWS - 1] = ROWS - 1;
    must_insert(ROWS);
    expect_rows(ROWS);
}

static void test_bad_values(void **state)
{
    (void)state;
    rows.texts[40] = (struct flash_text){"longer than ten", 15};
    must_refuse(100, FLASH_MYSQL_DATA);
    rows.texts[40] = (struct flash_text){NULL, 0};
    must_refuse(100, FLASH_MYSQL_DATA);
    rows.texts[40] = (struct flash_text){"", 0};
    rows.ids[40] = -1;
    must_refuse(100, FLASH_MYSQL_DATA);
    rows.ids[40] = 1LL << 40;
    must_refuse(100, FLASH_MYSQL_DATA);
}

static void test_longer_than_a_packet(void **state)
{
    (void)state;
    size_t size = mysql->packet_max + 1;
    char *blob = calloc(1, size);
    assert_non_null(blob);
    rows.blobs[3] = (struct flash_text){blob, size};
    must_refuse(10, FLASH_MYSQL_DATA);
    free(blob);
}

static void test_only_in_a_transaction(void **state)
{
    (void)state;
    struct flash_error err = {0};
    assert_false(insert(1, &err));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
    assert_int_equal(ledger_number(mysql, "SELECT COUNT(*) FROM r"), 0);
}

static void test_missing_table(void **state)
{
    (void)state;
    struct flash_error err = {0};
    const struct flash_bulk bulk = {"missing", columns, 4, 10};
    ledger_begin(mysql);
    assert_false(flash_mysql_bulk_insert(mysql, &bulk, &err));
    assert_int_equal(flash_mysql_last_class(mysql), FLASH_MYSQL_BUG);
    flash_mysql_rollback(mysql);
}

#define BOTH_WAYS(test)                                                                            \
    cmocka_unit_test_setup(test, by_arrays), cmocka_unit_test_setup(test, by_text)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_WAYS(test_all_rows),
        BOTH_WAYS(test_again_and_again),
        BOTH_WAYS(test_large_rows),
        BOTH_WAYS(test_duplicate),
        BOTH_WAYS(test_bad_values),
        BOTH_WAYS(test_longer_than_a_packet),
        BOTH_WAYS(test_only_in_a_transaction),
        BOTH_WAYS(test_missing_table),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
