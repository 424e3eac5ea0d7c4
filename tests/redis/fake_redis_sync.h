/* include/flash/redis_sync.h without Redis, for other modules' unit tests: the test says beforehand
 * what each call will be answered, and looks afterwards at what was called.
 *
 * Link flash_fake_redis instead of flash_redis. A call past FLASH_REDIS_SYNC_QUEUE is refused as
 * the real one refuses it. Answers are used in the order they were given, one per call, when the
 * call is taken; a take without one is a mistake of the test and aborts. Replies are jansson
 * values, as in fake_redis.h. */
#ifndef FLASH_TESTS_FAKE_REDIS_SYNC_H
#define FLASH_TESTS_FAKE_REDIS_SYNC_H

#include <jansson.h>

#include "flash/redis_sync.h"

/* A call, with copies of what it was given. */
struct fake_redis_sync_call {
    enum flash_script script;
    int64_t sku;
    int argc;
    char **argv; /* each NUL-terminated behind its argv_len bytes */
    size_t *argv_len;
};

/* The flash_redis_sync made last and not freed; NULL if there is none. For code that makes its own.
 */
struct flash_redis_sync *fake_redis_sync_last(void);

/* reply's reference is taken: pass json_pack("[s,s,…]", …). */
void fake_redis_sync_reply(struct flash_redis_sync *redis, json_t *reply);
/* The call is refused before its first write: RETRY. */
void fake_redis_sync_refuse(struct flash_redis_sync *redis, const char *text);
/* The connection is lost instead: UNKNOWN, and what is queued behind the call is gone. */
void fake_redis_sync_lose(struct flash_redis_sync *redis);
/* While away, ping and queue fail with RETRY. */
void fake_redis_sync_set_away(struct flash_redis_sync *redis, bool away);
void fake_redis_sync_set_run_id(struct flash_redis_sync *redis, const char *run_id);

/* Calls ever queued, and the i-th of them, from 0; NULL past the end. Borrowed until free. */
int fake_redis_sync_calls(const struct flash_redis_sync *redis);
const struct fake_redis_sync_call *fake_redis_sync_call(const struct flash_redis_sync *redis,
                                                        int i);
/* Whether the i-th call's argument n is text. */
bool fake_redis_sync_argument_is(const struct flash_redis_sync *redis, int i, int n,
                                 const char *text);
/* Answers that no call has taken. */
int fake_redis_sync_answers_left(const struct flash_redis_sync *redis);

#endif
