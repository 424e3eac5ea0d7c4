/* Bytes in a growing buffer with a declared maximum, its storage taken from a small pool of equal
 * chunks.
 *
 * A connection that waits holds no chunk, so that 10,000 idle ones cost little. A buffer that ran
 * out of memory or over its maximum is `failed` until it is released: whoever appended in pieces
 * asks once, at the end. */
#ifndef FLASH_HTTP_BUFFER_H
#define FLASH_HTTP_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUFFER_CHUNK 4096     /* bytes of a fresh buffer: most requests and answers fit */
#define BUFFER_POOL_KEEP 1024 /* chunks kept for the next use; more are given back to malloc */

struct buffer_pool {
    void *free_chunks; /* each begins with the pointer to the next */
    int free_count;
};

struct buffer {
    char *at; /* NULL: no storage */
    size_t cap, max;
    size_t start, end; /* the bytes not consumed yet */
    bool failed;
};

void flash_http_pool_free(struct buffer_pool *pool);

static inline size_t flash_http_buffer_len(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

/* Makes room for need more bytes behind end, moving the bytes to the front or growing. False:
 * failed. */
bool flash_http_buffer_reserve(struct buffer_pool *pool, struct buffer *buffer, size_t need);
void flash_http_buffer_append(struct buffer_pool *pool, struct buffer *buffer, const void *bytes,
                              size_t len);
void flash_http_buffer_text(struct buffer_pool *pool, struct buffer *buffer, const char *text);
void flash_http_buffer_number(struct buffer_pool *pool, struct buffer *buffer, uint64_t number);
/* text as the inside of a JSON string: quotes, backslashes, controls escaped, invalid UTF-8 as
 * U+FFFD. */
void flash_http_buffer_json(struct buffer_pool *pool, struct buffer *buffer, const char *text,
                            size_t len);
/* Gives the storage back and forgets a failure; max stays. */
void flash_http_buffer_release(struct buffer_pool *pool, struct buffer *buffer);

#endif
