/* The growing buffer and its pool of chunks: reserve, append, release.
 *
 * Chunks of BUFFER_CHUNK bytes are reused last in, first out, so a busy server works on few warm
 * pages. Storage that grew beyond a chunk is malloc's and returns there. */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include "flash/put.h"

static char *chunk_take(struct buffer_pool *pool)
{
    void *chunk = pool->free_chunks;
    if (!chunk) {
        return malloc(BUFFER_CHUNK);
    }
    memcpy(&pool->free_chunks, chunk, sizeof(void *));
    pool->free_count--;
    return chunk;
}

static void chunk_give(struct buffer_pool *pool, char *chunk)
{
    if (pool->free_count >= BUFFER_POOL_KEEP) {
        free(chunk);
        return;
    }
    memcpy(chunk, &pool->free_chunks, sizeof(void *));
    pool->free_chunks = chunk;
    pool->free_count++;
}

void flash_http_pool_free(struct buffer_pool *pool)
{
    while (pool->free_count > 0) {
        free(chunk_take(pool));
    }
}

static void storage_give(struct buffer_pool *pool, char *at, size_t cap)
{
    if (cap == BUFFER_CHUNK) {
        chunk_give(pool, at);
    } else {
        free(at);
    }
}

/* New storage for the bytes and need more of them: twice as large each time, never over max. */
static bool grow(struct buffer_pool *pool, struct buffer *buffer, size_t need)
{
    size_t len = flash_http_buffer_len(buffer);
    if (need > buffer->max - len) {
        return false;
    }
    size_t cap = buffer->cap ? buffer->cap : BUFFER_CHUNK;
    while (cap < len + need) {
        cap *= 2;
    }
    cap = cap < buffer->max ? cap : buffer->max;
    char *at = cap == BUFFER_CHUNK ? chunk_take(pool) : malloc(cap);
    if (!at) {
        return false;
    }
    if (buffer->at) {
        memcpy(at, buffer->at + buffer->start, len);
        storage_give(pool, buffer->at, buffer->cap);
    }
    buffer->at = at;
    buffer->cap = cap;
    buffer->start = 0;
    buffer->end = len;
    return true;
}

bool flash_http_buffer_reserve(struct buffer_pool *pool, struct buffer *buffer, size_t need)
{
    if (buffer->failed) {
        return false;
    }
    if (buffer->cap - buffer->end >= need) {
        return true;
    }
    size_t len = flash_http_buffer_len(buffer);
    if (buffer->cap - len >= need) {
        memmove(buffer->at, buffer->at + buffer->start, len);
        buffer->start = 0;
        buffer->end = len;
        return true;
    }
    buffer->failed = !grow(pool, buffer, need);
    return !buffer->failed;
}

void flash_http_buffer_append(struct buffer_pool *pool, struct buffer *buffer, const void *bytes,
                              size_t len)
{
    if (len == 0 || !flash_http_buffer_reserve(pool, buffer, len)) {
        return;
    }
    memcpy(buffer->at + buffer->end, bytes, len);
    buffer->end += len;
}

void flash_http_buffer_text(struct buffer_pool *pool, struct buffer *buffer, const char *text)
{
    flash_http_buffer_append(pool, buffer, text, strlen(text));
}

void flash_http_buffer_number(struct buffer_pool *pool, struct buffer *buffer, uint64_t number)
{
    char digits[FLASH_NUMBER_MAX];
    flash_http_buffer_append(pool, buffer, digits,
                             (size_t)(flash_put_number(digits, number) - digits));
}

void flash_http_buffer_release(struct buffer_pool *pool, struct buffer *buffer)
{
    if (buffer->at) {
        storage_give(pool, buffer->at, buffer->cap);
    }
    *buffer = (struct buffer){.max = buffer->max};
}
