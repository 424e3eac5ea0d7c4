/* What a refused or early transition leaves behind, in the transaction that decided it: a refund
 * row for a payment that came too late (DESIGN §4), a parked row for a line whose predecessor the
 * ledger has not seen (§5.1 rule 11). Rare, so one statement each. */
#include <string.h>

#include "ledger_internal.h"

static bool write_refund(struct flash_ledger *ledger, const struct flash_ledger_work *work, int i,
                         struct flash_error *err)
{
    const struct flash_batch_line *line = &work->batch->lines[i];
    const struct flash_batch_entry *entry = &work->batch->entries[line->entry];
    struct flash_value order = flash_value_bytes(line->order_id, line->order_id_len);
    struct flash_value payment = flash_value_bytes(line->payment.at, line->payment.len);
    enum flash_state met = flash_batch_row(work->batch, i)->state;
    struct flash_value params[] = {
        order,
        payment,
        flash_value_uuid(&entry->id),
        flash_value_int(flash_state_ledger_code(met)),
        flash_value_int(work->now_ms),
        order,
        payment,
    };
    return flash_mysql_exec(
        ledger->mysql,
        "INSERT INTO refund (order_id, payment_id, entry_id, state_met, created_at_ms) "
        "SELECT ?, ?, ?, ?, ? FROM DUAL WHERE NOT EXISTS "
        "(SELECT 1 FROM refund WHERE order_id = ? AND payment_id = ?)",
        params, 7, NULL, err);
}

static bool park(struct flash_ledger *ledger, const struct flash_ledger_work *work, int i,
                 struct flash_error *err)
{
    const struct flash_batch_line *line = &work->batch->lines[i];
    const struct flash_batch_entry *entry = &work->batch->entries[line->entry];
    struct flash_text value = work->batch->messages[line->entry].value;
    ledger->full = ledger->parked >= FLASH_PARKED_MAX;
    if (ledger->full) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "too many transitions are parked already");
    }
    struct flash_value params[] = {
        flash_value_bytes(line->order_id, line->order_id_len),
        flash_value_uuid(&entry->id),
        flash_value_int(i - entry->first_line),
        flash_value_int(entry->sku),
        flash_value_int(entry->type),
        flash_value_int(entry->partition),
        flash_value_int(entry->offset),
        flash_value_int(line->from_version),
        flash_value_bytes(value.at, value.len),
        flash_value_int(work->now_ms),
    };
    return flash_mysql_exec(
        ledger->mysql,
        "INSERT INTO parked (order_id, entry_id, line_no, sku, type, partition_no, kafka_offset, "
        "from_version, value, parked_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params, 10, NULL, err);
}

static bool take_count(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    *(int64_t *)arg = cells[0].number;
    return true;
}

bool flash_ledger_count_parked(struct flash_ledger *ledger, int64_t *ret_count,
                               struct flash_error *err)
{
    struct flash_query query = {.sql = "SELECT COUNT(*) FROM parked",
                                .column_count = 1,
                                .row = take_count,
                                .arg = &ledger->parked};
    if (!flash_mysql_connect(ledger->mysql, err) ||
        !flash_mysql_query(ledger->mysql, &query, err)) {
        return false;
    }
    *ret_count = ledger->parked;
    return true;
}

static bool take_parked(const struct flash_value *cells, int count, void *arg)
{
    enum { ORDER_ID, LINE_NO, VALUE };
    struct flash_parked_page *page = arg;
    struct flash_parked *parked = &page->lines[page->count];
    size_t order_len = cells[ORDER_ID].bytes.len, len = cells[VALUE].bytes.len;
    (void)count;
    page->last = len <= sizeof(page->bytes) - page->bytes_used;
    if (!page->last) {
        return false; /* for the next page */
    }
    memcpy(parked->order_id, cells[ORDER_ID].bytes.at, order_len);
    parked->order_id[order_len] = '\0';
    parked->line_no = (int)cells[LINE_NO].number;
    parked->value = (struct flash_text){page->bytes + page->bytes_used, len};
    memcpy(page->bytes + page->bytes_used, cells[VALUE].bytes.at, len);
    page->bytes_used += len;
    page->count++;
    return true;
}

/* Along the primary key, so that no page sorts or meets again what is before it. */
bool flash_ledger_read_parked(struct flash_ledger *ledger, const char *from,
                              struct flash_parked_page *ret_page, struct flash_error *err)
{
    const struct flash_value params[] = {flash_value_text(from),
                                         flash_value_int(FLASH_PARKED_PAGE)};
    struct flash_query query = {
        .sql = "SELECT p.order_id, p.line_no, p.value FROM parked p STRAIGHT_JOIN reservation r "
               "ON r.order_id = p.order_id WHERE p.order_id >= ? AND r.version >= p.from_version "
               "ORDER BY p.order_id, p.entry_id, p.line_no LIMIT ?",
        .params = params,
        .param_count = 2,
        .column_count = 3,
        .row = take_parked,
        .arg = ret_page,
    };
    ret_page->count = 0;
    ret_page->bytes_used = 0;
    ret_page->last = true;
    if (!flash_mysql_connect(ledger->mysql, err) ||
        !flash_mysql_query(ledger->mysql, &query, err)) {
        return false;
    }
    ret_page->last = ret_page->last && ret_page->count < FLASH_PARKED_PAGE;
    return true;
}

bool flash_ledger_unpark(struct flash_ledger *ledger, const struct flash_batch *batch,
                         struct flash_error *err)
{
    const struct flash_batch_line *line = &batch->lines[0];
    const struct flash_uuid *id = &batch->entries[0].id;
    struct flash_value params[] = {
        flash_value_bytes(line->order_id, line->order_id_len),
        flash_value_uuid(id),
        flash_value_int(batch->parked_line),
    };
    int64_t left = 0;
    if (line->fate != FLASH_LINE_PARKED &&
        !flash_mysql_exec(ledger->mysql,
                          "DELETE FROM parked WHERE order_id = ? AND entry_id = ? AND line_no = ?",
                          params, 3, &left, err)) {
        return false;
    }
    ledger->parked -= left;
    return true;
}

bool flash_ledger_write_losers(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                               struct flash_error *err)
{
    for (int i = 0; i < work->batch->line_count; i++) {
        const struct flash_batch_line *line = &work->batch->lines[i];
        if (line->refund && !write_refund(ledger, work, i, err)) {
            return false;
        }
        bool stays = work->batch->parked_line >= 0; /* it is there already */
        if (line->fate == FLASH_LINE_PARKED && !stays && !park(ledger, work, i, err)) {
            return false;
        }
    }
    return true;
}
