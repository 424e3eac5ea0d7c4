/* The database of a test; see fake_mysql.h. */
#include "fake_mysql.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    char steps[4096];
    const char *failing;
    enum flash_mysql_class class, last;
    fake_mysql_rows rows;
    fake_mysql_answer answer;
    int64_t changed;
} fake;

void fake_mysql_reset(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.changed = 1;
}

const char *fake_mysql_steps(void)
{
    return fake.steps;
}

void fake_mysql_fail(const char *step, enum flash_mysql_class class)
{
    fake.failing = step;
    fake.class = class;
}

void fake_mysql_set_rows(fake_mysql_rows rows)
{
    fake.rows = rows;
}

void fake_mysql_set_answer(fake_mysql_answer answer)
{
    fake.answer = answer;
}

void fake_mysql_set_changed(int64_t changed)
{
    fake.changed = changed;
}

static bool take(const char *step, struct flash_error *err)
{
    size_t len = strlen(fake.steps);
    assert(len + strlen(step) + 3 < sizeof(fake.steps));
    snprintf(fake.steps + len, sizeof(fake.steps) - len, "%s%s", len ? ", " : "", step);
    if (fake.failing == NULL || strcmp(fake.failing, step) != 0) {
        return true;
    }
    static const enum flash_error_kind kinds[] = {
        [FLASH_MYSQL_RETRY] = FLASH_ERROR_RETRY, [FLASH_MYSQL_DUPLICATE] = FLASH_ERROR_DATA,
        [FLASH_MYSQL_DATA] = FLASH_ERROR_DATA,   [FLASH_MYSQL_UNKNOWN_COMMIT] = FLASH_ERROR_UNKNOWN,
        [FLASH_MYSQL_BUG] = FLASH_ERROR_BUG,
    };
    fake.last = fake.class;
    return flash_error_set(err, kinds[fake.class], "%s: so says the test", step);
}

/* The word after FROM, INTO or UPDATE; for SELECT … FROM DUAL the table inserted into. */
static const char *step_of(const char *sql)
{
    static char step[64];
    const char *table = strstr(sql, "INTO ");
    table = table                             ? table + 5
            : strncmp(sql, "UPDATE ", 7) == 0 ? sql + 7
                                              : strstr(sql, "FROM ") + 5;
    snprintf(step, sizeof(step), "%.*s %.*s", (int)strcspn(sql, " "), sql, (int)strcspn(table, " "),
             table);
    return step;
}

bool flash_mysql_new(const struct flash_config *config, struct flash_mysql **ret_mysql,
                     struct flash_error *err)
{
    (void)config;
    (void)err;
    *ret_mysql = malloc(1);
    return *ret_mysql != NULL;
}

void flash_mysql_free(struct flash_mysql *mysql)
{
    free(mysql);
}

bool flash_mysql_connect(struct flash_mysql *mysql, struct flash_error *err)
{
    (void)mysql;
    (void)err;
    return true;
}

enum flash_mysql_class flash_mysql_last_class(const struct flash_mysql *mysql)
{
    (void)mysql;
    return fake.last;
}

bool flash_mysql_begin(struct flash_mysql *mysql, struct flash_error *err)
{
    (void)mysql;
    return take("BEGIN", err);
}

bool flash_mysql_commit(struct flash_mysql *mysql, struct flash_error *err)
{
    (void)mysql;
    return take("COMMIT", err);
}

void flash_mysql_rollback(struct flash_mysql *mysql)
{
    (void)mysql;
    (void)take("ROLLBACK", NULL);
}

bool flash_mysql_exec(struct flash_mysql *mysql, const char *sql, const struct flash_value *params,
                      int param_count, int64_t *ret_affected, struct flash_error *err)
{
    (void)mysql;
    (void)params;
    assert(param_count <= FLASH_MYSQL_COLUMNS);
    if (!take(step_of(sql), err)) {
        return false;
    }
    if (ret_affected != NULL) {
        *ret_affected = fake.changed;
    }
    return true;
}

bool flash_mysql_query(struct flash_mysql *mysql, const struct flash_query *query,
                       struct flash_error *err)
{
    (void)mysql;
    const char *step = step_of(query->sql);
    if (!take(step, err)) {
        return false;
    }
    if (fake.answer != NULL) {
        fake.answer(strchr(step, ' ') + 1, query);
    }
    return true;
}

bool flash_mysql_query_in(struct flash_mysql *mysql, const struct flash_query_in *query,
                          struct flash_error *err)
{
    (void)mysql;
    const char *step = step_of(query->sql);
    if (!take(step, err)) {
        return false;
    }
    if (fake.rows != NULL) {
        fake.rows(strchr(step, ' ') + 1, query);
    }
    return true;
}

static bool bulk(const char *step, int rows, struct flash_error *err)
{
    char text[80];
    assert(rows > 0);
    snprintf(text, sizeof(text), "%s*%d", step, rows);
    return take(text, err);
}

bool flash_mysql_bulk_insert(struct flash_mysql *mysql, const struct flash_bulk *rows,
                             struct flash_error *err)
{
    (void)mysql;
    char step[64];
    snprintf(step, sizeof(step), "INSERT %s", rows->table);
    return bulk(step, rows->row_count, err);
}

bool flash_mysql_bulk_update(struct flash_mysql *mysql, const struct flash_bulk *rows,
                             struct flash_error *err)
{
    (void)mysql;
    return bulk(step_of(rows->sql), rows->row_count, err);
}
