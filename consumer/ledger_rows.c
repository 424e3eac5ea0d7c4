/* The bulk inserts of a judged batch: verdicts, reservations, stock_log; all plain (DESIGN §7:
 * never INSERT IGNORE). */
#include "ledger_internal.h"

static struct flash_bulk_column number_column(const struct flash_ledger *ledger, const char *name,
                                              int i)
{
    return (struct flash_bulk_column){
        .name = name, .type = FLASH_COLUMN_INT, .numbers = ledger->numbers[i]};
}

static struct flash_bulk_column bytes_column(const struct flash_ledger *ledger, const char *name,
                                             int i)
{
    return (struct flash_bulk_column){
        .name = name, .type = FLASH_COLUMN_BYTES, .bytes = ledger->bytes[i]};
}

static struct flash_text id_text(const struct flash_batch_entry *entry)
{
    return (struct flash_text){(const char *)entry->id.bytes, sizeof(entry->id.bytes)};
}

static bool insert(struct flash_ledger *ledger, const struct flash_bulk *bulk,
                   struct flash_error *err)
{
    return bulk->row_count == 0 || flash_mysql_bulk_insert(ledger->mysql, bulk, err);
}

static bool insert_verdicts(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                            struct flash_error *err)
{
    enum {
        ID,
        TYPE,
        VERDICT,
        CLEAN,
        SKU,
        US,
        GENERATION,
        DUE,
        LINES,
        PARTITION,
        OFFSET,
        OWNER,
        AT
    };
    int64_t **n = ledger->numbers;
    int rows = 0;
    for (int i = 0; i < work->batch->message_count; i++) {
        const struct flash_batch_entry *entry = &work->batch->entries[i];
        if (entry->fate != FLASH_FATE_APPLY) {
            continue;
        }
        ledger->bytes[ID][rows] = id_text(entry);
        n[TYPE][rows] = entry->type;
        n[VERDICT][rows] = 1;
        n[CLEAN][rows] = entry->clean;
        n[SKU][rows] = entry->sku;
        n[US][rows] = (int64_t)entry->stream_us;
        n[GENERATION][rows] = entry->generation;
        n[DUE][rows] = entry->due_s;
        n[LINES][rows] = entry->line_count;
        n[PARTITION][rows] = entry->partition;
        n[OFFSET][rows] = entry->offset;
        n[OWNER][rows] = (int64_t)ledger->owner;
        n[AT][rows++] = work->now_ms;
    }
    struct flash_bulk_column columns[] = {
        bytes_column(ledger, "entry_id", ID),
        number_column(ledger, "type", TYPE),
        number_column(ledger, "verdict", VERDICT),
        number_column(ledger, "clean", CLEAN),
        number_column(ledger, "sku", SKU),
        number_column(ledger, "stream_us", US),
        number_column(ledger, "generation", GENERATION),
        number_column(ledger, "due", DUE),
        number_column(ledger, "line_count", LINES),
        number_column(ledger, "partition_no", PARTITION),
        number_column(ledger, "kafka_offset", OFFSET),
        number_column(ledger, "owner", OWNER),
        number_column(ledger, "applied_at_ms", AT),
    };
    return insert(ledger, &(struct flash_bulk){"verdict", columns, 13, rows}, err);
}

static bool insert_reservations(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                                struct flash_error *err)
{
    enum { ORDER, SKU, USER, QTY, STATE, VERSION, DUE, ENTRY, LINE, PAYMENT, AT };
    const struct flash_batch *batch = work->batch;
    int64_t **n = ledger->numbers;
    int rows = 0;
    for (int i = 0; i < batch->line_count; i++) {
        const struct flash_batch_line *line = &batch->lines[i];
        const struct flash_batch_row *row = &line->row;
        if (line->row_at != i || !row->made) {
            continue;
        }
        const struct flash_batch_entry *entry = &batch->entries[batch->lines[row->made_by].entry];
        ledger->bytes[ORDER][rows] = (struct flash_text){line->order_id, line->order_id_len};
        ledger->bytes[USER][rows] = row->user;
        ledger->bytes[ENTRY][rows] = id_text(entry);
        ledger->bytes[PAYMENT][rows] = row->payment;
        n[SKU][rows] = entry->sku;
        n[QTY][rows] = row->quantity;
        n[STATE][rows] = flash_state_ledger_code(row->state);
        n[VERSION][rows] = row->version;
        n[DUE][rows] = row->due_s;
        n[LINE][rows] = row->made_by - entry->first_line;
        n[AT][rows++] = work->now_ms;
    }
    struct flash_bulk_column columns[] = {
        bytes_column(ledger, "order_id", ORDER),    number_column(ledger, "sku", SKU),
        bytes_column(ledger, "user_id", USER),      number_column(ledger, "qty", QTY),
        number_column(ledger, "state", STATE),      number_column(ledger, "version", VERSION),
        number_column(ledger, "due", DUE),          bytes_column(ledger, "entry_id", ENTRY),
        number_column(ledger, "line_no", LINE),     bytes_column(ledger, "payment_id", PAYMENT),
        number_column(ledger, "updated_at_ms", AT),
    };
    return insert(ledger, &(struct flash_bulk){"reservation", columns, 11, rows}, err);
}

/* The rows that were there before and have moved. */
static bool update_reservations(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                                struct flash_error *err)
{
    enum { STATE, VERSION, PAYMENT, AT, ORDER };
    const struct flash_batch *batch = work->batch;
    int64_t **n = ledger->numbers;
    int rows = 0;
    for (int i = 0; i < batch->line_count; i++) {
        const struct flash_batch_line *line = &batch->lines[i];
        if (line->row_at != i || !line->row.changed || line->row.made) {
            continue;
        }
        n[STATE][rows] = flash_state_ledger_code(line->row.state);
        n[VERSION][rows] = line->row.version;
        ledger->bytes[PAYMENT][rows] = line->row.payment;
        n[AT][rows] = work->now_ms;
        ledger->bytes[ORDER][rows++] = (struct flash_text){line->order_id, line->order_id_len};
    }
    struct flash_bulk_column columns[] = {
        number_column(ledger, "state", STATE),       number_column(ledger, "version", VERSION),
        bytes_column(ledger, "payment_id", PAYMENT), number_column(ledger, "updated_at_ms", AT),
        bytes_column(ledger, "order_id", ORDER),
    };
    struct flash_bulk bulk = {
        .sql = "UPDATE reservation SET state = ?, version = ?, payment_id = ?, updated_at_ms = ? "
               "WHERE order_id = ?",
        .columns = columns,
        .column_count = 5,
        .row_count = rows,
    };
    return rows == 0 || flash_mysql_bulk_update(ledger->mysql, &bulk, err);
}

/* Rows of the plan's log, from `from` up to `to`; none of them is a take. */
struct span {
    int from, to;
};

/* Who moved an order: its buyer, or the clock. A reserve entry has many buyers: they are in its
 * orders. */
static struct flash_text operator_of(const struct flash_batch_entry *entry,
                                     const struct flash_batch_line *line)
{
    static const char expiry[] = "flash-reconciler";
    if (line == NULL) {
        return (struct flash_text){NULL, 0};
    }
    return entry->type == FLASH_ENTRY_EXPIRE ? (struct flash_text){expiry, sizeof(expiry) - 1}
                                             : line->user;
}

static bool insert_log_rows(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                            struct span span, struct flash_error *err)
{
    enum { SKU, TYPE, QUANTITY, BEFORE, AFTER, ENTRY, ORDER, LINES, OPERATOR, REFERENCE, AT };
    int64_t **n = ledger->numbers;
    for (int i = 0; i < span.to - span.from; i++) {
        const struct flash_plan_log *log = &work->plan->logs[span.from + i];
        const struct flash_batch_entry *entry = &work->batch->entries[log->entry];
        const struct flash_batch_line *line = log->line < 0 ? NULL : &work->batch->lines[log->line];
        ledger->bytes[ENTRY][i] = id_text(entry);
        ledger->bytes[ORDER][i] = line ? (struct flash_text){line->order_id, line->order_id_len}
                                       : (struct flash_text){NULL, 0};
        ledger->bytes[OPERATOR][i] = operator_of(entry, line);
        ledger->bytes[REFERENCE][i] =
            line && line->payment.len ? line->payment : (struct flash_text){NULL, 0};
        n[SKU][i] = entry->sku;
        n[TYPE][i] = entry->type;
        n[QUANTITY][i] = log->after - log->before;
        n[BEFORE][i] = log->before;
        n[AFTER][i] = log->after;
        n[LINES][i] = line ? 1 : entry->line_count;
        n[AT][i] = work->now_ms;
    }
    struct flash_bulk_column columns[] = {
        number_column(ledger, "sku", SKU),
        number_column(ledger, "type", TYPE),
        number_column(ledger, "quantity", QUANTITY),
        number_column(ledger, "available_before", BEFORE),
        number_column(ledger, "available_after", AFTER),
        bytes_column(ledger, "entry_id", ENTRY),
        bytes_column(ledger, "order_id", ORDER),
        number_column(ledger, "line_count", LINES),
        bytes_column(ledger, "operator", OPERATOR),
        bytes_column(ledger, "reference", REFERENCE),
        number_column(ledger, "created_at_ms", AT),
    };
    return insert(ledger, &(struct flash_bulk){"stock_log", columns, 11, span.to - span.from}, err);
}

/* In the order of the plan: each row begins where the one before ended. */
static bool insert_log(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                       struct flash_error *err)
{
    const struct flash_plan *plan = work->plan;
    bool ok = true;
    for (struct span span = {0, 0}; ok && span.from < plan->log_count; span.from = ++span.to) {
        while (span.to < plan->log_count && !plan->logs[span.to].inflow) {
            span.to++;
        }
        ok = insert_log_rows(ledger, work, span, err) &&
             (span.to == plan->log_count ||
              flash_ledger_insert_take(ledger, work, &plan->logs[span.to], err));
    }
    return ok;
}

bool flash_ledger_insert_rows(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                              struct flash_error *err)
{
    return insert_verdicts(ledger, work, err) && insert_reservations(ledger, work, err) &&
           update_reservations(ledger, work, err) && insert_log(ledger, work, err);
}
