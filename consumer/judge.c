/* The judgement of a batch, entry by entry, line by line: see plan.h.
 *
 * A take of a reference that the ledger knows, or of units it does not have, is refused.
 * A reserve line makes its order's row, or finds one and changes nothing (§5.1 rule 9). A
 * transition line names the version it starts from: that one or a lower one is not there yet:
 * parked; exactly that one and a state that allows it: applied; else refused, and the row's version
 * still rises to the line's own (rule 10), for Redis counts it too. */
#include <string.h>

#include "plan.h"

static const struct transition {
    enum flash_state from, to;
    int available, reserved, sold; /* times the quantity */
} transitions[FLASH_ENTRY_TYPE_COUNT] = {
    [FLASH_ENTRY_PAY] = {FLASH_STATE_CREATED, FLASH_STATE_PAID, 0, -1, 1},
    [FLASH_ENTRY_CANCEL] = {FLASH_STATE_CREATED, FLASH_STATE_CANCELLED, 1, -1, 0},
    [FLASH_ENTRY_EXPIRE] = {FLASH_STATE_CREATED, FLASH_STATE_EXPIRED, 1, -1, 0},
    [FLASH_ENTRY_RETURN] = {FLASH_STATE_PAID, FLASH_STATE_RETURNED, 1, 0, -1},
};

struct judgement {
    struct flash_plan *plan;
    struct flash_batch *batch;
    struct flash_plan_sku *sku;
    struct flash_batch_entry *entry;
    int entry_at;
};

static void log_change(const struct judgement *j, int line, int64_t before)
{
    bool takes = j->entry->type == FLASH_ENTRY_TAKE;
    j->plan->logs[j->plan->log_count++] = (struct flash_plan_log){
        j->entry_at, line, before, j->sku->available, takes ? j->sku->inflows : 0};
}

static void move_stock(const struct judgement *j, int64_t available, int64_t reserved, int64_t sold)
{
    j->sku->available += available;
    j->sku->to_available += available;
    j->sku->to_reserved += reserved;
    j->sku->to_sold += sold;
}

/* ---- reserve ---- */

static enum flash_line_fate reserve_line(const struct judgement *j, int i)
{
    struct flash_batch_line *line = &j->batch->lines[i];
    struct flash_batch_row *row = flash_batch_row(j->batch, i);
    if (row->found || row->made) {
        return FLASH_LINE_REFUSED;
    }
    bool enough = j->sku->available >= line->quantity;
    *row = (struct flash_batch_row){
        .made = true,
        .state = FLASH_STATE_QUEUED,
        .version = 1,
        .quantity = line->quantity,
        .due_s = enough ? j->entry->due_s : 0,
        .user = line->user,
        .payment = {NULL, 0},
        .made_by = i,
    };
    flash_state_move(&row->state, enough ? FLASH_STATE_CREATED : FLASH_STATE_FAILED_SHORTAGE);
    if (enough) {
        move_stock(j, -line->quantity, line->quantity, 0);
        return FLASH_LINE_APPLIED;
    }
    j->sku->shortage = true;
    j->plan->shortages++;
    return FLASH_LINE_REFUSED;
}

/* ---- transitions ---- */

static bool same_text(struct flash_text a, struct flash_text b)
{
    return a.len == b.len && a.len && memcmp(a.at, b.at, a.len) == 0;
}

/* The state or version does not allow it. A payment that came for nothing is to be given back,
 * unless this very payment is the one that paid the order (a repeat after Redis had forgotten it).
 */
static enum flash_line_fate refuse_line(const struct judgement *j, struct flash_batch_line *line,
                                        struct flash_batch_row *row)
{
    if (row->version < line->from_version + 1) {
        row->version = line->from_version + 1;
        row->changed = true;
    }
    line->refund = j->entry->type == FLASH_ENTRY_PAY && !same_text(row->payment, line->payment);
    j->plan->refused++;
    return FLASH_LINE_REFUSED;
}

static enum flash_line_fate transition_line(const struct judgement *j, int i)
{
    struct flash_batch_line *line = &j->batch->lines[i];
    struct flash_batch_row *row = flash_batch_row(j->batch, i);
    const struct transition *t = &transitions[j->entry->type];
    if (row->state == FLASH_STATE_NONE || row->version < line->from_version) {
        j->plan->parked++;
        return FLASH_LINE_PARKED;
    }
    if (row->version != line->from_version || row->state != t->from) {
        return refuse_line(j, line, row);
    }
    int64_t before = j->sku->available, units = row->quantity;
    flash_state_move(&row->state, t->to);
    row->version++;
    row->changed = true;
    if (j->entry->type == FLASH_ENTRY_PAY) {
        row->payment = line->payment;
    }
    move_stock(j, t->available * units, t->reserved * units, t->sold * units);
    log_change(j, i, before);
    return FLASH_LINE_APPLIED;
}

/* ---- take ---- */

/* Units that leave for good have the next number of the SKU's inflows. */
static enum flash_line_fate take_line(const struct judgement *j, int i)
{
    const struct flash_batch_line *line = &j->batch->lines[i];
    struct flash_batch_row *row = flash_batch_row(j->batch, i);
    int64_t before = j->sku->available;
    if (row->found || row->taken) {
        j->plan->refused++;
        j->plan->refused_takes++;
        return FLASH_LINE_REFUSED;
    }
    if (before < line->quantity) {
        j->sku->shortage = true;
        j->plan->shortages++;
        return FLASH_LINE_REFUSED;
    }
    row->taken = true;
    move_stock(j, -(int64_t)line->quantity, 0, 0);
    j->sku->to_base -= line->quantity;
    j->sku->to_inflows++;
    j->sku->inflows++;
    log_change(j, i, before);
    return FLASH_LINE_APPLIED;
}

/* ---- entries ---- */

static void judge_entry(struct judgement *j)
{
    struct flash_batch_entry *entry = j->entry;
    bool reserves = entry->type == FLASH_ENTRY_RESERVE;
    enum flash_line_fate (*judge_line)(const struct judgement *, int) =
        reserves                          ? reserve_line
        : entry->type == FLASH_ENTRY_TAKE ? take_line
                                          : transition_line;
    entry->clean = true;
    entry->before = j->sku->available;
    for (int n = 0; n < entry->line_count; n++) {
        int i = entry->first_line + n;
        struct flash_batch_line *line = &j->batch->lines[i];
        line->fate = judge_line(j, i);
        entry->clean &= line->fate == FLASH_LINE_APPLIED;
    }
    entry->after = j->sku->available;
    if (reserves) {
        log_change(j, -1, entry->before);
    }
    j->plan->applied_entries++;
    j->plan->applied_lines += entry->line_count;
}

static void try_entry(struct flash_plan *plan, struct flash_batch *batch, int i)
{
    struct judgement j = {.plan = plan,
                          .batch = batch,
                          .entry = &batch->entries[i],
                          .entry_at = i,
                          .sku = flash_plan_find(plan, batch->entries[i].sku)};
    if (!j.sku || !j.sku->known) {
        flash_batch_condemn(batch, i, "the ledger has no such SKU");
    } else {
        judge_entry(&j);
    }
}

void flash_plan_judge(struct flash_plan *plan, struct flash_batch *batch)
{
    plan->applied_entries = plan->applied_lines = plan->duplicates = 0;
    plan->shortages = plan->refused = plan->parked = plan->log_count = 0;
    plan->refused_takes = 0;
    for (int i = 0; i < batch->message_count; i++) {
        enum flash_entry_fate fate = batch->entries[i].fate;
        if (fate == FLASH_FATE_APPLY || fate == FLASH_FATE_UNPARKED) {
            try_entry(plan, batch, i);
        }
        plan->duplicates += fate == FLASH_FATE_DUPLICATE || fate == FLASH_FATE_REPEATED;
    }
}
