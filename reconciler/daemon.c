/* Starts the duties and the listener, and ends them; see daemon.h.
 *
 *     catalog duty: ledger ──▶ SKUs, generation ─┐
 *     expiry duty:  asks, Redis ◀────────────────┴──▶ Kafka
 *     inflow duty:  ledger ──▶ Redis
 *     reconcile duty: ledger, Redis ◀──▶ Kafka
 *     audit duty:   Redis, ledger ──▶ findings
 *     alerting:     how the parts are ──▶ ledger ──▶ webhook, mail
 *     main thread:  listener, signals, Kafka's reports
 *
 * TERM and INT finish the call in hand, answer what is open, and give Kafka time to take what was
 * sent. HUP reads the log level again. */
#include "daemon.h"

#include <event2/event.h>
#include <signal.h>

#include "alerting.h"
#include "audit_duty.h"
#include "catalog.h"
#include "expiry.h"
#include "flash/http_config.h"
#include "flash/log.h"
#include "flash/time.h"
#include "inflow_duty.h"
#include "metrics.h"
#include "publish.h"
#include "reconcile_duty.h"
#include "reconcile_metrics.h"
#include "recover_duty.h"
#include "routes.h"

#define CATALOG_INTERVAL_MS 3000
#define TICK_US 20000
#define REPORTS_PER_TURN 4096
#define FLUSH_MS 5000
#define BODY_MAX 1024
#define EVENTS 5

struct daemon {
    const struct flash_daemon_start *start;
    const struct flash_config *config;
    struct flash_producer *producer;
    struct flash_redis_sync *redis; /* the expiry duty's */
    struct flash_catalog *catalog;
    struct flash_expiry *expiry;
    struct flash_asks *asks;
    struct flash_duty *catalog_duty, *expiry_duty;
    struct flash_inflow_duty *inflow_duty;
    struct flash_recover_duty *recover_duty;
    struct flash_reconcile_duty *reconcile_duty;
    struct flash_audit_duty *audit_duty;
    struct flash_alerting *alerting;
    struct flash_routes routes;
    struct flash_http *http;
    struct event_base *base;
    struct event *events[EVENTS];
    _Atomic bool draining; /* the alerts' look reads it */
    uint64_t drain_end_us;
    struct {
        enum flash_expiry_end end;
        int64_t skipped;
    } said; /* the expiry duty's: a change is logged once */
};

/* ---- duties ---- */

static void read_catalog(struct flash_duty *duty, void *arg)
{
    struct daemon *daemon = arg;
    (void)duty;
    flash_catalog_read(daemon->catalog);
}

static void say_changes(struct daemon *daemon, const struct flash_expiry_done *done)
{
    static const char *const reasons[] = {
        [FLASH_EXPIRY_COMPLETE] = "complete",
        [FLASH_EXPIRY_CUT] = "more is due than one pass takes",
        [FLASH_EXPIRY_STOPPED] = "the daemon stops",
        [FLASH_EXPIRY_NO_LEDGER] = "the ledger has not been read yet",
        [FLASH_EXPIRY_NO_KAFKA] = "Kafka is away",
        [FLASH_EXPIRY_NO_REDIS] = "Redis is away",
    };
    if (done->end != daemon->said.end && done->end <= FLASH_EXPIRY_STOPPED) {
        FLASH_LOG(INFO, "reconciler.expiry", FLASH_TEXT("pass", reasons[done->end]));
    } else if (done->end != daemon->said.end) {
        FLASH_LOG(WARN, "reconciler.expiry", FLASH_TEXT("pass", reasons[done->end]),
                  FLASH_TEXT("error", done->err.text));
    }
    daemon->said.end = done->end;
    if (done->end == FLASH_EXPIRY_COMPLETE && done->skipped != daemon->said.skipped) {
        FLASH_LOG(WARN, "reconciler.expiry_skipped", FLASH_INT("skus", done->skipped),
                  FLASH_INT("one_of_them", done->skipped_sku), FLASH_TEXT("error", done->err.text));
        daemon->said.skipped = done->skipped;
    }
    if (done->expired > 0) {
        FLASH_LOG(INFO, "reconciler.expired", FLASH_INT("orders", done->expired),
                  FLASH_INT("entries", done->entries), FLASH_INT("took_ms", done->took_us / 1000));
    }
}

static void expire(struct flash_duty *duty, void *arg)
{
    struct daemon *daemon = arg;
    struct flash_expiry_done done;
    struct flash_ask *asks = flash_asks_take(daemon->asks);
    if (asks) {
        flash_catalog_read(daemon->catalog); /* who asks means every sale there is by now */
    }
    flash_expiry_pass(daemon->expiry, duty, &done);
    say_changes(daemon, &done);
    flash_asks_answer(daemon->asks, asks, &done);
}

/* ---- the main thread's events ---- */

static int ready_parts(struct flash_ready_part *parts, int max, void *arg)
{
    struct daemon *daemon = arg;
    struct flash_error kafka;
    const char *recovery = NULL;
    bool recovered = flash_recover_duty_ready(daemon->recover_duty, &recovery);
    struct flash_reconcile_health reconcile;
    flash_reconcile_duty_health(daemon->reconcile_duty, &reconcile);
    flash_producer_last_error(daemon->producer, &kafka);
    const struct flash_ready_row rows[] = {
        {"process", !daemon->draining, "shutting down"},
        {"ledger", flash_catalog_ready(daemon->catalog),
         "does not answer: the SKUs are those of the last time it did"},
        {"redis", flash_expiry_redis_ready(daemon->expiry), "was not asked yet or did not answer"},
        {"kafka", flash_producer_ready(daemon->producer),
         kafka.kind == FLASH_ERROR_NONE ? "no broker was seen yet" : kafka.text},
        {"recovery", recovered, recovery},
        {"reconcile", !*reconcile.pass, reconcile.pass},
        {"proof", !*reconcile.proof, reconcile.proof},
    };
    return flash_ready_fill_rows(parts, max, rows, sizeof(rows) / sizeof(rows[0]));
}

static void reports(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *daemon = arg;
    (void)fd;
    (void)what;
    flash_producer_poll(daemon->producer, REPORTS_PER_TURN);
}

static void stop(evutil_socket_t signal, short what, void *arg)
{
    struct daemon *daemon = arg;
    (void)what;
    if (!daemon->draining) {
        FLASH_LOG(INFO, "reconciler.stopping", FLASH_INT("signal", signal));
        daemon->draining = true;
        daemon->drain_end_us =
            flash_time_monotonic_us() + (uint64_t)daemon->config->http.drain_timeout_ms * 1000;
        flash_duty_stop(daemon->expiry_duty);
        flash_reconcile_duty_stop(daemon->reconcile_duty);
        flash_duty_stop(daemon->catalog_duty);
        flash_recover_duty_stop(daemon->recover_duty);
        flash_inflow_duty_stop(daemon->inflow_duty);
        flash_audit_duty_stop(daemon->audit_duty);
        flash_alerting_stop(daemon->alerting);
        flash_http_drain(daemon->http);
    }
}

static void reload(evutil_socket_t signal, short what, void *arg)
{
    struct daemon *daemon = arg;
    struct flash_error err;
    int level;
    (void)signal;
    (void)what;
    if (flash_config_reload_level(daemon->start->argc, daemon->start->argv, &level, &err)) {
        FLASH_LOG(INFO, "reconciler.reloaded", FLASH_INT("log_level", level));
    } else {
        FLASH_LOG(ERROR, "reconciler.reload_refused", FLASH_TEXT("error", err.text));
    }
}

/* Reports that an eventfd wake-up did not bring, a gauge, and the end of draining. */
static void tick(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *daemon = arg;
    reports(fd, what, arg);
    flash_expiry_note_lag(daemon->expiry);
    if (!daemon->draining || !flash_duty_stopped(daemon->expiry_duty) ||
        !flash_recover_duty_stopped(daemon->recover_duty) ||
        !flash_reconcile_duty_stopped(daemon->reconcile_duty)) {
        return;
    }
    flash_asks_close(daemon->asks);
    bool answered =
        flash_http_open_requests(daemon->http) == 0 && flash_http_connections(daemon->http) == 0;
    if (answered || flash_time_monotonic_us() >= daemon->drain_end_us) {
        event_base_loopbreak(daemon->base);
    }
}

/* ---- start and end ---- */

static bool add_events(struct daemon *daemon, struct flash_error *err)
{
    const struct timeval every = {0, TICK_US};
    struct event **events = daemon->events;
    int fd = flash_producer_fd(daemon->producer);
    events[0] = event_new(daemon->base, fd, EV_READ | EV_PERSIST, reports, daemon);
    events[1] = evsignal_new(daemon->base, SIGTERM, stop, daemon);
    events[2] = evsignal_new(daemon->base, SIGINT, stop, daemon);
    events[3] = evsignal_new(daemon->base, SIGHUP, reload, daemon);
    events[4] = event_new(daemon->base, -1, EV_PERSIST, tick, daemon);
    for (int i = 0; i < EVENTS; i++) {
        if (!events[i] || event_add(events[i], i == 4 ? &every : NULL) != 0) {
            return flash_error_set(err, FLASH_ERROR_RETRY, "no events");
        }
    }
    return true;
}

static bool listen_for_requests(struct daemon *daemon, struct flash_error *err)
{
    const struct flash_config *config = daemon->config;
    struct flash_http_options options = flash_http_options_from(config);
    options.listen = config->reconciler.listen;
    options.body_max = BODY_MAX;
    options.handler = flash_routes_handle;
    options.arg = &daemon->routes;
    flash_http_auth_init(&daemon->routes.auth, config);
    daemon->routes.ops =
        (struct flash_ops){.daemon = "flash-reconciler", .fill = ready_parts, .arg = daemon};
    daemon->routes.asks = daemon->asks;
    daemon->routes.expiry_duty = daemon->expiry_duty;
    daemon->routes.reconcile_duty = daemon->reconcile_duty;
    return flash_http_new(daemon->base, &options, &daemon->http, err);
}

/* The duties come last but for the listener: what they use is there. */
static bool start_duties(struct daemon *daemon, struct flash_error *err)
{
    const struct flash_duty_plan catalog = {CATALOG_INTERVAL_MS, read_catalog, daemon};
    const struct flash_duty_plan expiry = {daemon->config->reconciler.expiry_interval_ms, expire,
                                           daemon};
    if (!flash_duty_new(&catalog, &daemon->catalog_duty, err)) {
        return false;
    }
    const struct flash_expiry_parts parts = {daemon->redis, daemon->producer, daemon->catalog,
                                             daemon->catalog_duty};
    const struct flash_reconcile_duty_parts reconcile = {daemon->config, daemon->producer,
                                                         flash_alerting_alarms(daemon->alerting)};
    const struct flash_recover_duty_parts recover = {daemon->config, daemon->producer,
                                                     flash_alerting_alarms(daemon->alerting)};
    return flash_expiry_new(&parts, daemon->config->reconciler.expiry_rate, &daemon->expiry, err) &&
           flash_duty_new(&expiry, &daemon->expiry_duty, err) &&
           flash_recover_duty_new(&recover, &daemon->recover_duty, err) &&
           flash_inflow_duty_new(daemon->config, &daemon->inflow_duty, err) &&
           flash_reconcile_duty_new(&reconcile, &daemon->reconcile_duty, err) &&
           flash_alerting_start(daemon->alerting, daemon->producer, err);
}

static bool start(struct daemon *daemon, struct flash_error *err)
{
    static const struct flash_producer_hooks hooks = {.delivered = flash_publish_delivered};
    const struct flash_config *config = daemon->config;
    const struct flash_alerting_parts alerting = {config, ready_parts, daemon};
    flash_metrics_register(flash_reconciler_metrics, METRIC_RECONCILER_COUNT);
    flash_reconcile_metrics_register();
    daemon->base = event_base_new();
    if (!daemon->base) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "no event loop");
    }
    return flash_config_check_auth(config, err) &&
           flash_alerting_new(&alerting, &daemon->alerting, err) &&
           flash_producer_new(config, &hooks, &daemon->producer, err) &&
           flash_redis_sync_new(config, &daemon->redis, err) &&
           flash_catalog_new(config, &daemon->catalog, err) &&
           flash_asks_new(daemon->base, &daemon->asks, err) && add_events(daemon, err) &&
           start_duties(daemon, err) &&
           flash_audit_duty_new(config, flash_alerting_alarms(daemon->alerting),
                                &daemon->audit_duty, err) &&
           listen_for_requests(daemon, err);
}

static void finish(struct daemon *daemon)
{
    flash_alerting_stop(daemon->alerting); /* it looks at the duties */
    flash_recover_duty_free(daemon->recover_duty);
    flash_reconcile_duty_free(daemon->reconcile_duty);
    flash_duty_free(daemon->expiry_duty);
    flash_duty_free(daemon->catalog_duty);
    flash_inflow_duty_free(daemon->inflow_duty);
    flash_audit_duty_free(daemon->audit_duty);
    flash_alerting_free(daemon->alerting); /* behind all that raise, before all it looks at */
    flash_asks_free(daemon->asks);
    flash_http_free(daemon->http);
    int64_t left = daemon->producer ? flash_producer_flush(daemon->producer, FLUSH_MS) : 0;
    FLASH_LOG(INFO, "reconciler.stopped", FLASH_INT("messages_left_to_the_journal", left));
    flash_producer_free(daemon->producer);
    flash_expiry_free(daemon->expiry);
    flash_catalog_free(daemon->catalog);
    flash_redis_sync_free(daemon->redis);
    for (int i = 0; i < EVENTS; i++) {
        if (daemon->events[i]) {
            event_free(daemon->events[i]);
        }
    }
    if (daemon->base) {
        event_base_free(daemon->base);
    }
}

bool flash_daemon_run(const struct flash_daemon_start *arguments, struct flash_error *err)
{
    struct daemon daemon = {.start = arguments, .config = arguments->config};
    bool started = start(&daemon, err);
    if (started) {
        FLASH_LOG(INFO, "reconciler.started", FLASH_INT("port", flash_http_port(daemon.http)));
        event_base_dispatch(daemon.base);
    }
    finish(&daemon);
    return started;
}
