/* The order path of a worker: lines gather in their SKU's lane, go to lua/reserve together, and are
 * answered. */
#ifndef ENGINE_RESERVE_H
#define ENGINE_RESERVE_H

#include "answer.h"
#include "worker.h"

/* An order as the routes hand it over; texts are copied. */
struct flash_order {
    int64_t sku;
    struct flash_text ref, user;
    int quantity;
    bool durable; /* answered only when Kafka has acknowledged the entry */
};

/* Decides order and answers request, now or later. */
void flash_reserve_submit(struct flash_worker *worker, struct flash_request *request,
                          const struct flash_order *order);

/* Decides orders of one SKU, 1 to FLASH_BATCH_LINES, each for itself, and answers request when all
 * are: 200 with an outcome each, or a refusal of all of them while not one was made. */
void flash_reserve_submit_batch(struct flash_worker *worker, struct flash_request *request,
                                const struct flash_order *orders, int count);

/* Sends what is due in sku's order lane. Returns how long its gather window still holds it back, 0
 * if it does not. */
uint64_t flash_reserve_turn(struct flash_worker *worker, struct flash_sku *sku);

/* Answers the buyers of the calls that were decided in this turn; after the next calls are on their
 * way, so that Redis works meanwhile. */
void flash_reserve_answer(struct flash_worker *worker);

/* Refuses everything that waits in sku's order lane. */
void flash_reserve_refuse_waiting(struct flash_worker *worker, struct flash_sku *sku,
                                  enum flash_refusal refusal, const char *detail);

#endif
