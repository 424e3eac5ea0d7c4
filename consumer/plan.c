/* The judgement of a batch; see plan.h. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

bool flash_plan_init(struct flash_plan *plan, int sku_max)
{
    memset(plan, 0, sizeof(*plan));
    plan->sku_max = sku_max;
    plan->skus = calloc((size_t)sku_max, sizeof(*plan->skus));
    return plan->skus != NULL;
}

void flash_plan_finish(struct flash_plan *plan)
{
    free(plan->skus);
}

static int by_sku(const void *a, const void *b)
{
    const struct flash_plan_sku *x = a, *y = b;
    return x->sku < y->sku ? -1 : x->sku > y->sku;
}

struct flash_plan_sku *flash_plan_find(const struct flash_plan *plan, int64_t sku)
{
    struct flash_plan_sku key = {.sku = sku};
    return bsearch(&key, plan->skus, (size_t)plan->sku_count, sizeof(key), by_sku);
}

void flash_plan_collect(struct flash_plan *plan, const struct flash_batch *batch)
{
    int count = 0;
    for (int i = 0; i < batch->message_count; i++) {
        int64_t sku = batch->entries[i].sku;
        bool counts = batch->entries[i].line_count > 0 && batch->entries[i].fate != FLASH_FATE_DEAD;
        if (counts && (count == 0 || plan->skus[count - 1].sku != sku)) {
            plan->skus[count++] = (struct flash_plan_sku){.sku = sku};
        }
    }
    qsort(plan->skus, (size_t)count, sizeof(*plan->skus), by_sku);
    plan->sku_count = 0;
    for (int i = 0; i < count; i++) {
        if (i == 0 || plan->skus[i].sku != plan->skus[plan->sku_count - 1].sku) {
            plan->skus[plan->sku_count++] = plan->skus[i];
        }
    }
}

/* ---- copies within one batch ---- */

static int by_entry_id(const void *a, const void *b, void *batch)
{
    const struct flash_batch_entry *entries = ((struct flash_batch *)batch)->entries;
    int x = *(const int *)a, y = *(const int *)b;
    int order = memcmp(entries[x].id.bytes, entries[y].id.bytes, sizeof(entries[x].id.bytes));
    return order ? order : x - y;
}

static int by_order_id(const void *a, const void *b, void *batch)
{
    const struct flash_batch_line *lines = ((struct flash_batch *)batch)->lines;
    int x = *(const int *)a, y = *(const int *)b;
    int order = strcmp(lines[x].order_id, lines[y].order_id);
    return order ? order : x - y;
}

/* Fills order with 0..count-1, sorted. */
static void sort_indices(int *order, int count, struct flash_batch *batch,
                         int (*compare)(const void *, const void *, void *))
{
    for (int i = 0; i < count; i++) {
        order[i] = i;
    }
    qsort_r(order, (size_t)count, sizeof(*order), compare, batch);
}

static void mark_entries(struct flash_batch *batch, const int *order)
{
    for (int i = 1; i < batch->message_count; i++) {
        struct flash_batch_entry *a = &batch->entries[order[i - 1]];
        struct flash_batch_entry *b = &batch->entries[order[i]];
        bool copies = b->fate == FLASH_FATE_APPLY && b->line_count > 0 &&
                      memcmp(a->id.bytes, b->id.bytes, sizeof(a->id.bytes)) == 0 &&
                      (a->fate == FLASH_FATE_APPLY || a->fate == FLASH_FATE_REPEATED);
        if (copies) {
            b->fate = FLASH_FATE_REPEATED;
        }
    }
}

static void mark_lines(struct flash_batch *batch, const int *order)
{
    int first = -1; /* the earliest line with this order id whose entry is judged */
    for (int i = 0; i < batch->line_count; i++) {
        struct flash_batch_line *line = &batch->lines[order[i]];
        bool judged = batch->entries[line->entry].fate == FLASH_FATE_APPLY;
        bool same = first >= 0 && strcmp(batch->lines[first].order_id, line->order_id) == 0;
        if (!same) {
            first = judged ? order[i] : -1;
        } else if (judged) {
            line->existed = true;
            line->same_as = first;
        }
    }
}

bool flash_plan_repeats(struct flash_batch *batch)
{
    int count = batch->message_count > batch->line_count ? batch->message_count : batch->line_count;
    int *order = malloc(sizeof(*order) * (size_t)(count + 1));
    if (!order) {
        return false;
    }
    sort_indices(order, batch->message_count, batch, by_entry_id);
    mark_entries(batch, order);
    sort_indices(order, batch->line_count, batch, by_order_id);
    mark_lines(batch, order);
    free(order);
    return true;
}

/* ---- judging ---- */

static void adopt_row(struct flash_batch_line *line, const struct flash_batch_line *row)
{
    line->state = row->state;
    line->version = row->version;
    line->quantity = row->quantity;
    line->due_s = row->due_s;
    line->user_len = row->user_len;
    memcpy(line->user, row->user, row->user_len);
}

static void judge_line(struct flash_plan *plan, struct flash_plan_sku *sku, struct flash_batch *batch,
                       struct flash_batch_line *line)
{
    struct flash_batch_entry *entry = &batch->entries[line->entry];
    if (line->existed) {
        entry->clean = false;
        if (line->same_as >= 0 && line->state == FLASH_STATE_NONE) {
            adopt_row(line, &batch->lines[line->same_as]);
        }
        return;
    }
    line->version = 1;
    if (sku->available >= line->quantity) {
        sku->available -= line->quantity;
        sku->taken += line->quantity;
        line->state = FLASH_STATE_CREATED;
    } else {
        line->state = FLASH_STATE_FAILED_SHORTAGE;
        line->due_s = 0;
        entry->clean = false;
        sku->shortage = true;
        plan->shortages++;
    }
}

static void judge_entry(struct flash_plan *plan, struct flash_batch *batch, int i)
{
    struct flash_batch_entry *entry = &batch->entries[i];
    struct flash_plan_sku *sku = flash_plan_find(plan, entry->sku);
    if (!sku || !sku->known) {
        flash_batch_condemn(batch, i, "the ledger has no such SKU");
        return;
    }
    if (entry->type != FLASH_ENTRY_RESERVE) {
        flash_batch_condemn(batch, i, "this consumer does not know the entry's type");
        return;
    }
    entry->clean = true;
    entry->before = sku->available;
    for (int n = 0; n < entry->line_count; n++) {
        judge_line(plan, sku, batch, &batch->lines[entry->first_line + n]);
    }
    entry->after = sku->available;
    plan->applied_entries++;
    plan->applied_lines += entry->line_count;
}

void flash_plan_judge(struct flash_plan *plan, struct flash_batch *batch)
{
    plan->applied_entries = plan->applied_lines = plan->duplicates = plan->shortages = 0;
    for (int i = 0; i < batch->message_count; i++) {
        enum flash_entry_fate fate = batch->entries[i].fate;
        if (fate == FLASH_FATE_APPLY) {
            judge_entry(plan, batch, i);
        }
        plan->duplicates += fate == FLASH_FATE_DUPLICATE || fate == FLASH_FATE_REPEATED;
    }
}
