/* Orders that exist, for status and wait requests: those of an earlier run's file and those this
 * thread got accepted.
 *
 * A ring: when it is full a new order takes the oldest one's place. One thread's. */
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
};

/* Empty, or with the accepted orders of options->known_file. Error kind CONFIG: the file and line
 * and what is wrong. */
FLASH_MUST_CHECK bool flash_bench_known_init(struct flash_bench_known *known,
                                             const struct flash_bench_options *options,
                                             struct flash_error *err);
/* Remembers op's order, an accepted one: its order_id is filled. */
void flash_bench_known_add(struct flash_bench_known *known, const struct flash_bench_op *op);
/* Any of them, by random; NULL when there is none. */
const struct flash_bench_known_order *flash_bench_known_pick(const struct flash_bench_known *known,
                                                             uint64_t random);
void flash_bench_known_destroy(struct flash_bench_known *known);

#endif
