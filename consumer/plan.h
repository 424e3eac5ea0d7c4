/* Decides what one transaction writes: which entries are new, which lines find stock, what each SKU
 * is left with. Pure.
 *
 * Entries commute and are judged one by one in the order of the batch (DESIGN §3). The stock rows
 * are locked while this is true, so what is decided here is what is committed. */
#ifndef CONSUMER_PLAN_H
#define CONSUMER_PLAN_H

#include "batch.h"

struct flash_plan_sku {
    int64_t sku;
    bool known;                                 /* the ledger has a stock row */
    int64_t available;                          /* before the batch; moved by the plan */
    int64_t inflows;                            /* its last number; moved by the plan */
    int64_t to_available, to_reserved, to_sold; /* what this batch adds to each */
    int64_t to_base, to_inflows;                /* likewise; the three above together are to_base */
    bool shortage;                              /* a line found no stock: Redis has lost writes */
};

/* One row of stock_log: an entry that reserves, one order that moves, or one take. */
struct flash_plan_log {
    int entry, line; /* line: -1 for a whole entry */
    int64_t before, after;
    int64_t inflow; /* the take's number, else 0 */
};

struct flash_plan {
    struct flash_plan_sku *skus; /* sorted by sku, each once */
    int sku_count, sku_max;
    struct flash_plan_log *logs;
    int log_count, log_max;
    int applied_entries, applied_lines, duplicates, shortages, refused, parked;
    int refused_takes; /* of refused: their reference is in the ledger */
};

/* For batches of up to entry_max entries and line_max lines. False when memory is short. */
bool flash_plan_init(struct flash_plan *plan, int entry_max, int line_max);
void flash_plan_finish(struct flash_plan *plan);

/* Collects the SKUs of the batch's entries, sorted: the order in which stock rows are locked. */
void flash_plan_collect(struct flash_plan *plan, const struct flash_batch *batch);
/* The SKU's row in the plan, or NULL. */
struct flash_plan_sku *flash_plan_find(const struct flash_plan *plan, int64_t sku);
/* Marks later copies of an entry in the same batch as REPEATED, and gives all lines of one order
 * one row. Needed where the database has refused a duplicate, in replays, and where transitions
 * meet rows. */
void flash_plan_unify(struct flash_batch *batch);
/* Judges all entries with fate APPLY, in order. Entries of a SKU without a stock row become dead
 * letters. Entries whose fate is known already are left alone; rows found in the ledger are met as
 * they are. */
void flash_plan_judge(struct flash_plan *plan, struct flash_batch *batch);

#endif
