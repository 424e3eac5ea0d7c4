/* Looks up what the ledger has already of a batch: verdicts and reservation rows. Runs after the
 * stock rows are locked. */
#include <stdlib.h>
#include <string.h>

#include "ledger_internal.h"

struct look {
    struct flash_ledger *ledger;
    struct flash_batch *batch;
    int order_count; /* looked for: ledger->order is sorted by entry id, then by order id */
};

static int by_entry_id(const void *a, const void *b, void *batch)
{
    const struct flash_batch_entry *entries = ((struct flash_batch *)batch)->entries;
    const struct flash_uuid *x = &entries[*(const int *)a].id, *y = &entries[*(const int *)b].id;
    return memcmp(x->bytes, y->bytes, sizeof(x->bytes));
}

/* Each entry is looked for once: its copies are REPEATED. */
static bool take_verdict(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    struct look *look = arg;
    const int *order = look->ledger->order;
    int low = 0, high = look->order_count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        struct flash_batch_entry *entry = &look->batch->entries[order[middle]];
        int cmp = memcmp(entry->id.bytes, cells[0].bytes.at, sizeof(entry->id.bytes));
        if (cmp == 0) {
            entry->fate = FLASH_FATE_DUPLICATE;
            entry->fenced = cells[1].number == 2;
            entry->clean = cells[2].number == 1;
            return true;
        }
        low = cmp < 0 ? middle + 1 : low;
        high = cmp < 0 ? high : middle;
    }
    return true;
}

static bool look_verdicts(struct look *look, struct flash_error *err)
{
    struct flash_ledger *ledger = look->ledger;
    int count = 0;
    for (int i = 0; i < look->batch->message_count; i++) {
        struct flash_batch_entry *entry = &look->batch->entries[i];
        if (entry->fate == FLASH_FATE_APPLY) {
            ledger->order[count] = i;
            ledger->keys[count++] = flash_value_uuid(&entry->id);
        }
    }
    qsort_r(ledger->order, (size_t)count, sizeof(*ledger->order), by_entry_id, look->batch);
    look->order_count = count;
    struct flash_query_in query = {
        .sql = "SELECT entry_id, verdict, clean FROM verdict WHERE entry_id IN (%s)",
        .keys = ledger->keys,
        .key_count = count,
        .column_count = 3,
        .row = take_verdict,
        .arg = look,
    };
    return flash_mysql_query_in(ledger->mysql, &query, err);
}

/* ---- reservation rows ---- */

static int by_order_id(const void *a, const void *b, void *batch)
{
    const struct flash_batch_line *lines = ((struct flash_batch *)batch)->lines;
    return strcmp(lines[*(const int *)a].order_id, lines[*(const int *)b].order_id);
}

static void take_row(struct flash_batch *batch, int i, const struct flash_value *cells)
{
    *flash_batch_row(batch, i) = (struct flash_batch_row){
        .found = true,
        .state = flash_state_from_ledger_code(cells[1].number),
        .version = (int)cells[2].number,
        .quantity = (int)cells[3].number,
        .user = flash_batch_keep(batch, cells[4].bytes),
        .due_s = cells[5].number,
        .payment =
            cells[6].null ? (struct flash_text){NULL, 0} : flash_batch_keep(batch, cells[6].bytes),
    };
}

/* Finds the order's first line in look->ledger->order, which keeps its row. */
static bool take_reservation(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    struct look *look = arg;
    struct flash_batch *batch = look->batch;
    const int *order = look->ledger->order;
    struct flash_text id = cells[0].bytes;
    int low = 0, high = look->order_count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        const struct flash_batch_line *line = &batch->lines[order[middle]];
        size_t len = line->order_id_len < id.len ? line->order_id_len : id.len;
        int cmp = memcmp(line->order_id, id.at, len);
        bool before = cmp < 0 || (cmp == 0 && line->order_id_len < id.len);
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    const struct flash_batch_line *line =
        low < look->order_count ? &batch->lines[order[low]] : NULL;
    if (line && line->order_id_len == id.len && memcmp(line->order_id, id.at, id.len) == 0) {
        take_row(batch, order[low], cells);
    }
    return true;
}

static bool look_reservations(struct look *look, struct flash_error *err)
{
    struct flash_ledger *ledger = look->ledger;
    struct flash_batch *batch = look->batch;
    int count = 0;
    for (int i = 0; i < batch->line_count; i++) {
        bool order = batch->entries[batch->lines[i].entry].type != FLASH_ENTRY_TAKE;
        if (order && batch->lines[i].row_at == i) {
            ledger->order[count++] = i;
        }
    }
    qsort_r(ledger->order, (size_t)count, sizeof(*ledger->order), by_order_id, batch);
    for (int i = 0; i < count; i++) {
        const struct flash_batch_line *line = &batch->lines[ledger->order[i]];
        ledger->keys[i] = flash_value_bytes(line->order_id, line->order_id_len);
    }
    look->order_count = count;
    struct flash_query_in query = {
        .sql = "SELECT order_id, state, version, qty, user_id, due, payment_id FROM reservation "
               "WHERE order_id IN (%s)",
        .keys = ledger->keys,
        .key_count = count,
        .column_count = 7,
        .row = take_reservation,
        .arg = look,
    };
    return flash_mysql_query_in(ledger->mysql, &query, err);
}

bool flash_ledger_look(struct flash_ledger *ledger, struct flash_batch *batch,
                       struct flash_error *err)
{
    struct look look = {ledger, batch, 0};
    flash_plan_unify(batch);
    return look_verdicts(&look, err) && look_reservations(&look, err);
}
