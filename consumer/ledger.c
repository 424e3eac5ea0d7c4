/* The order of the ledger transaction; see ledger.h. */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "ledger_internal.h"

bool flash_ledger_new(const struct flash_config *config, struct flash_ledger **ret_ledger,
                      struct flash_error *err)
{
    struct flash_ledger *ledger = calloc(1, sizeof(*ledger));
    if (!ledger) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "ledger: out of memory");
    }
    ledger->row_max =
        2 * (config->consumer.batch_lines + FLASH_BATCH_LINES); /* a log row each, too */
    size_t rows = (size_t)ledger->row_max;
    bool ok = true;
    for (int i = 0; i < FLASH_LEDGER_COLUMNS; i++) {
        ledger->numbers[i] = calloc(rows, sizeof(*ledger->numbers[i]));
        ledger->bytes[i] = calloc(rows, sizeof(*ledger->bytes[i]));
        ok = ok && ledger->numbers[i] && ledger->bytes[i];
    }
    ledger->order = calloc(rows, sizeof(*ledger->order));
    ledger->keys = calloc(rows, sizeof(*ledger->keys));
    snprintf(ledger->topic, sizeof(ledger->topic), "%s", config->kafka.topic);
    if (!ok || !ledger->order || !ledger->keys) {
        flash_ledger_free(ledger);
        return flash_error_set(err, FLASH_ERROR_RETRY, "ledger: out of memory");
    }
    if (!flash_mysql_new(config, &ledger->mysql, err)) {
        flash_ledger_free(ledger);
        return false;
    }
    *ret_ledger = ledger;
    return true;
}

void flash_ledger_free(struct flash_ledger *ledger)
{
    if (!ledger) {
        return;
    }
    flash_mysql_free(ledger->mysql);
    for (int i = 0; i < FLASH_LEDGER_COLUMNS; i++) {
        free(ledger->numbers[i]);
        free(ledger->bytes[i]);
    }
    free(ledger->order);
    free(ledger->keys);
    free(ledger);
}

/* ---- the steps ---- */

static bool take_stock(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    struct flash_plan_sku *sku = flash_plan_find(arg, cells[0].number);
    if (sku) {
        sku->known = true;
        sku->available = cells[1].number;
        sku->inflows = cells[2].number;
    }
    return true;
}

static bool lock_stock(struct flash_ledger *ledger, struct flash_plan *plan,
                       struct flash_error *err)
{
    for (int i = 0; i < plan->sku_count; i++) {
        ledger->keys[i] = flash_value_int(plan->skus[i].sku);
    }
    struct flash_query_in query = {
        .sql = "SELECT sku, available, version FROM stock WHERE sku IN (%s) "
               "ORDER BY sku FOR UPDATE",
        .keys = ledger->keys,
        .key_count = plan->sku_count,
        .column_count = 3,
        .row = take_stock,
        .arg = plan,
    };
    return flash_mysql_query_in(ledger->mysql, &query, err);
}

/* One statement for all SKUs where the server takes arrays: a batch of many SKUs has a row each. */
static bool update_stock(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                         struct flash_error *err)
{
    enum { BASE, AVAILABLE, RESERVED, SOLD, INFLOWS, FLAGS, AT, SKU, COUNT };
    struct flash_bulk_column columns[COUNT];
    struct flash_bulk bulk = {
        .sql = "UPDATE stock SET base = base + ?, available = available + ?, "
               "reserved = reserved + ?, sold = sold + ?, version = version + ?, "
               "flagged = flagged | ?, updated_at_ms = ? WHERE sku = ?",
        .columns = columns,
        .column_count = COUNT,
    };
    int64_t **n = ledger->numbers;
    for (int i = 0; i < work->plan->sku_count; i++) {
        const struct flash_plan_sku *sku = &work->plan->skus[i];
        if (!sku->to_available && !sku->to_reserved && !sku->to_sold && !sku->shortage) {
            continue;
        }
        n[BASE][bulk.row_count] = sku->to_base;
        n[AVAILABLE][bulk.row_count] = sku->to_available;
        n[RESERVED][bulk.row_count] = sku->to_reserved;
        n[SOLD][bulk.row_count] = sku->to_sold;
        n[INFLOWS][bulk.row_count] = sku->to_inflows;
        n[FLAGS][bulk.row_count] = sku->shortage;
        n[AT][bulk.row_count] = work->now_ms;
        n[SKU][bulk.row_count++] = sku->sku;
    }
    for (int i = 0; i < COUNT; i++) {
        columns[i] = (struct flash_bulk_column){.type = FLASH_COLUMN_INT, .numbers = n[i]};
    }
    return bulk.row_count == 0 || flash_mysql_bulk_update(ledger->mysql, &bulk, err);
}

static bool bury(struct flash_ledger *ledger, const struct flash_ledger_work *work, int i,
                 struct flash_error *err)
{
    const struct flash_message *message = &work->batch->messages[i];
    const char *reason = work->batch->entries[i].reason;
    struct flash_value place[] = {
        flash_value_text(ledger->topic),
        flash_value_int(message->partition),
        flash_value_int(message->offset),
    };
    struct flash_value params[] = {
        place[0],
        place[1],
        place[2],
        flash_value_text(reason),
        flash_value_bytes(message->value.at ? message->value.at : "", message->value.len),
        flash_value_int(work->now_ms),
        place[0],
        place[1],
        place[2],
    };
    return flash_mysql_exec(
        ledger->mysql,
        "INSERT INTO dead_letter (topic, partition_no, kafka_offset, reason, value, created_at_ms) "
        "SELECT ?, ?, ?, ?, ?, ? FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM dead_letter "
        "WHERE topic = ? AND partition_no = ? AND kafka_offset = ?)",
        params, 9, NULL, err);
}

static bool note_marker(struct flash_ledger *ledger, const struct flash_ledger_work *work, int i,
                        struct flash_error *err)
{
    const struct flash_message *message = &work->batch->messages[i];
    struct flash_value nonce = flash_value_uuid(&work->batch->entries[i].id);
    struct flash_value params[] = {
        nonce,
        flash_value_text(ledger->topic),
        flash_value_int(message->partition),
        flash_value_int(message->offset),
        flash_value_int(work->now_ms),
        nonce,
    };
    return flash_mysql_exec(
        ledger->mysql,
        "INSERT INTO marker (nonce, topic, partition_no, kafka_offset, applied_at_ms) "
        "SELECT ?, ?, ?, ?, ? FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM marker WHERE nonce = ?)",
        params, 6, NULL, err);
}

static bool write_others(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                         struct flash_error *err)
{
    for (int i = 0; i < work->batch->message_count; i++) {
        enum flash_entry_fate fate = work->batch->entries[i].fate;
        bool ok = fate == FLASH_FATE_DEAD     ? bury(ledger, work, i, err)
                  : fate == FLASH_FATE_MARKER ? note_marker(ledger, work, i, err)
                                              : true;
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool draw_owner(struct flash_ledger *ledger, struct flash_error *err)
{
    if (getrandom(&ledger->owner, sizeof(ledger->owner), 0) != sizeof(ledger->owner)) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "no randomness");
    }
    ledger->owner >>= 1; /* the column is bound as a signed number */
    return true;
}

static bool write_all(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                      bool *ret_held, struct flash_error *err)
{
    flash_plan_collect(work->plan, work->batch);
    if (!flash_mysql_begin(ledger->mysql, err) || !lock_stock(ledger, work->plan, err)) {
        return false;
    }
    if ((work->careful || work->batch->transitions) &&
        !flash_ledger_look(ledger, work->batch, err)) {
        return false;
    }
    if (work->batch->takes && !flash_ledger_look_takes(ledger, work->batch, err)) {
        return false;
    }
    flash_plan_judge(work->plan, work->batch);
    return flash_ledger_insert_rows(ledger, work, err) && update_stock(ledger, work, err) &&
           flash_ledger_write_losers(ledger, work, err) && write_others(ledger, work, err) &&
           flash_ledger_move_progress(ledger, work, ret_held, err);
}

/* By the error, not by the class of the connection's last failure, which may be an older one: not
 * every failure is a statement's. */
static enum flash_ledger_outcome failed(struct flash_ledger *ledger, const struct flash_error *err)
{
    enum flash_mysql_class class = flash_mysql_last_class(ledger->mysql);
    flash_mysql_rollback(ledger->mysql);
    if (err->kind == FLASH_ERROR_RETRY || err->kind == FLASH_ERROR_UNKNOWN) {
        return FLASH_LEDGER_AGAIN;
    }
    return class == FLASH_MYSQL_DATA  ? FLASH_LEDGER_REFUSED
           : class == FLASH_MYSQL_BUG ? FLASH_LEDGER_BROKEN
                                      : FLASH_LEDGER_AGAIN;
}

static enum flash_ledger_outcome outrun(struct flash_ledger *ledger, struct flash_error *err)
{
    flash_mysql_rollback(ledger->mysql);
    flash_error_set(err, FLASH_ERROR_RETRY,
                    "another consumer or a recovery has moved the progress");
    return FLASH_LEDGER_OUTRUN;
}

enum flash_ledger_outcome flash_ledger_write(struct flash_ledger *ledger,
                                             const struct flash_ledger_work *work,
                                             struct flash_error *err)
{
    bool held = false;
    ledger->full = false;
    if (!draw_owner(ledger, err)) {
        return FLASH_LEDGER_AGAIN; /* nothing was begun */
    }
    if (!write_all(ledger, work, &held, err)) {
        enum flash_ledger_outcome outcome = failed(ledger, err);
        return ledger->full ? FLASH_LEDGER_FULL : outcome;
    }
    if (!held) {
        return outrun(ledger, err);
    }
    return flash_mysql_commit(ledger->mysql, err) ? FLASH_LEDGER_COMMITTED : failed(ledger, err);
}

enum flash_ledger_outcome flash_ledger_write_progress(struct flash_ledger *ledger,
                                                      struct flash_progress_table *progress,
                                                      int64_t now_ms, struct flash_error *err)
{
    bool held = false;
    struct flash_ledger_work work = {.progress = progress, .now_ms = now_ms};
    if (!flash_mysql_begin(ledger->mysql, err) ||
        !flash_ledger_move_progress(ledger, &work, &held, err)) {
        return failed(ledger, err);
    }
    if (!held) {
        return outrun(ledger, err);
    }
    return flash_mysql_commit(ledger->mysql, err) ? FLASH_LEDGER_COMMITTED : failed(ledger, err);
}
