/* The read path of a worker: status reads gather in their SKU's lane and go to lua/status together;
 * watched orders are read again and again the same way. */
#ifndef ENGINE_READS_H
#define ENGINE_READS_H

#include "answer.h"
#include "worker.h"

#define FLASH_SALE_FRESH_US 100000 /* a sale may be answered from memory for so long (API.md) */

struct flash_order_query {
    int64_t sku;
    struct flash_text ref;
    struct flash_text user; /* empty: anybody's order may be seen */
    int64_t wait_us;        /* how long the answer may be held, 0: not at all */
    bool events;            /* the answer is a stream of its events */
};

/* Answers GET of one order, now or later. */
void flash_reads_order(struct flash_worker *worker, struct flash_request *request,
                       const struct flash_order_query *query);

/* Who asks for a sale, and for which of the SKUs he asks about. */
struct flash_sale_asker {
    void (*done)(enum flash_sale_outcome outcome, const struct flash_sku *sku, int slot, void *arg);
    void *arg;
    int slot;
};

/* Calls done with the sale of sku: at once when it was read within FLASH_SALE_FRESH_US, else later.
 */
void flash_reads_sale(struct flash_worker *worker, int64_t sku,
                      const struct flash_sale_asker *asker);

/* Reads sku's journal and sale in the background, for admission. False: too many reads are open. */
bool flash_reads_refresh(struct flash_worker *worker, struct flash_sku *sku);

/* Sends what is due in sku's read lane. */
void flash_reads_turn(struct flash_worker *worker, struct flash_sku *sku);

/* Every tick: reads sku's watchers again, a call's worth at a time; returns how many. */
int flash_reads_tick(struct flash_worker *worker, struct flash_sku *sku);

#endif
