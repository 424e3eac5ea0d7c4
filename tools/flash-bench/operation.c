/* Operations' pool and the heap of those that wait; see operation.h. */
#include "operation.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "put.h"

void flash_bench_op_tag(struct flash_bench_op *op, enum flash_state state)
{
    char *end = op->etag;
    *end++ = '"';
    end = flash_bench_put_number(end, (uint64_t)flash_state_visible_version(state));
    *end++ = '"';
    *end = '\0';
}

bool flash_bench_pool_init(struct flash_bench_pool *pool, size_t size, struct flash_error *err)
{
    *pool = (struct flash_bench_pool){.size = size};
    pool->ops = calloc(size, sizeof(*pool->ops));
    pool->unused = calloc(size, sizeof(struct flash_bench_op *));
    if (pool->ops == NULL || pool->unused == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "no memory for %zu operations", size);
    }
    for (size_t i = 0; i < size; i++) {
        pool->unused[i] = &pool->ops[size - 1 - i];
    }
    return true;
}

struct flash_bench_op *flash_bench_pool_take(struct flash_bench_pool *pool)
{
    if (pool->alive == pool->size) {
        return NULL;
    }
    struct flash_bench_op *op = pool->unused[pool->size - ++pool->alive];
    memset(op, 0, sizeof(*op));
    return op;
}

void flash_bench_pool_give(struct flash_bench_pool *pool, struct flash_bench_op *op)
{
    assert(pool->alive > 0);
    pool->unused[pool->size - pool->alive--] = op;
}

void flash_bench_pool_destroy(struct flash_bench_pool *pool)
{
    free(pool->ops);
    free(pool->unused);
}

bool flash_bench_waiting_init(struct flash_bench_waiting *waiting, size_t size,
                              struct flash_error *err)
{
    *waiting = (struct flash_bench_waiting){.size = size};
    waiting->heap = calloc(size, sizeof(struct flash_bench_op *));
    return waiting->heap != NULL ||
           flash_error_set(err, FLASH_ERROR_CONFIG, "no memory for %zu operations", size);
}

void flash_bench_waiting_push(struct flash_bench_waiting *waiting, struct flash_bench_op *op)
{
    assert(waiting->count < waiting->size);
    size_t at = waiting->count++;
    while (at > 0 && waiting->heap[(at - 1) / 2]->due_us > op->due_us) {
        waiting->heap[at] = waiting->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    waiting->heap[at] = op;
}

uint64_t flash_bench_waiting_due_us(const struct flash_bench_waiting *waiting)
{
    return waiting->count > 0 ? waiting->heap[0]->due_us : UINT64_MAX;
}

struct flash_bench_op *flash_bench_waiting_pop(struct flash_bench_waiting *waiting)
{
    assert(waiting->count > 0);
    struct flash_bench_op *first = waiting->heap[0];
    struct flash_bench_op *last = waiting->heap[--waiting->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= waiting->count) {
            break;
        }
        if (child + 1 < waiting->count &&
            waiting->heap[child + 1]->due_us < waiting->heap[child]->due_us) {
            child++;
        }
        if (waiting->heap[child]->due_us >= last->due_us) {
            break;
        }
        waiting->heap[at] = waiting->heap[child];
        at = child;
    }
    waiting->heap[at] = last;
    return first;
}

void flash_bench_waiting_destroy(struct flash_bench_waiting *waiting)
{
    free(waiting->heap);
}
