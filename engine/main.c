/* flash-engine: the front door of a sale. Decides orders in Redis, publishes them to Kafka, answers
 * buyers.
 *
 * The main thread owns the producer's reports and the signals: TERM and INT drain, HUP reads the
 * log level and the limits again. Everything else happens in the workers. */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/http_peer.h"
#include "flash/log.h"
#include "metrics.h"
#include "pages.h"
#include "publish.h"
#include "worker.h"

#define REPORTS_PER_TURN 4096
#define FLUSH_MS 5000

struct daemon {
    struct flash_config config;
    struct flash_engine engine;
    struct event_base *base;
    struct event *events[5];
    struct flash_trouble kafka_trouble;
    int argc;
    char **argv;
};

static void take_limits(struct flash_engine *engine, const struct flash_config *config)
{
    engine->limits.redis_lines = config->engine.max_redis_lines;
    engine->limits.journal_entries = config->engine.max_journal_entries;
    engine->limits.journal_age_us = config->engine.max_journal_age_ms * 1000;
    engine->limits.kafka_queue = config->engine.max_kafka_queue;
    engine->limits.memory_percent = config->engine.max_memory_percent;
    engine->limits.gather_window_us = config->engine.gather_window_us;
}

/* ---- the main thread's events ---- */

static void reports(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct daemon *daemon = arg;
    flash_producer_poll(daemon->engine.producer, REPORTS_PER_TURN);
}

static void stop(evutil_socket_t signal, short what, void *arg)
{
    (void)what;
    struct daemon *daemon = arg;
    FLASH_LOG(INFO, "engine.draining", FLASH_INT("signal", signal));
    daemon->engine.draining = true;
}

static void reload(evutil_socket_t signal, short what, void *arg)
{
    (void)signal;
    (void)what;
    struct daemon *daemon = arg;
    static struct flash_config fresh; /* large; this runs on one thread only */
    enum flash_config_action action;
    struct flash_error err;
    memcpy(fresh.without, daemon->config.without, sizeof(fresh.without));
    if (!flash_config_load(&fresh, daemon->argc, daemon->argv, &action, &err)) {
        FLASH_LOG(ERROR, "engine.reload_refused", FLASH_TEXT("error", err.text));
        return;
    }
    flash_log_set_level(fresh.log.level);
    take_limits(&daemon->engine, &fresh);
    FLASH_LOG(INFO, "engine.reloaded", FLASH_INT("log_level", fresh.log.level));
}

static void tell_kafka(struct daemon *daemon)
{
    struct flash_error err = {0};
    if (!flash_producer_ready(daemon->engine.producer)) {
        flash_producer_last_error(daemon->engine.producer, &err);
    }
    flash_trouble_tell(&daemon->kafka_trouble, err.text, strcspn(err.text, ":"));
}

/* Every 20 ms: reports that an eventfd wake-up did not bring, and the end of draining. */
static void tick(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *daemon = arg;
    bool over = daemon->engine.draining;
    reports(fd, what, arg);
    tell_kafka(daemon);
    for (int i = 0; over && i < daemon->engine.worker_count; i++) {
        over = flash_worker_drained(&daemon->engine.workers[i]);
    }
    if (over) {
        event_base_loopbreak(daemon->base);
    }
}

static bool add_events(struct daemon *daemon, struct flash_error *err)
{
    struct timeval every = {0, 20000};
    daemon->base = event_base_new();
    if (!daemon->base) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "no event loop");
    }
    int fd = flash_producer_fd(daemon->engine.producer);
    struct event **events = daemon->events;
    events[0] = event_new(daemon->base, fd, EV_READ | EV_PERSIST, reports, daemon);
    events[1] = evsignal_new(daemon->base, SIGTERM, stop, daemon);
    events[2] = evsignal_new(daemon->base, SIGINT, stop, daemon);
    events[3] = evsignal_new(daemon->base, SIGHUP, reload, daemon);
    events[4] = event_new(daemon->base, -1, EV_PERSIST, tick, daemon);
    for (int i = 0; i < 5; i++) {
        if (!events[i] || event_add(events[i], i == 4 ? &every : NULL) != 0) {
            return flash_error_set(err, FLASH_ERROR_RETRY, "no events");
        }
    }
    return true;
}

/* ---- start and end ---- */

static bool start_workers(struct flash_engine *engine, struct flash_error *err)
{
    int count = engine->config->engine.workers;
    engine->workers = calloc((size_t)count, sizeof(*engine->workers));
    int connections =
        count * (engine->config->http.max_connections + 1); /* one while it drops one */
    engine->buyers = flash_http_peers_new(connections);
    engine->services = flash_http_peers_new(connections);
    if (!engine->workers || !engine->buyers || !engine->services) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "out of memory");
    }
    for (int i = 0; i < count; i++) {
        engine->worker_count++;
        if (!flash_worker_init(&engine->workers[i], engine, i, err)) {
            return false;
        }
    }
    for (int i = 0; i < count; i++) {
        if (!flash_worker_start(&engine->workers[i], err)) {
            return false;
        }
    }
    return true;
}

static bool start(struct daemon *daemon, struct flash_error *err)
{
    static const struct flash_producer_hooks hooks = {.delivered = flash_publish_delivered};
    struct flash_engine *engine = &daemon->engine;
    engine->config = &daemon->config;
    take_limits(engine, &daemon->config);
    flash_http_auth_init(&engine->auth, &daemon->config);
    flash_metrics_register(flash_engine_metrics, METRIC_ENGINE_COUNT);
    return flash_config_check_auth(&daemon->config, err) && flash_pages_new(&engine->pages, err) &&
           flash_producer_new(&daemon->config, &hooks, &engine->producer, err) &&
           add_events(daemon, err) && start_workers(engine, err);
}

static void finish(struct daemon *daemon)
{
    struct flash_engine *engine = &daemon->engine;
    engine->draining = true;
    for (int i = 0; i < engine->worker_count; i++) {
        flash_worker_join(&engine->workers[i]);
    }
    if (engine->producer) {
        int64_t left = flash_producer_flush(engine->producer, FLUSH_MS);
        FLASH_LOG(INFO, "engine.stopped", FLASH_INT("messages_left_to_the_journal", left));
    }
    flash_producer_free(engine->producer);
    for (int i = 0; i < engine->worker_count; i++) {
        flash_worker_finish(&engine->workers[i]);
    }
    free(engine->workers);
    flash_http_peers_free(engine->buyers);
    flash_http_peers_free(engine->services);
    flash_files_free(engine->pages);
    for (int i = 0; i < 5; i++) {
        if (daemon->events[i]) {
            event_free(daemon->events[i]);
        }
    }
    if (daemon->base) {
        event_base_free(daemon->base);
    }
}

int main(int argc, char **argv)
{
    static struct daemon daemon = {
        .config.without = "mysql", /* large; no ledger, no password */
        .kafka_trouble = {.away = "engine.kafka_away", .back = "engine.kafka_back"},
    };
    enum flash_config_action action;
    struct flash_error err = {0};
    daemon.argc = argc;
    daemon.argv = argv;
    signal(SIGPIPE, SIG_IGN);
    if (!flash_config_load(&daemon.config, argc, argv, &action, &err)) {
        fprintf(stderr, "flash-engine: %s\n", err.text);
        return 2;
    }
    if (action == FLASH_CONFIG_EXIT_OK) {
        return 0;
    }
    flash_log_init("flash-engine", daemon.config.log.level);
    bool started = start(&daemon, &err);
    if (started) {
        FLASH_LOG(
            INFO, "engine.started",
            FLASH_INT("port", flash_http_port(daemon.engine.workers[0].public_http)),
            FLASH_INT("internal_port", flash_http_port(daemon.engine.workers[0].internal_http)),
            FLASH_INT("workers", daemon.engine.worker_count));
        event_base_dispatch(daemon.base);
    } else {
        FLASH_LOG(ERROR, "engine.not_started", FLASH_TEXT("error", err.text));
    }
    finish(&daemon);
    return started ? 0 : err.kind == FLASH_ERROR_CONFIG ? 2 : 3;
}
