/* The event loop of one worker; see worker.h. */
#include "worker.h"

#include <event2/event.h>
#include <event2/thread.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "events.h"
#include "flash/http_config.h"
#include "flash/http_turn.h"
#include "flash/time.h"
#include "presence.h"
#include "publish.h"
#include "reads.h"
#include "reserve.h"
#include "routes.h"
#include "waiters.h"

/* Connections. Fewer may all be waiting, which ends a gather window: so they are looked at. */
#define CROWD (3 * FLASH_LANE_FULL)
#define REST_MAX_MS 1        /* what is not an order's may wait so long */
#define TICK_MIN_US 4000     /* few watched orders on their way are read again this often, */
#define TICK_MAX_US 20000    /* many this often */
#define LOOK_CALL_US 100     /* what a call that reads them takes of Redis' time, about, */
#define LOOK_ORDER_US 5      /* and each order in it */
#define LOOK_SHARE 20        /* one part in so many of the time goes to it, while they are few */
#define ROUND_US 500000      /* journals of SKUs in use are looked at this often */
#define IN_USE_US 10000000   /* a SKU is in use for so long after its last request */
#define BODY_MAX 4096        /* bytes (SECURITY: JSON bombs) */
#define BATCH_BODY_MAX 65536 /* of the internal listener: 256 orders */
#define READS_MAX 20000      /* status reads waiting or in flight */

void flash_worker_touch(struct flash_worker *worker, struct flash_sku *sku)
{
    if (!sku->dirty) {
        sku->dirty = true;
        STAILQ_INSERT_TAIL(&worker->dirty, sku, next_dirty);
    }
}

bool flash_worker_put_off(struct flash_worker *worker, struct flash_sku *sku, int keep)
{
    bool busy = flash_redis_room(worker->redis) <= keep;
    if (busy) {
        flash_worker_touch(worker, sku);
    }
    return busy;
}

/* ---- the turn ---- */

void flash_worker_turn(struct flash_worker *worker)
{
    worker->kafka_queued = flash_producer_queued(worker->engine->producer);
    struct flash_sku_queue dirty = STAILQ_HEAD_INITIALIZER(dirty);
    struct flash_sku *sku;
    uint64_t soonest_us = 0;
    STAILQ_CONCAT(&dirty, &worker->dirty);
    worker->now_us = STAILQ_EMPTY(&dirty) ? worker->now_us : flash_time_monotonic_us();
    while ((sku = STAILQ_FIRST(&dirty))) {
        STAILQ_REMOVE_HEAD(&dirty, next_dirty);
        sku->dirty = false;
        uint64_t wait_us = flash_reserve_turn(worker, sku);
        flash_change_turn(worker, sku);
        flash_reads_turn(worker, sku);
        if (wait_us) {
            soonest_us = !soonest_us || wait_us < soonest_us ? wait_us : soonest_us;
            flash_worker_touch(worker, sku);
        }
    }
    if (soonest_us) {
        flash_timer_at(&worker->gather, worker->now_us + soonest_us);
    }
    flash_redis_push(worker->redis);
    flash_reserve_answer(worker);
}

/* Looks at every SKU in use: its journal's length and age decide about admission. */
static void run_round(struct flash_worker *worker)
{
    int64_t entries = 0, age_us = 0, closed = 0;
    struct flash_sku *sku;
    int from = worker->round_from;
    bool room = true;
    worker->round_from = 0;
    for (int i = 0; (sku = flash_sku_at(worker->skus, i)); i++) {
        bool there = sku->known == FLASH_SKU_PRESENT || sku->known == FLASH_SKU_CLOSED;
        if (!there || worker->now_us - sku->used_us > IN_USE_US) {
            continue;
        }
        closed += sku->known == FLASH_SKU_CLOSED;
        int64_t oldest_us = sku->journal_oldest_us;
        int64_t sku_age_us = oldest_us ? sku->journal_read_us - oldest_us : 0;
        entries = sku->journal_entries > entries ? sku->journal_entries : entries;
        age_us = sku_age_us > age_us ? sku_age_us : age_us;
        bool asks = room && i >= from && !sku->reads.count; /* any read tells of the journal */
        if (asks && !flash_reads_refresh(worker, sku)) {
            room = false;
            worker->round_from = i;
        }
    }
    worker->seen.journal_entries = entries;
    worker->seen.journal_age_us = age_us;
    worker->seen.closed = closed;
}

/* Has watched orders read again. Returns when the next tick should be, µs from now. */
static uint64_t look_at_watched(struct flash_worker *worker)
{
    uint64_t cost_us = 0;
    bool hasty = false;
    struct flash_sku *sku;
    TAILQ_FOREACH(sku, &worker->watched, next_watched)
    {
        int orders = flash_reads_tick(worker, sku);
        cost_us += orders ? LOOK_CALL_US + (uint64_t)orders * LOOK_ORDER_US : 0;
        hasty |= sku->hasty_watchers > 0;
    }
    uint64_t after_us = hasty ? cost_us * LOOK_SHARE : TICK_MAX_US;
    return after_us < TICK_MIN_US ? TICK_MIN_US : after_us > TICK_MAX_US ? TICK_MAX_US : after_us;
}

static void tick(void *arg)
{
    struct flash_worker *worker = arg;
    worker->now_us = flash_time_monotonic_us();
    flash_timer_at(&worker->tick, worker->now_us + look_at_watched(worker));
    flash_events_beat(worker);
    flash_presence_tick(worker);
    if (worker->now_us - worker->last_round_us >= ROUND_US) {
        worker->last_round_us = worker->now_us;
        run_round(worker);
    }
    const char *trouble = flash_redis_trouble(worker->redis);
    flash_trouble_tell(&worker->redis_trouble, trouble, strlen(trouble));
    worker->seen.redis_ready = flash_redis_ready(worker->redis);
    worker->seen.lines = flash_pool_used(&worker->lines);
    worker->seen.waiting = flash_pool_used(&worker->waiters);
    worker->seen.streams = flash_pool_used(&worker->streams);
    worker->seen.memory_percent = flash_redis_memory_percent(worker->redis);
    worker->seen.connections = flash_http_connections(worker->public_http);
}

/* Whether orders, of which so many are open, trickle from a crowd: what comes in a window does not
 * fill a call or, where that is not so, calls are small. */
static bool trickles(const struct flash_worker *worker, int open)
{
    bool slow = worker->orders.per_us * (REST_MAX_MS * 1000) < FLASH_LANE_FULL;
    bool small = worker->call_lines < FLASH_LANE_FULL && open < FLASH_LANE_FULL;
    return worker->connections >= CROWD && (slow ? open < 2 * FLASH_LANE_FULL : small);
}

/* While orders trickle, what comes in could not go to Redis before its reply or the end of the
 * gather window: until then it does not wake the loop one by one, and is read all at once. */
static void rest(struct flash_worker *worker)
{
    int open = flash_pool_used(&worker->lines);
    bool gathers = worker->gather.at_us != 0;
    bool asks = open >= FLASH_LANE_WORTH && flash_redis_in_flight(worker->redis) > 0;
    if ((gathers || asks) && trickles(worker, open)) {
        struct pollfd ends[] = {
            {.fd = gathers ? worker->gather.fd : -1, .events = POLLIN},
            {.fd = flash_redis_fd(worker->redis), .events = POLLIN},
        };
        poll(ends, 2, REST_MAX_MS);
    }
}

/* A turn of the loop, and what it brought in goes out. */
static void take_turn(struct flash_worker *worker)
{
    rest(worker);
    event_base_loop(worker->base, EVLOOP_ONCE);
    worker->connections =
        flash_http_connections(worker->public_http) + flash_http_connections(worker->internal_http);
    flash_worker_turn(worker);
    flash_http_turned(worker->public_http);
    flash_http_turned(worker->internal_http);
}

/* ---- stopping ---- */

static bool drained(const struct flash_http *http)
{
    return flash_http_open_requests(http) == 0 && flash_http_connections(http) == 0;
}

/* Stops accepting and waits for the open requests, at most the configured time. The internal
 * listener is there until the buyers have gone, and says to who asks that the engine is stopping.
 */
static void drain(struct flash_worker *worker)
{
    uint64_t limit_us = (uint64_t)worker->engine->config->http.drain_timeout_ms * 1000;
    uint64_t end_us = flash_time_monotonic_us() + limit_us;
    flash_http_drain(worker->public_http);
    struct flash_sku *sku;
    while (flash_time_monotonic_us() < end_us) {
        for (int i = 0; (sku = flash_sku_at(worker->skus, i)); i++) {
            flash_waiters_release(sku);
        }
        if (drained(worker->public_http)) {
            flash_http_drain(worker->internal_http);
        }
        if (drained(worker->public_http) && drained(worker->internal_http)) {
            return;
        }
        take_turn(worker);
    }
}

static void *run(void *arg)
{
    struct flash_worker *worker = arg;
    while (!atomic_load_explicit(&worker->engine->draining, memory_order_relaxed)) {
        take_turn(worker);
    }
    drain(worker);
    worker->drained = true;
    return NULL;
}

/* ---- building ---- */

static bool open_listeners(struct flash_worker *worker, struct flash_error *err)
{
    const struct flash_config *config = worker->engine->config;
    struct flash_http_options options = flash_http_options_from(config);
    options.listen = config->engine.listen;
    options.reuse_port = true;
    options.body_max = BODY_MAX;
    options.handler = flash_routes_public;
    options.peers = worker->engine->buyers;
    options.arg = worker;
    if (worker->number > 0) { /* port 0: the first worker's choice is everybody's */
        options.listen.port = flash_http_port(worker->engine->workers[0].public_http);
    }
    if (!flash_http_new(worker->base, &options, &worker->public_http, err)) {
        return false;
    }
    options.listen = config->engine.internal_listen;
    options.body_max = BATCH_BODY_MAX;
    options.handler = flash_routes_internal;
    options.peers = worker->engine->services;
    if (worker->number > 0) {
        options.listen.port = flash_http_port(worker->engine->workers[0].internal_http);
    }
    return flash_http_new(worker->base, &options, &worker->internal_http, err);
}

static bool open_pools(struct flash_worker *worker)
{
    const struct flash_config *config = worker->engine->config;
    int waiters = config->engine.max_waiting_polls;
    worker->skus = flash_sku_table_new();
    STAILQ_INIT(&worker->dirty);
    TAILQ_INIT(&worker->watched);
    TAILQ_INIT(&worker->beats);
    return worker->skus &&
           flash_pool_init(&worker->lines, config->engine.max_redis_lines,
                           sizeof(struct flash_order_line)) &&
           flash_pool_init(&worker->changes, config->engine.max_redis_lines,
                           sizeof(struct flash_change)) &&
           flash_pool_init(&worker->reads, READS_MAX, sizeof(struct flash_read)) &&
           flash_pool_init(&worker->waiters, waiters, sizeof(struct flash_waiter)) &&
           flash_pool_init(&worker->streams, config->engine.max_streams,
                           sizeof(struct flash_event_stream));
}

static bool open_loop(struct flash_worker *worker, struct flash_error *err)
{
    worker->base = event_base_new();
    if (!worker->base || !flash_timer_init(&worker->tick, worker->base) ||
        !flash_timer_init(&worker->gather, worker->base)) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "worker: no event loop");
    }
    worker->tick.done = tick;
    worker->tick.arg = worker;
    flash_timer_at(&worker->tick, worker->now_us + TICK_MAX_US);
    return true;
}

bool flash_worker_init(struct flash_worker *worker, struct flash_engine *engine, int number,
                       struct flash_error *err)
{
    memset(worker, 0, sizeof(*worker));
    const struct flash_mailbox_reader reader = {.deliver = flash_publish_returned, .arg = worker};
    worker->engine = engine;
    worker->number = number;
    worker->redis_trouble =
        (struct flash_trouble){.away = "engine.redis_away", .back = "engine.redis_back"};
    worker->now_us = flash_time_monotonic_us();
    if (!open_pools(worker)) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "worker: out of memory");
    }
    return flash_presence_init(worker, err) && open_loop(worker, err) &&
           flash_mailbox_new(worker->base, &reader, &worker->mailbox, err) &&
           flash_redis_new(worker->base, engine->config, &worker->redis, err) &&
           open_listeners(worker, err);
}

bool flash_worker_start(struct flash_worker *worker, struct flash_error *err)
{
    int rc = pthread_create(&worker->thread, NULL, run, worker);
    if (rc != 0) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "worker: no thread: %s", strerror(rc));
    }
    worker->started = true;
    return true;
}

bool flash_worker_drained(const struct flash_worker *worker)
{
    return !worker->started || worker->drained;
}

void flash_worker_join(struct flash_worker *worker)
{
    if (worker->started) {
        pthread_join(worker->thread, NULL);
        worker->started = false;
    }
}

void flash_worker_finish(struct flash_worker *worker)
{
    flash_redis_free(worker->redis); /* every open call completes here, and answers its buyers */
    flash_mailbox_free(worker->mailbox);
    flash_http_free(worker->public_http);
    flash_http_free(worker->internal_http);
    flash_timer_finish(&worker->tick);
    flash_timer_finish(&worker->gather);
    if (worker->base) {
        event_base_free(worker->base);
    }
    flash_pool_finish(&worker->lines);
    flash_pool_finish(&worker->changes);
    flash_pool_finish(&worker->reads);
    flash_pool_finish(&worker->waiters);
    flash_pool_finish(&worker->streams);
    flash_sku_table_free(worker->skus);
}
