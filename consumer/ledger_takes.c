/* Negative adjustments in the ledger: each is an inflow of its SKU's next number, with a row of its
 * own in stock_log (docs/FORMATS.md, "Inflows and takes"). Rare, so one statement each. */
#include "ledger_internal.h"

#define TYPE_ADJUST 13 /* inflow.type */

static struct flash_value text_value(struct flash_text text)
{
    return flash_value_bytes(text.at, text.len);
}

/* A take's id is its SKU and its reference. */
static struct flash_value reference_of(const struct flash_batch_line *line)
{
    return flash_value_bytes(line->order_id + line->ref_at,
                             (size_t)(line->order_id_len - line->ref_at));
}

static bool found(const struct flash_value *cells, int count, void *arg)
{
    (void)cells;
    (void)count;
    struct flash_batch_row *row = arg;
    row->found = true;
    return true;
}

bool flash_ledger_look_takes(struct flash_ledger *ledger, struct flash_batch *batch,
                             struct flash_error *err)
{
    for (int i = 0; i < batch->line_count; i++) {
        const struct flash_batch_line *line = &batch->lines[i];
        const struct flash_batch_entry *entry = &batch->entries[line->entry];
        const struct flash_value params[] = {flash_value_int(entry->sku), reference_of(line)};
        const struct flash_query query = {
            .sql = "SELECT number FROM inflow WHERE sku = ? AND reference = ?",
            .params = params,
            .param_count = 2,
            .column_count = 1,
            .row = found,
            .arg = flash_batch_row(batch, i),
        };
        if (entry->type == FLASH_ENTRY_TAKE && line->row_at == i &&
            !flash_mysql_query(ledger->mysql, &query, err)) {
            return false;
        }
    }
    return true;
}

static bool insert_inflow(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                          const struct flash_plan_log *log, struct flash_error *err)
{
    const struct flash_batch_entry *entry = &work->batch->entries[log->entry];
    const struct flash_batch_line *line = &work->batch->lines[log->line];
    const struct flash_value params[] = {
        flash_value_int(entry->sku),
        flash_value_int(log->inflow),
        flash_value_int(TYPE_ADJUST),
        flash_value_int(log->after - log->before),
        reference_of(line),
        text_value(line->user),
        text_value(line->reason),
        flash_value_uuid(&entry->id),
        flash_value_int(work->now_ms),
    };
    return flash_mysql_exec(ledger->mysql,
                            "INSERT INTO inflow (sku, number, type, quantity, reference, operator, "
                            "reason, entry_id, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            params, 9, NULL, err);
}

static bool insert_log(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                       const struct flash_plan_log *log, struct flash_error *err)
{
    const struct flash_batch_entry *entry = &work->batch->entries[log->entry];
    const struct flash_batch_line *line = &work->batch->lines[log->line];
    const struct flash_value params[] = {
        flash_value_int(entry->sku),
        flash_value_int(entry->type),
        flash_value_int(log->after - log->before),
        flash_value_int(log->before),
        flash_value_int(log->after),
        flash_value_uuid(&entry->id),
        flash_value_int(log->inflow),
        text_value(line->user),
        text_value(line->reason),
        reference_of(line),
        flash_value_int(work->now_ms),
    };
    return flash_mysql_exec(
        ledger->mysql,
        "INSERT INTO stock_log (sku, type, quantity, available_before, available_after, entry_id, "
        "inflow_number, line_count, operator, reason, reference, created_at_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
        params, 11, NULL, err);
}

bool flash_ledger_insert_take(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                              const struct flash_plan_log *log, struct flash_error *err)
{
    return insert_inflow(ledger, work, log, err) && insert_log(ledger, work, log, err);
}
