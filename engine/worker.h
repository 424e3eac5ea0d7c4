/* One worker: an event loop with its own listeners, its own connection to Redis, and the lanes
 * between them.
 *
 *   routes ─▶ admission ─▶ reserve lane ─▶ lua/reserve ─▶ reply, publish
 *                       └▶ read lane ───▶ lua/status ───▶ reply, watchers
 *
 * Everything here belongs to the worker's thread, except what is said to be atomic. What a turn of
 * the loop brought in goes out once at the turn's end, so that one read of many sockets becomes one
 * call. */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "flash/config.h"
#include "flash/http.h"
#include "flash/http_auth.h"
#include "flash/kafka.h"
#include "flash/mailbox.h"
#include "flash/redis.h"
#include "lane_items.h"
#include "pool.h"
#include "presence.h"
#include "sku.h"
#include "timer.h"
#include "trouble.h"

/* Limits that SIGHUP may change while workers run (DESIGN §6: stop before queues grow). */
struct flash_engine_limits {
    _Atomic int64_t redis_lines, journal_entries, journal_age_us, kafka_queue, memory_percent;
    _Atomic int64_t gather_window_us;
};

struct flash_engine {
    const struct flash_config *config;
    struct flash_engine_limits limits;
    struct flash_producer *producer;
    struct flash_worker *workers; /* worker_count of them */
    int worker_count;
    struct flash_http_auth auth;
    /* Connections of each address, by listener; all workers together. Owned. */
    struct flash_http_peers *buyers, *services;
    struct flash_files *pages; /* owned; NULL: there are none */
    _Atomic bool draining;
};

struct flash_worker {
    struct flash_engine *engine;
    int number, call_lines; /* call_lines: of the latest reserve call */
    pthread_t thread;
    struct event_base *base;
    struct flash_timer tick, gather; /* gather: wakes the loop when a gather window ends */
    struct flash_http *public_http, *internal_http;
    struct flash_redis *redis;
    struct flash_trouble redis_trouble;
    struct flash_mailbox *mailbox; /* Kafka's acknowledgements, from the main thread */
    struct flash_sku_table *skus;
    STAILQ_HEAD(flash_sku_queue, flash_sku) dirty;
    TAILQ_HEAD(flash_sku_list, flash_sku) watched; /* those with watchers */
    struct flash_reserve_call *decided; /* in this turn, its buyers are still to be answered */
    uint64_t now_us;                    /* monotonic, read once per turn */
    int64_t kafka_queued;               /* the producer's open messages, looked at once per turn */
    int connections;                    /* of both listeners, likewise */
    struct flash_rate orders;           /* how fast those of all SKUs come */
    uint64_t last_round_us;
    int round_from; /* of the table, in the next round */
    struct flash_presence presence;
    /* Of struct flash_order_line, flash_change (waiting, in flight, or held for Kafka), … */
    struct flash_pool lines, changes, reads, waiters, streams;
    TAILQ_HEAD(flash_beat_list, flash_event_stream) beats; /* the next heartbeat due first */
    bool started;                                          /* the thread runs or ran */
    _Atomic bool drained;
    struct {
        _Atomic bool redis_ready;
        _Atomic int64_t lines, memory_percent, connections, waiting, streams;
        _Atomic int64_t journal_entries, journal_age_us; /* deepest and oldest of all SKUs in use */
        _Atomic int64_t closed;                          /* SKUs in use whose gate is closed */
    } seen; /* for readiness and metrics, written once a round, read by any thread */
};

/* Builds everything but the thread. Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_worker_init(struct flash_worker *worker, struct flash_engine *engine,
                                        int number, struct flash_error *err);
FLASH_MUST_CHECK bool flash_worker_start(struct flash_worker *worker, struct flash_error *err);
/* Once draining: whether what was open is answered, or its time is up. Any thread. */
bool flash_worker_drained(const struct flash_worker *worker);
/* Fine when it was never started. */
void flash_worker_join(struct flash_worker *worker);
/* Frees, after join and after the producer's last report. Half-built is fine. */
void flash_worker_finish(struct flash_worker *worker);
/* After each turn of the loop: what came in goes out, one call per SKU and lane. */
void flash_worker_turn(struct flash_worker *worker);
/* Has sku looked at in this turn; from within it, in the next. */
void flash_worker_touch(struct flash_worker *worker, struct flash_sku *sku);
/* Whether a call about sku must wait, as keep percent of Redis' calls or less are free; then sku
 * comes again in the next turn, and a completion brings that. */
bool flash_worker_put_off(struct flash_worker *worker, struct flash_sku *sku, int keep);

#endif
