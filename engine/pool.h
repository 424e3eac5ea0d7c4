/* A fixed pool of equal objects, sized at start: the hot path never asks the allocator. Not
 * thread-safe. */
#ifndef ENGINE_POOL_H
#define ENGINE_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct flash_pool {
    void *block;
    void **free; /* stack of free objects */
    int capacity, free_count;
};

/* False when memory is short. */
bool flash_pool_init(struct flash_pool *pool, int capacity, size_t object_size);
void flash_pool_finish(struct flash_pool *pool);
/* An object with unspecified content, or NULL when all are taken. */
void *flash_pool_take(struct flash_pool *pool);
void flash_pool_give(struct flash_pool *pool, void *object);

static inline int flash_pool_used(const struct flash_pool *pool)
{
    return pool->capacity - pool->free_count;
}

#endif
