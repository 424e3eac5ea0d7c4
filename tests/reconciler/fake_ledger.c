/* The ledger in memory; see fake_ledger.h. What is inserted in a transaction that does not commit
 * is taken back. */
#include "fake_ledger.h"

#include "flash/mysql_value.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_ledger fake_ledger;

static struct {
    bool open;
    int verdict_count, row_count;
} transaction;

static enum flash_mysql_class last;

void fake_ledger_reset(void)
{
    fake_ledger = (struct fake_ledger){.generation = 1, .sku = 7};
    transaction.open = false;
    last = FLASH_MYSQL_OK;
}

void fake_ledger_add_verdict(const struct flash_uuid *id, int verdict, bool clean)
{
    assert(fake_ledger.verdict_count < FAKE_ROWS);
    fake_ledger.verdicts[fake_ledger.verdict_count++] =
        (struct fake_ledger_verdict){*id, verdict, clean};
}

/* ---- steps ---- */

static bool take(const char *step, struct flash_error *err)
{
    if (transaction.open || strcmp(step, "BEGIN") == 0) {
        size_t len = strlen(fake_ledger.steps);
        assert(len + strlen(step) + 3 < sizeof(fake_ledger.steps));
        snprintf(fake_ledger.steps + len, sizeof(fake_ledger.steps) - len, "%s%s", len ? ", " : "",
                 step);
    }
    bool fails = fake_ledger.failing && strcmp(fake_ledger.failing, step) == 0;
    if (!fails && !fake_ledger.away) {
        return true;
    }
    last = fails ? fake_ledger.class : FLASH_MYSQL_RETRY;
    return flash_error_set(err, FLASH_ERROR_RETRY, "ledger: %s: so says the test", step);
}

static const char *step_of(const char *sql)
{
    static char step[64];
    const char *table = strstr(sql, "FROM ");
    table = table ? table + 5 : "nothing";
    snprintf(step, sizeof(step), "%.*s %.*s", (int)strcspn(sql, " "), sql, (int)strcspn(table, " "),
             table);
    return step;
}

/* ---- connections and transactions ---- */

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

void flash_mysql_for_locks(struct flash_mysql *mysql, int64_t idle_s)
{
    (void)mysql;
    assert(idle_s >= 20);
}

bool flash_mysql_connected(const struct flash_mysql *mysql)
{
    (void)mysql;
    return true;
}

enum flash_mysql_class flash_mysql_last_class(const struct flash_mysql *mysql)
{
    (void)mysql;
    return last;
}

bool flash_mysql_begin(struct flash_mysql *mysql, struct flash_error *err)
{
    (void)mysql;
    bool ok = take("BEGIN", err);
    transaction.open = ok;
    transaction.verdict_count = fake_ledger.verdict_count;
    transaction.row_count = fake_ledger.row_count;
    return ok;
}

bool flash_mysql_commit(struct flash_mysql *mysql, struct flash_error *err)
{
    (void)mysql;
    bool ok = take("COMMIT", err);
    transaction.open = transaction.open && !ok;
    return ok;
}

void flash_mysql_rollback(struct flash_mysql *mysql)
{
    (void)mysql;
    if (transaction.open) {
        fake_ledger.verdict_count = transaction.verdict_count;
        fake_ledger.row_count = transaction.row_count;
    }
    transaction.open = false;
}

/* ---- statements ---- */

static struct flash_value bytes(const void *at, size_t len)
{
    return (struct flash_value){.type = FLASH_COLUMN_BYTES, .bytes = {at, len}};
}

bool flash_mysql_exec(struct flash_mysql *mysql, const char *sql, const struct flash_value *params,
                      int param_count, int64_t *ret_affected, struct flash_error *err)
{
    (void)mysql;
    (void)params;
    (void)param_count;
    (void)ret_affected;
    return take(step_of(sql), err);
}

bool flash_mysql_query(struct flash_mysql *mysql, const struct flash_query *query,
                       struct flash_error *err)
{
    (void)mysql;
    const char *step = step_of(query->sql);
    if (!take(step, err)) {
        return false;
    }
    struct flash_value cells[2] = {flash_value_int(fake_ledger.generation),
                                   flash_value_int(fake_ledger.read_only)};
    if (strcmp(step, "SELECT stock") == 0) {
        cells[0] = flash_value_int(fake_ledger.sku);
    } else if (strcmp(step, "SELECT nothing") == 0) {
        cells[0] = flash_value_int(!fake_ledger.lease_taken);
    } else if (strcmp(step, "SELECT consumer_progress") == 0) {
        cells[0] = flash_value_int(fake_ledger.applied);
    } else if (strcmp(step, "SELECT generation") != 0) {
        return true; /* parked, dead_letter: none */
    }
    query->row(cells, query->column_count, query->arg);
    return true;
}

static bool same(struct flash_text text, const void *at, size_t len)
{
    return text.len == len && memcmp(text.at, at, len) == 0;
}

static void answer_verdicts(const struct flash_query_in *query, struct flash_text key)
{
    for (int i = 0; i < fake_ledger.verdict_count; i++) {
        const struct fake_ledger_verdict *found = &fake_ledger.verdicts[i];
        const struct flash_value cells[] = {bytes(found->id.bytes, 16),
                                            flash_value_int(found->verdict),
                                            flash_value_int(found->clean)};
        if (same(key, found->id.bytes, 16)) {
            query->row(cells, 3, query->arg);
        }
    }
}

static void answer_markers(const struct flash_query_in *query, struct flash_text key)
{
    for (int i = 0; i < fake_ledger.marker_count; i++) {
        const struct flash_value cell = bytes(fake_ledger.markers[i].bytes, 16);
        if (same(key, fake_ledger.markers[i].bytes, 16)) {
            query->row(&cell, 1, query->arg);
        }
    }
}

static void answer_rows(const struct flash_query_in *query, struct flash_text key)
{
    for (int i = 0; i < fake_ledger.row_count; i++) {
        const struct fake_ledger_row *row = &fake_ledger.rows[i];
        const struct flash_value cells[] = {
            bytes(row->order_id, strlen(row->order_id)),
            flash_value_int(row->state),
            flash_value_int(row->version),
            flash_value_int(row->quantity),
            bytes(row->user, strlen(row->user)),
            flash_value_int(0),
            {.type = FLASH_COLUMN_BYTES, .null = true},
            bytes(row->entry.bytes, 16),
        };
        if (same(key, row->order_id, strlen(row->order_id))) {
            query->row(cells, query->column_count, query->arg);
        }
    }
}

bool flash_mysql_query_in(struct flash_mysql *mysql, const struct flash_query_in *query,
                          struct flash_error *err)
{
    (void)mysql;
    const char *step = step_of(query->sql);
    if (!take(step, err)) {
        return false;
    }
    for (int i = 0; i < query->key_count; i++) {
        struct flash_text key = query->keys[i].bytes;
        if (strcmp(step, "SELECT verdict") == 0) {
            answer_verdicts(query, key);
        } else if (strcmp(step, "SELECT marker") == 0) {
            answer_markers(query, key);
        } else {
            answer_rows(query, key);
        }
    }
    return true;
}

static const struct flash_bulk_column *column(const struct flash_bulk *bulk, const char *name)
{
    for (int i = 0; i < bulk->column_count; i++) {
        if (strcmp(bulk->columns[i].name, name) == 0) {
            return &bulk->columns[i];
        }
    }
    abort();
}

static void add_row(const struct flash_bulk *bulk, int i)
{
    assert(fake_ledger.row_count < FAKE_ROWS);
    struct fake_ledger_row *row = &fake_ledger.rows[fake_ledger.row_count++];
    struct flash_text order = column(bulk, "order_id")->bytes[i];
    struct flash_text user = column(bulk, "user_id")->bytes[i];
    snprintf(row->order_id, sizeof(row->order_id), "%.*s", (int)order.len, order.at);
    snprintf(row->user, sizeof(row->user), "%.*s", (int)user.len, user.at);
    row->state = (int)column(bulk, "state")->numbers[i];
    row->version = (int)column(bulk, "version")->numbers[i];
    row->quantity = (int)column(bulk, "qty")->numbers[i];
    memcpy(row->entry.bytes, column(bulk, "entry_id")->bytes[i].at, 16);
}

bool flash_mysql_bulk_insert(struct flash_mysql *mysql, const struct flash_bulk *bulk,
                             struct flash_error *err)
{
    (void)mysql;
    char step[64];
    snprintf(step, sizeof(step), "INSERT %s*%d", bulk->table, bulk->row_count);
    if (!take(step, err)) {
        return false;
    }
    for (int i = 0; i < bulk->row_count; i++) {
        if (strcmp(bulk->table, "reservation") == 0) {
            add_row(bulk, i);
        } else {
            struct flash_uuid id;
            memcpy(id.bytes, column(bulk, "entry_id")->bytes[i].at, 16);
            assert(column(bulk, "partition_no")->numbers[i] == -1);
            fake_ledger_add_verdict(&id, (int)column(bulk, "verdict")->numbers[i],
                                    column(bulk, "clean")->numbers[i] != 0);
        }
    }
    return true;
}
