/* A block and a stack of its free objects; see pool.h. */
#include "pool.h"

#include <assert.h>
#include <stdlib.h>

bool flash_pool_init(struct flash_pool *pool, int capacity, size_t object_size)
{
    size_t size = (object_size + 15) & ~(size_t)15;
    pool->block = calloc((size_t)capacity, size);
    pool->free = calloc((size_t)capacity, sizeof(void *));
    if (!pool->block || !pool->free) {
        return false;
    }
    for (int i = 0; i < capacity; i++) {
        pool->free[i] = (char *)pool->block + (size_t)(capacity - 1 - i) * size;
    }
    pool->capacity = pool->free_count = capacity;
    return true;
}

void flash_pool_finish(struct flash_pool *pool)
{
    free(pool->free);
    free(pool->block);
}

void *flash_pool_take(struct flash_pool *pool)
{
    return pool->free_count ? pool->free[--pool->free_count] : NULL;
}

void flash_pool_give(struct flash_pool *pool, void *object)
{
    assert(pool->free_count < pool->capacity);
    pool->free[pool->free_count++] = object;
}
