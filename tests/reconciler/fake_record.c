/* Two tables in memory; see fake_record.h. */
#include "fake_record.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 5000

static struct {
    struct {
        enum flash_mysql_class class;
        int times, tried;
        bool effect;
    } steps[FAKE_RECORD_STEPS];
    enum flash_mysql_class last;
    struct fake_record_row findings[ROWS_MAX];
    int committed, pending; /* findings */
    struct fake_record_row begun, ended;
    bool has_begun, has_ended;
} fake;

void fake_record_reset(void)
{
    memset(&fake, 0, sizeof(fake));
}

void fake_record_fail(enum fake_record_step step, enum flash_mysql_class class, int times,
                      bool effect)
{
    fake.steps[step].class = class;
    fake.steps[step].times = times;
    fake.steps[step].effect = effect;
}

int fake_record_tried(enum fake_record_step step)
{
    return fake.steps[step].tried;
}

int fake_record_findings(void)
{
    return fake.committed;
}

const struct fake_record_row *fake_record_finding(int i)
{
    assert(i < fake.committed);
    return &fake.findings[i];
}

const struct fake_record_row *fake_record_begun(void)
{
    return fake.has_begun ? &fake.begun : NULL;
}

const struct fake_record_row *fake_record_ended(void)
{
    return fake.has_ended ? &fake.ended : NULL;
}

/* Whether the step takes effect; *ret_ok is what its caller is told. */
static bool take(enum fake_record_step step, bool *ret_ok, struct flash_error *err)
{
    fake.steps[step].tried++;
    *ret_ok = fake.steps[step].times == 0;
    if (*ret_ok) {
        return true;
    }
    fake.steps[step].times--;
    fake.last = fake.steps[step].class;
    flash_error_set(err, FLASH_ERROR_RETRY, "step %d: so says the test", (int)step);
    return fake.steps[step].effect;
}

static void put_value(char cell[480], const struct flash_value *value)
{
    if (value->null) {
        snprintf(cell, 480, "NULL");
    } else if (value->type == FLASH_COLUMN_INT) {
        snprintf(cell, 480, "%" PRId64, value->number);
    } else {
        size_t len =
            value->bytes.len < 479 ? value->bytes.len : 479; /* an id may have a NUL inside */
        memcpy(cell, value->bytes.at, len);
        cell[len] = '\0';
    }
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

enum flash_mysql_class flash_mysql_last_class(const struct flash_mysql *mysql)
{
    (void)mysql;
    return fake.last;
}

bool flash_mysql_begin(struct flash_mysql *mysql, struct flash_error *err)
{
    bool ok;
    (void)mysql;
    fake.pending = 0;
    (void)take(FAKE_RECORD_BEGIN, &ok, err);
    return ok;
}

bool flash_mysql_commit(struct flash_mysql *mysql, struct flash_error *err)
{
    bool ok;
    (void)mysql;
    if (take(FAKE_RECORD_COMMIT, &ok, err)) {
        fake.committed += fake.pending;
    }
    fake.pending = 0;
    return ok;
}

void flash_mysql_rollback(struct flash_mysql *mysql)
{
    (void)mysql;
    fake.pending = 0;
}

bool flash_mysql_exec(struct flash_mysql *mysql, const char *sql, const struct flash_value *params,
                      int param_count, int64_t *ret_affected, struct flash_error *err)
{
    bool ok, insert = strncmp(sql, "INSERT", 6) == 0;
    struct fake_record_row *row = insert ? &fake.begun : &fake.ended;
    bool *has = insert ? &fake.has_begun : &fake.has_ended;
    (void)mysql;
    assert(ret_affected == NULL && param_count <= 12);
    if (!take(insert ? FAKE_RECORD_BEGIN_RUN : FAKE_RECORD_END_RUN, &ok, err)) {
        return ok;
    }
    if (insert && *has) {
        fake.last = FLASH_MYSQL_DUPLICATE;
        return flash_error_set(err, FLASH_ERROR_DATA, "duplicate");
    }
    for (int i = 0; i < param_count; i++) {
        put_value(row->cells[i], &params[i]);
    }
    *has = true;
    return ok;
}

bool flash_mysql_query(struct flash_mysql *mysql, const struct flash_query *query,
                       struct flash_error *err)
{
    bool ok;
    (void)mysql;
    if (take(FAKE_RECORD_COUNT, &ok, err)) {
        const struct flash_value count = {.type = FLASH_COLUMN_INT, .number = fake.committed};
        query->row(&count, 1, query->arg);
    }
    return ok;
}

bool flash_mysql_bulk_insert(struct flash_mysql *mysql, const struct flash_bulk *bulk,
                             struct flash_error *err)
{
    bool ok;
    (void)mysql;
    assert(strcmp(bulk->table, "reconcile_finding") == 0 && bulk->column_count == 13);
    assert(fake.committed + bulk->row_count <= ROWS_MAX);
    if (!take(FAKE_RECORD_INSERT, &ok, err)) {
        return ok;
    }
    for (int row = 0; row < bulk->row_count; row++) {
        for (int i = 0; i < bulk->column_count; i++) {
            const struct flash_bulk_column *column = &bulk->columns[i];
            bool number = column->type == FLASH_COLUMN_INT;
            const struct flash_value value = {
                .type = column->type,
                .null = !number && column->bytes[row].at == NULL,
                .number = number ? column->numbers[row] : 0,
                .bytes = number ? (struct flash_text){"", 0} : column->bytes[row],
            };
            put_value(fake.findings[fake.committed + row].cells[i], &value);
        }
    }
    fake.pending = bulk->row_count;
    return ok;
}
