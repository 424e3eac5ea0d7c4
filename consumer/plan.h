/* Decides what one transaction writes: which entries are new, which lines find stock, what each SKU is left with. Pure.
 *
 * Entries commute and are judged one by one in the order of the batch (DESIGN §3). The stock rows are locked while this
 * is true, so what is decided here is what is committed. */
#ifndef CONSUMER_PLAN_H
#define CONSUMER_PLAN_H

#include "batch.h"

struct flash_plan_sku {
    int64_t sku;
    bool known;           /* the ledger has a stock row */
    int64_t available;    /* before the batch; counted down by the plan */
    int64_t taken;        /* units this batch moves from available to reserved */
    bool shortage;        /* a line found no stock: Redis has lost writes */
};

struct flash_plan {
    struct flash_plan_sku *skus; /* sorted by sku, each once */
    int sku_count, sku_max;
    int applied_entries, applied_lines, duplicates, shortages;
};

bool flash_plan_init(struct flash_plan *plan, int sku_max);
void flash_plan_finish(struct flash_plan *plan);

/* Collects the SKUs of the batch's entries, sorted: the order in which stock rows are locked. */
void flash_plan_collect(struct flash_plan *plan, const struct flash_batch *batch);
/* The SKU's row in the plan, or NULL. */
struct flash_plan_sku *flash_plan_find(const struct flash_plan *plan, int64_t sku);
/* Marks later copies of an entry in the same batch as REPEATED, and lines whose order an earlier entry of
 * the batch creates as existing. Needed only where the database has refused a duplicate. False when memory is short. */
bool flash_plan_repeats(struct flash_batch *batch);
/* Judges all entries with fate APPLY, in order. Entries of a SKU without a stock row become dead letters. Entries whose
 * fate and lines whose existence is known already are taken as they are. */
void flash_plan_judge(struct flash_plan *plan, struct flash_batch *batch);

#endif
