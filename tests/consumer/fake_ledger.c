/* The ledger of a test; see fake_ledger.h. */
#include "fake_ledger.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct flash_ledger *last;

struct flash_ledger *fake_ledger_last(void)
{
    return last;
}

void fake_ledger_next(struct flash_ledger *ledger, enum flash_ledger_outcome outcome)
{
    assert(ledger->next_count < 16);
    ledger->next[ledger->next_count++] = outcome;
}

void fake_ledger_set_row(struct flash_ledger *ledger, int partition, int64_t offset,
                         const struct flash_uuid *uuid)
{
    struct fake_ledger_row *row = &ledger->rows[partition];
    row->applied = row->acked = offset;
    row->has_acked_entry = uuid != NULL;
    if (uuid != NULL) {
        row->acked_entry = *uuid;
    }
}

bool flash_ledger_new(const struct flash_config *config, struct flash_ledger **ret_ledger,
                      struct flash_error *err)
{
    (void)config;
    (void)err;
    last = calloc(1, sizeof(*last));
    assert(last != NULL);
    last->generation = 7;
    *ret_ledger = last;
    return true;
}

void flash_ledger_free(struct flash_ledger *ledger)
{
    free(ledger);
    last = NULL;
}

/* ---- progress ---- */

static bool away(const struct flash_ledger *ledger, struct flash_error *err)
{
    return ledger->away && !flash_error_set(err, FLASH_ERROR_RETRY, "ledger: away, says the test");
}

bool flash_ledger_read_generation(struct flash_ledger *ledger, int64_t *ret_generation,
                                  struct flash_error *err)
{
    if (away(ledger, err)) {
        return false;
    }
    *ret_generation = ledger->generation;
    return true;
}

bool flash_ledger_read_progress(struct flash_ledger *ledger, int partition,
                                struct flash_progress *progress, struct flash_error *err)
{
    const struct fake_ledger_row *row = &ledger->rows[partition];
    memset(progress, 0, sizeof(*progress));
    if (away(ledger, err)) {
        return false;
    }
    *progress = (struct flash_progress){
        .assigned = true,
        .applied = row->applied,
        .acked = row->acked,
        .settled = row->acked,
        .has_acked_entry = row->has_acked_entry,
        .has_settled_entry = row->has_acked_entry,
        .acked_entry = row->acked_entry,
        .settled_entry = row->acked_entry,
    };
    return true;
}

bool flash_ledger_compare_progress(struct flash_ledger *ledger,
                                   const struct flash_progress_table *table, bool *ret_same,
                                   struct flash_error *err)
{
    if (away(ledger, err)) {
        return false;
    }
    ledger->compared++;
    *ret_same = true;
    for (int p = 0; p < FAKE_LEDGER_PARTITIONS; p++) {
        const struct flash_progress *progress = &table->partitions[p];
        *ret_same &= !progress->assigned || (progress->applied == ledger->rows[p].applied &&
                                             progress->acked <= ledger->rows[p].acked);
    }
    return true;
}

bool flash_ledger_reset_progress(struct flash_ledger *ledger,
                                 const struct flash_ledger_reset *reset, struct flash_error *err)
{
    struct fake_ledger_row *row = &ledger->rows[reset->partition];
    if (away(ledger, err)) {
        return false;
    }
    if (row->applied == reset->applied) {
        *row = (struct fake_ledger_row){.applied = reset->offset, .acked = reset->offset};
    }
    return true;
}

/* The compare-and-set of every row that moves; false, nothing moved, when one does not match. */
static bool move_rows(struct flash_ledger *ledger, const struct flash_progress_table *table)
{
    struct fake_ledger_row moved[FAKE_LEDGER_PARTITIONS];
    memcpy(moved, ledger->rows, sizeof(moved));
    for (int p = 0; p < FAKE_LEDGER_PARTITIONS; p++) {
        const struct flash_progress *progress = &table->partitions[p];
        if (!progress->next && !(progress->assigned && progress->settled > progress->acked)) {
            continue;
        }
        if (!progress->assigned || moved[p].applied != progress->applied) {
            return false;
        }
        moved[p].applied = progress->next > progress->applied ? progress->next : progress->applied;
        moved[p].acked = progress->settled;
        moved[p].has_acked_entry = progress->has_settled_entry;
        moved[p].acked_entry = progress->settled_entry;
    }
    memcpy(ledger->rows, moved, sizeof(moved));
    return true;
}

enum flash_ledger_outcome flash_ledger_write_progress(struct flash_ledger *ledger,
                                                      struct flash_progress_table *progress,
                                                      int64_t now_ms, struct flash_error *err)
{
    (void)now_ms;
    (void)err;
    return move_rows(ledger, progress) ? FLASH_LEDGER_COMMITTED : FLASH_LEDGER_OUTRUN;
}

/* ---- batches ---- */

static bool has_verdict(const struct flash_ledger *ledger, const struct flash_uuid *id)
{
    for (int i = 0; i < ledger->verdict_count; i++) {
        if (memcmp(ledger->verdicts[i].bytes, id->bytes, sizeof(id->bytes)) == 0) {
            return true;
        }
    }
    return false;
}

/* Marks the entries that have a verdict; returns how many. */
static int look(const struct flash_ledger *ledger, struct flash_batch *batch)
{
    int found = 0;
    for (int i = 0; i < batch->message_count; i++) {
        struct flash_batch_entry *entry = &batch->entries[i];
        if (entry->fate == FLASH_FATE_APPLY && has_verdict(ledger, &entry->id)) {
            entry->fate = FLASH_FATE_DUPLICATE;
            entry->clean = true;
            found++;
        }
    }
    return found;
}

static void judge(const struct flash_ledger_work *work)
{
    flash_plan_collect(work->plan, work->batch);
    for (int i = 0; i < work->plan->sku_count; i++) {
        work->plan->skus[i].known = work->plan->skus[i].sku != FAKE_LEDGER_NO_SKU;
        work->plan->skus[i].available = FAKE_LEDGER_UNITS;
    }
    flash_plan_judge(work->plan, work->batch);
}

static bool poisoned(const struct flash_ledger *ledger, const struct flash_batch *batch)
{
    for (int i = 0; i < batch->message_count; i++) {
        if (ledger->longest && batch->messages[i].value.len > ledger->longest) {
            return true;
        }
        if (batch->entries[i].sku == FAKE_LEDGER_POISON &&
            batch->entries[i].fate == FLASH_FATE_APPLY) {
            return true;
        }
    }
    return false;
}

static enum flash_ledger_outcome commit(struct flash_ledger *ledger,
                                        const struct flash_ledger_work *work)
{
    if (!move_rows(ledger, work->progress)) {
        return FLASH_LEDGER_OUTRUN;
    }
    for (int i = 0; i < work->batch->message_count; i++) {
        if (work->batch->entries[i].fate == FLASH_FATE_APPLY) {
            assert(ledger->verdict_count < 64);
            ledger->verdicts[ledger->verdict_count++] = work->batch->entries[i].id;
        }
    }
    return FLASH_LEDGER_COMMITTED;
}

static enum flash_ledger_outcome try_write(struct flash_ledger *ledger,
                                           const struct flash_ledger_work *work,
                                           struct flash_error *err)
{
    if (work->careful || work->batch->transitions) {
        flash_plan_unify(work->batch);
    }
    bool met = look(ledger, work->batch) > 0 && !work->careful;
    judge(work);
    if (ledger->next_used < ledger->next_count) {
        flash_error_set(err, FLASH_ERROR_RETRY, "ledger: so says the test");
        return ledger->next[ledger->next_used++];
    }
    if (met) {
        flash_error_set(err, FLASH_ERROR_DATA, "ledger: duplicate entry");
        return FLASH_LEDGER_AGAIN;
    }
    return poisoned(ledger, work->batch) ? FLASH_LEDGER_REFUSED : commit(ledger, work);
}

enum flash_ledger_outcome flash_ledger_write(struct flash_ledger *ledger,
                                             const struct flash_ledger_work *work,
                                             struct flash_error *err)
{
    struct fake_ledger_write *write = &ledger->writes[ledger->write_count++];
    assert(ledger->write_count < 64);
    write->careful = work->careful;
    write->messages = work->batch->message_count;
    write->bytes = work->batch->messages[0].value.len;
    write->outcome = try_write(ledger, work, err);
    for (int i = 0; i < work->batch->message_count; i++) {
        if (work->batch->entries[i].fate == FLASH_FATE_DEAD) {
            write->dead++;
            memcpy(write->reason, work->batch->entries[i].reason, sizeof(write->reason));
        }
        write->duplicates += work->batch->entries[i].fate == FLASH_FATE_DUPLICATE;
    }
    if (ledger->wrote) {
        ledger->wrote(ledger->arg);
    }
    return write->outcome;
}

/* ---- parked ---- */

bool flash_ledger_count_parked(struct flash_ledger *ledger, int64_t *ret_count,
                               struct flash_error *err)
{
    *ret_count = ledger->parked_count;
    return !away(ledger, err);
}

/* Line i is of order "<sku>.<two digits of i>", counted from the first that was ever parked. */
bool flash_ledger_read_parked(struct flash_ledger *ledger, const char *from,
                              struct flash_parked_page *ret_page, struct flash_error *err)
{
    int most = ledger->parked_page ? ledger->parked_page : FLASH_PARKED_PAGE;
    (void)err;
    ret_page->count = 0;
    ret_page->last = true;
    for (int i = 0; i < 64; i++) {
        char order[32];
        const char *sku = ledger->parked[i] ? strstr(ledger->parked[i], "\"sku\":\"") + 7 : "";
        snprintf(order, sizeof(order), "%.*s.%02d", (int)strcspn(sku, "\""), sku, i);
        if (ledger->parked[i] == NULL || strcmp(order, from) < 0) {
            continue;
        }
        ret_page->last = ret_page->count < most;
        if (!ret_page->last) {
            break;
        }
        struct flash_parked *parked = &ret_page->lines[ret_page->count++];
        memcpy(parked->order_id, order, sizeof(order));
        parked->line_no = 0;
        parked->value = (struct flash_text){ledger->parked[i], strlen(ledger->parked[i])};
    }
    return true;
}

bool flash_ledger_unpark(struct flash_ledger *ledger, const struct flash_batch *batch,
                         struct flash_error *err)
{
    (void)err;
    assert(batch->parked_line >= 0);
    for (int i = 0; i < 64; i++) {
        if (ledger->parked[i] == batch->messages[0].value.at) {
            ledger->parked[i] = NULL;
            ledger->parked_count--;
        }
    }
    return true;
}

void fake_ledger_park(struct flash_ledger *ledger, const char *value)
{
    for (int i = 0; i < 64; i++) {
        if (ledger->parked[i] == NULL) {
            ledger->parked[i] = value;
            ledger->parked_count++;
            return;
        }
    }
    abort();
}
