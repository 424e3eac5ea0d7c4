/* The judgement of a batch; see plan.h. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

bool flash_plan_init(struct flash_plan *plan, int entry_max, int line_max)
{
    memset(plan, 0, sizeof(*plan));
    plan->sku_max = entry_max;
    plan->log_max = entry_max + line_max;
    plan->skus = calloc((size_t)plan->sku_max, sizeof(*plan->skus));
    plan->logs = calloc((size_t)plan->log_max, sizeof(*plan->logs));
    return plan->skus && plan->logs;
}

void flash_plan_finish(struct flash_plan *plan)
{
    free(plan->skus);
    free(plan->logs);
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

static void share_rows(struct flash_batch *batch, const int *order)
{
    for (int i = 1; i < batch->line_count; i++) {
        struct flash_batch_line *a = &batch->lines[order[i - 1]];
        struct flash_batch_line *b = &batch->lines[order[i]];
        if (strcmp(a->order_id, b->order_id) == 0) {
            b->row_at = a->row_at;
        }
    }
}

void flash_plan_unify(struct flash_batch *batch)
{
    sort_indices(batch->order, batch->message_count, batch, by_entry_id);
    mark_entries(batch, batch->order);
    sort_indices(batch->order, batch->line_count, batch, by_order_id);
    share_rows(batch, batch->order);
}
