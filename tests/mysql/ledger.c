/* Short forms for tests of flash_mysql; a failed expectation fails the calling test. */
#include "ledger.h"

#include <string.h>

static void must(bool ok, const struct flash_error *err)
{
    if (!ok) {
        fail_msg("%s: %s", flash_error_kind_name(err->kind), err->text);
    }
}

struct flash_mysql *ledger_new(const struct flash_config *config)
{
    struct flash_mysql *mysql = NULL;
    struct flash_error err = {0};
    must(flash_mysql_new(config, &mysql, &err), &err);
    return mysql;
}

void ledger_begin(struct flash_mysql *mysql)
{
    struct flash_error err = {0};
    must(flash_mysql_begin(mysql, &err), &err);
}

void ledger_commit(struct flash_mysql *mysql)
{
    struct flash_error err = {0};
    must(flash_mysql_commit(mysql, &err), &err);
}

int64_t ledger_run(struct flash_mysql *mysql, const char *sql)
{
    struct flash_error err = {0};
    int64_t affected = 0;
    must(flash_mysql_exec(mysql, sql, NULL, 0, &affected, &err), &err);
    return affected;
}

static bool take_number(const struct flash_value *cells, int count, void *arg)
{
    assert_int_equal(count, 1);
    assert_int_equal(cells[0].type, FLASH_COLUMN_INT);
    assert_false(cells[0].null);
    *(int64_t *)arg = cells[0].number;
    return true;
}

int64_t ledger_number(struct flash_mysql *mysql, const char *sql)
{
    struct flash_error err = {0};
    int64_t number = -1;
    struct flash_query query = {.sql = sql, .column_count = 1, .row = take_number, .arg = &number};
    must(flash_mysql_query(mysql, &query, &err), &err);
    return number;
}

void ledger_refused(struct flash_mysql *mysql, const char *sql, enum flash_mysql_class class,
                    enum flash_error_kind kind)
{
    struct flash_error err = {0};
    if (flash_mysql_exec(mysql, sql, NULL, 0, NULL, &err)) {
        fail_msg("succeeded: %s", sql);
    }
    if (flash_mysql_last_class(mysql) != class || err.kind != kind) {
        fail_msg("class %d instead of %d, kind %s: %s", (int)flash_mysql_last_class(mysql),
                 (int)class, flash_error_kind_name(err.kind), err.text);
    }
}
