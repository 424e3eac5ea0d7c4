/* flash-admin: the back office. Changes stock and sales in the ledger first, then in Redis; shows
 * what the ledger knows.
 *
 * The main thread runs the loop: the listener, the signals, and the timer of repairs.
 * What may block is done by the workers; their entries' delivery reports run here. TERM and INT
 * drain, HUP reads the log level again. */
#include <curl/curl.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "flash/http_config.h"
#include "flash/log.h"
#include "flash/time.h"
#include "metrics.h"
#include "publish.h"
#include "repair.h"
#include "routes.h"

#define BODY_MAX 65536 /* bytes (SECURITY, request sizes) */
#define TICK_US 50000  /* draining is looked at this often */
#define EVENT_COUNT 5
#define REPORTS_PER_TURN 1024
#define FLUSH_MS 5000 /* at the end; what is left then is the journal's */

struct daemon {
    struct flash_config config;
    struct flash_routes routes;
    struct flash_repair repair;
    struct flash_producer *producer;
    struct event_base *base;
    struct event *events[EVENT_COUNT];
    struct flash_http *http;
    bool draining;
    uint64_t drain_end_us;
    int argc;
    char **argv;
};

static int ready_parts(struct flash_ready_part *parts, int max, void *arg)
{
    struct daemon *daemon = arg;
    const struct flash_ready_row process = {"process", !daemon->draining, "shutting down"};
    int filled = flash_ready_fill_rows(parts, max, &process, 1);
    return filled + flash_repair_parts(parts + filled, max - filled, &daemon->repair);
}

/* ---- events ---- */

static void reports(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct daemon *daemon = arg;
    flash_producer_poll(daemon->producer, REPORTS_PER_TURN);
}

static void stop(evutil_socket_t signal, short what, void *arg)
{
    (void)what;
    struct daemon *daemon = arg;
    if (!daemon->draining) {
        FLASH_LOG(INFO, "admin.draining", FLASH_INT("signal", signal));
        daemon->draining = true;
        daemon->drain_end_us =
            flash_time_monotonic_us() + (uint64_t)daemon->config.http.drain_timeout_ms * 1000;
        flash_workers_hurry(daemon->routes.workers);
        flash_repair_stop(&daemon->repair);
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
    if (flash_config_reload_level(daemon->argc, daemon->argv, &level, &err)) {
        FLASH_LOG(INFO, "admin.reloaded", FLASH_INT("log_level", level));
    } else {
        FLASH_LOG(ERROR, "admin.reload_refused", FLASH_TEXT("error", err.text));
    }
}

static void tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct daemon *daemon = arg;
    bool answered =
        flash_http_open_requests(daemon->http) == 0 && flash_http_connections(daemon->http) == 0;
    if (daemon->draining && (answered || flash_time_monotonic_us() >= daemon->drain_end_us)) {
        event_base_loopbreak(daemon->base);
    }
}

static bool add_events(struct daemon *daemon, struct flash_error *err)
{
    const struct timeval often = {0, TICK_US};
    const struct timeval *const every[EVENT_COUNT] = {NULL, NULL, &often, NULL, NULL};
    int fd = flash_producer_fd(daemon->producer);
    struct event **events = daemon->events;
    events[0] = evsignal_new(daemon->base, SIGTERM, stop, daemon);
    events[1] = evsignal_new(daemon->base, SIGINT, stop, daemon);
    events[2] = event_new(daemon->base, -1, EV_PERSIST, tick, daemon);
    events[3] = event_new(daemon->base, fd, EV_READ | EV_PERSIST, reports, daemon);
    events[4] = evsignal_new(daemon->base, SIGHUP, reload, daemon);
    for (int i = 0; i < EVENT_COUNT; i++) {
        if (!events[i] || event_add(events[i], every[i]) != 0) {
            return flash_error_set(err, FLASH_ERROR_RETRY, "no events");
        }
    }
    return true;
}

/* ---- start and end ---- */

static bool listen_for_requests(struct daemon *daemon, struct flash_error *err)
{
    const struct flash_config *config = &daemon->config;
    struct flash_http_options options = flash_http_options_from(config);
    options.listen = config->admin.listen;
    options.body_max = BODY_MAX;
    options.handler = flash_routes_handle;
    options.arg = &daemon->routes;
    return flash_http_new(daemon->base, &options, &daemon->http, err);
}

static bool start(struct daemon *daemon, struct flash_error *err)
{
    flash_metrics_register(flash_admin_metrics, METRIC_ADMIN_COUNT);
    if (!flash_config_check_auth(&daemon->config, err)) {
        return false;
    }
    flash_http_auth_init(&daemon->routes.auth, &daemon->config);
    if (!flash_limit_init(&daemon->routes.limit, daemon->config.admin.rate,
                          daemon->config.admin.burst, err)) {
        return false;
    }
    daemon->routes.ops =
        (struct flash_ops){.daemon = "flash-admin", .fill = ready_parts, .arg = daemon};
    daemon->base = event_base_new();
    if (!daemon->base) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "no event loop");
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) { /* before there are threads */
        return flash_error_set(err, FLASH_ERROR_RETRY, "libcurl does not start");
    }
    static const struct flash_producer_hooks hooks = {.delivered = flash_publish_delivered};
    if (!flash_producer_new(&daemon->config, &hooks, &daemon->producer, err)) {
        return false;
    }
    const struct flash_workers_parts parts = {&daemon->config, daemon->producer};
    if (!flash_pages_new(&daemon->routes.pages, err) ||
        !flash_workers_new(daemon->base, &parts, &daemon->routes.workers, err)) {
        return false;
    }
    flash_pipeline_init(&daemon->routes.pipeline, daemon->routes.workers);
    return flash_live_init(&daemon->routes.live, daemon->base, &daemon->routes.pipeline, err) &&
           listen_for_requests(daemon, err) && add_events(daemon, err) &&
           flash_repair_start(&daemon->repair, daemon->base, daemon->routes.workers, err);
}

static void finish(struct daemon *daemon)
{
    flash_workers_free(daemon->routes.workers); /* answers what is still open */
    flash_repair_free(&daemon->repair);
    flash_pipeline_done(&daemon->routes.pipeline);
    int64_t left = daemon->producer ? flash_producer_flush(daemon->producer, FLUSH_MS) : 0;
    if (left > 0) {
        FLASH_LOG(WARN, "admin.left_to_the_journal", FLASH_INT("entries", left));
    }
    flash_producer_free(daemon->producer);
    flash_http_free(daemon->http);
    flash_live_done(&daemon->routes.live);
    flash_files_free(daemon->routes.pages);
    for (int i = 0; i < EVENT_COUNT; i++) {
        if (daemon->events[i]) {
            event_free(daemon->events[i]);
        }
    }
    if (daemon->base) {
        event_base_free(daemon->base);
    }
    curl_global_cleanup();
}

int main(int argc, char **argv)
{
    static struct daemon daemon; /* large */
    enum flash_config_action action;
    struct flash_error err = {0};
    daemon.argc = argc;
    daemon.argv = argv;
    signal(SIGPIPE, SIG_IGN);
    if (!flash_config_load(&daemon.config, argc, argv, &action, &err)) {
        fprintf(stderr, "flash-admin: %s\n", err.text);
        return 2;
    }
    if (action == FLASH_CONFIG_EXIT_OK) {
        return 0;
    }
    flash_log_init("flash-admin", daemon.config.log.level);
    bool started = start(&daemon, &err);
    if (started) {
        FLASH_LOG(INFO, "admin.started", FLASH_INT("port", flash_http_port(daemon.http)));
        event_base_dispatch(daemon.base);
        FLASH_LOG(INFO, "admin.stopped",
                  FLASH_INT("requests_cut_off", flash_http_open_requests(daemon.http)));
    } else {
        FLASH_LOG(ERROR, "admin.not_started", FLASH_TEXT("error", err.text));
    }
    finish(&daemon);
    return started ? 0 : err.kind == FLASH_ERROR_CONFIG ? 2 : 3;
}
