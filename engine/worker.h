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

/* One order on its way to Redis and back. */
struct flash_order_line {
    struct flash_lane_item item; /* first member */
    struct flash_request *request;
    struct flash_line_group *group; /* whose request this is with others, or NULL */
    struct flash_sku *sku;
    int quantity, number; /* number: in its group */
    bool durable;         /* answered only when Kafka has acknowledged the entry */
    uint8_t ref_len, user_len;
    char ref[FLASH_REF_MAX];
    char user[FLASH_USER_MAX];
};

/* One transition of an order on its way to Redis and back. */
struct flash_change {
    struct flash_lane_item item; /* first member */
    struct flash_request *request;
    struct flash_sku *sku;
    enum flash_change_kind kind;
    bool durable;
    bool or_return; /* a cancel that meets PAID goes on as a return */
    uint8_t ref_len, user_len, payment_len;
    char ref[FLASH_REF_MAX];
    char user[FLASH_USER_MAX];          /* whose it must be; user_len 0: anybody's */
    char payment[FLASH_PAYMENT_ID_MAX]; /* PAY */
};

enum flash_read_kind {
    FLASH_READ_PRESENCE, /* is the SKU there; no request hangs on it */
    FLASH_READ_ORDER,    /* GET /v1/orders/{id} */
    FLASH_READ_WATCHER,  /* the same order again, for a held request or a stream */
    FLASH_READ_SALE,     /* the sale as it is now */
};

enum flash_sale_outcome { FLASH_SALE_READ, FLASH_SALE_ABSENT, FLASH_SALE_UNAVAILABLE };

/* One read on its way to Redis and back. */
struct flash_read {
    struct flash_lane_item item; /* first member */
    enum flash_read_kind kind;
    struct flash_sku *sku;
    struct flash_request *request; /* ORDER */
    int64_t wait_us;               /* ORDER: how long the answer may be held, 0: not at all */
    bool events;                   /* ORDER: answered by a stream of events */
    struct flash_watcher *watcher; /* WATCHER; NULL when it has left meanwhile */
    void (*sale_done)(enum flash_sale_outcome outcome, const struct flash_sku *sku, int slot,
                      void *arg); /* SALE */
    void *arg;
    int slot;
    uint8_t ref_len, user_len;
    char ref[FLASH_REF_MAX];
    char user[FLASH_USER_MAX]; /* ORDER: whose it must be; user_len 0: anybody's */
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
/* Then frees, after the producer's last report. Both are fine for one that is half built. */
void flash_worker_join(struct flash_worker *worker);
void flash_worker_finish(struct flash_worker *worker);
/* After each turn of the loop: what came in goes out, one call per SKU and lane. */
void flash_worker_turn(struct flash_worker *worker);
/* Has sku looked at in this turn; from within it, in the next. */
void flash_worker_touch(struct flash_worker *worker, struct flash_sku *sku);
/* Whether a call about sku must wait, as keep percent of Redis' calls or less are free; then sku
 * comes again in the next turn, and a completion brings that. */
bool flash_worker_put_off(struct flash_worker *worker, struct flash_sku *sku, int keep);

#endif
