/* One thing a buyer does, from its intended start to its last answer; the pool they come from;
 * those that wait.
 *
 * An operation is in exactly one place: free in its pool, waiting in the heap until due_us, or in
 * flight on one connection. Pools and heaps have the size they were made with; nothing is allocated
 * during a run. */
#ifndef FLASH_BENCH_OPERATION_H
#define FLASH_BENCH_OPERATION_H

#include <stddef.h>

#include "answer.h"

#define FLASH_BENCH_ETAG_MAX 24

struct flash_bench_op {
    enum flash_bench_kind kind;
    int quantity;
    int64_t sku;
    uint64_t number;      /* of the order in this run; with the run's prefix its Idempotency-Key */
    int64_t user;         /* its number, ≥ 1 */
    int attempts;         /* made so far */
    bool uncertain;       /* an attempt ended without a word on whether it happened */
    uint64_t intended_us; /* when it was meant to begin: latencies count from here */
    uint64_t due_us;      /* when the next attempt may be sent */
    uint64_t deadline_us; /* of the attempt in flight */
    char order_id[FLASH_BENCH_DERIVED_ID + 1]; /* of an ORDER: once its end is known */
    char etag[FLASH_BENCH_ETAG_MAX];           /* sent as If-None-Match; "" for none */
};

/* Asks to be told when the order is no longer in this state: an order's entity tag is its version
 * (API.md). */
void flash_bench_op_tag(struct flash_bench_op *op, enum flash_state state);

struct flash_bench_pool {
    struct flash_bench_op *ops;
    struct flash_bench_op **unused; /* a stack of size - alive */
    size_t size, alive;
};

FLASH_MUST_CHECK bool flash_bench_pool_init(struct flash_bench_pool *pool, size_t size,
                                            struct flash_error *err);
/* A zeroed operation, or NULL when all are alive. */
struct flash_bench_op *flash_bench_pool_take(struct flash_bench_pool *pool);
void flash_bench_pool_give(struct flash_bench_pool *pool, struct flash_bench_op *op);
void flash_bench_pool_destroy(struct flash_bench_pool *pool);

/* A binary heap by due_us; room for `size` operations (as many as the pool has). */
struct flash_bench_waiting {
    struct flash_bench_op **heap;
    size_t count, size;
};

FLASH_MUST_CHECK bool flash_bench_waiting_init(struct flash_bench_waiting *waiting, size_t size,
                                               struct flash_error *err);
void flash_bench_waiting_push(struct flash_bench_waiting *waiting, struct flash_bench_op *op);
/* When the first is due; UINT64_MAX when none waits. */
uint64_t flash_bench_waiting_due_us(const struct flash_bench_waiting *waiting);
/* The one that is due first (not NULL: one must wait). */
struct flash_bench_op *flash_bench_waiting_pop(struct flash_bench_waiting *waiting);
void flash_bench_waiting_destroy(struct flash_bench_waiting *waiting);

#endif
