/* include/flash/redis.h without Redis, for other modules' unit tests: calls are recorded, the test
 * completes them.
 *
 * Link flash_fake_redis instead of flash_redis. Nothing completes by itself, so a test decides the
 * order and the moment. Replies are jansson values: strings, integers, null and arrays of them, as
 * RESP has them. */
#ifndef FLASH_TESTS_FAKE_REDIS_H
#define FLASH_TESTS_FAKE_REDIS_H

#include <jansson.h>

#include "flash/redis.h"

/* One open call, with copies of what it was given. */
struct fake_redis_call {
    struct fake_redis_call *next; /* younger */
    enum flash_script script;
    int64_t sku;
    int argc;
    char **argv; /* each NUL-terminated behind its argv_len bytes */
    size_t *argv_len;
    flash_redis_done done;
    void *arg;
};

/* The flash_redis made last and not freed; NULL if there is none. For code that makes its own. */
struct flash_redis *fake_redis_last(void);

/* A new one is ready, its run id is 40 times 'a', its memory is at 0 %. Becoming not ready
 * completes nothing. */
void fake_redis_set_ready(struct flash_redis *redis, bool ready);
/* Beyond so many open calls one is refused; 0, as in a new one: never. */
void fake_redis_set_max_in_flight(struct flash_redis *redis, int most);
void fake_redis_set_run_id(struct flash_redis *redis, const char *run_id);
void fake_redis_set_memory_percent(struct flash_redis *redis, int percent);

/* Calls ever taken. */
int fake_redis_calls(const struct flash_redis *redis);
/* The open call with i older ones; NULL if there are not so many. Borrowed until it completes. */
const struct fake_redis_call *fake_redis_open(const struct flash_redis *redis, int i);
/* Whether open call i's argument n is text. */
bool fake_redis_argument_is(const struct flash_redis *redis, int i, int n, const char *text);

/* Completes the oldest open call. reply's reference is taken: pass json_pack("[s,s,…]", …). */
void fake_redis_reply(struct flash_redis *redis, json_t *reply);
void fake_redis_error(struct flash_redis *redis, const char *text);
void fake_redis_unknown(struct flash_redis *redis);

#endif
