/* What one thread begins next, and when: the mix, the orders' numbers, the schedule, the end of
 * sending.
 *
 * Order number i (from 0) buys sku i mod skus as user i / skus mod buyers, and its quantity follows
 * from number and seed: a repeated run sends the same orders. Thread t of T begins the numbers t,
 * t+T, …. Pure: now comes in. */
#ifndef FLASH_BENCH_SOURCE_H
#define FLASH_BENCH_SOURCE_H

#include "known.h"
#include "operation.h"
#include "options.h"

struct flash_bench_source {
    const struct flash_bench_options *options; /* (borrowed) */
    struct flash_bench_schedule schedule;      /* mode rate */
    uint64_t number, step, last;               /* of the next order; last: behind the last one */
    uint64_t end_us;                           /* of sending; UINT64_MAX: at the last order */
    uint64_t random;
    double thresholds[FLASH_BENCH_KINDS]; /* of the mix, cumulated, 0 .. 1 */
};

/* The share of thread `thread`; sending starts at start_us. */
void flash_bench_source_init(struct flash_bench_source *source,
                             const struct flash_bench_options *options, int thread,
                             uint64_t start_us);

/* When the next operation is meant to begin: a time in the past if it is late, 0 in mode closed,
 * UINT64_MAX when the source is exhausted. */
uint64_t flash_bench_source_due_us(const struct flash_bench_source *source);

/* Fills the next operation (zeroed before). In mode closed it is meant to begin now. With the last
 * order of known's queue the source is exhausted. */
void flash_bench_source_take(struct flash_bench_source *source, struct flash_bench_known *known,
                             uint64_t now_us, struct flash_bench_op *op);

/* Ends sending at now_us; returns the arrivals that were meant to begin before and did not. */
uint64_t flash_bench_source_end(struct flash_bench_source *source, uint64_t now_us);

#endif
