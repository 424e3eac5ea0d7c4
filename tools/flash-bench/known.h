/* Orders that exist: those of an earlier run's file and those this thread got accepted.
 *
 * For status and wait requests they are a ring: when it is full a new order takes the oldest one's
 * place. For changes the file's orders are a queue: thread t of T takes its orders t, t+T, …, each
 * once. One thread's. */
#ifndef FLASH_BENCH_KNOWN_H
#define FLASH_BENCH_KNOWN_H

#include "operation.h"
#include "options.h"

struct flash_bench_known_order {
    int64_t user, sku;
    int quantity;
    char order_id[FLASH_BENCH_DERIVED_ID + 1];
};

struct flash_bench_known {
    struct flash_bench_known_order *orders;
    size_t size, count, next;
    struct flash_bench_known_order *queue; /* only for a mix that changes orders */
    size_t queue_size, queue_count, queue_taken;
};

/* Empty, or with the accepted orders of options->known_file; `thread` is whose share of them is
 * queued. Error kind CONFIG: the file and line and what is wrong. To be destroyed also when it
 * failed. */
FLASH_MUST_CHECK bool flash_bench_known_init(struct flash_bench_known *known,
                                             const struct flash_bench_options *options, int thread,
                                             struct flash_error *err);
/* Remembers op's order, an accepted one: its order_id is filled. */
void flash_bench_known_add(struct flash_bench_known *known, const struct flash_bench_op *op);
/* Any of them, by random; NULL when there is none. */
const struct flash_bench_known_order *flash_bench_known_pick(const struct flash_bench_known *known,
                                                             uint64_t random);
/* The next order to change, which leaves the queue; NULL when none is left. */
const struct flash_bench_known_order *flash_bench_known_take(struct flash_bench_known *known);
bool flash_bench_known_taken_all(const struct flash_bench_known *known);
void flash_bench_known_destroy(struct flash_bench_known *known);

#endif
