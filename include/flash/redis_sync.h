/* Redis for a thread that may block (consumer, reconciler, admin): the same script calls by SKU,
 * pipelined.
 *
 * Not thread-safe: one per thread. After any error but Redis' own refusal of a call the connection
 * is closed and the queue empty; the next call connects again. */
#ifndef FLASH_REDIS_SYNC_H
#define FLASH_REDIS_SYNC_H

#include "flash/redis.h"

struct flash_redis_sync;

#define FLASH_REDIS_SYNC_QUEUE 4096 /* calls that may be queued: take their answers, then go on */

FLASH_MUST_CHECK bool flash_redis_sync_new(const struct flash_config *config,
                                           struct flash_redis_sync **ret_redis,
                                           struct flash_error *err);
void flash_redis_sync_free(struct flash_redis_sync *redis);

/* Connects if needed and asks PING. Error kind: RETRY. */
FLASH_MUST_CHECK bool flash_redis_sync_ping(struct flash_redis_sync *redis,
                                            struct flash_error *err);

/* Queues call (done and arg are unused); nothing is sent before flush or take. Error kind: RETRY,
 * also for one call too many. Then nothing is queued any more, and what was flushed before may have
 * been done. */
FLASH_MUST_CHECK bool flash_redis_sync_queue(struct flash_redis_sync *redis,
                                             const struct flash_redis_call *call,
                                             struct flash_error *err);
/* Sends what is queued, so that Redis works on it while the caller does something else. Error kind:
 * UNKNOWN (as of take). */
FLASH_MUST_CHECK bool flash_redis_sync_flush(struct flash_redis_sync *redis,
                                             struct flash_error *err);
/* Takes the next queued call's reply, in order. *ret_reply is owned by the caller:
 * flash_redis_reply_free. Error kinds: UNKNOWN (connection lost or timed out: all calls still
 * queued are gone, their outcome unknown), RETRY (Redis refused this call before its first write;
 * later replies can still be taken). NOSCRIPT is answered inside, once. */
FLASH_MUST_CHECK bool flash_redis_sync_take(struct flash_redis_sync *redis,
                                            struct flash_redis_reply **ret_reply,
                                            struct flash_error *err);
/* queue + take. */
FLASH_MUST_CHECK bool flash_redis_sync_call(struct flash_redis_sync *redis,
                                            const struct flash_redis_call *call,
                                            struct flash_redis_reply **ret_reply,
                                            struct flash_error *err);
void flash_redis_reply_free(struct flash_redis_reply *reply);

/* The connected server's run id, "" while away (borrowed, until the next call). */
const char *flash_redis_sync_run_id(const struct flash_redis_sync *redis);

#endif
