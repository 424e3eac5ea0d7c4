/* flash-consumer: writes orders into the ledger, exactly once, and tells Redis what became of them.
 *
 * The main thread has the signals and the operations listener; one thread runs the pipeline. TERM
 * and INT finish the batch in hand. HUP reads the log level again. */
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "flash/http_config.h"
#include "flash/http_ops.h"
#include "flash/log.h"
#include "flash/time.h"
#include "metrics.h"
#include "pipeline.h"

struct daemon {
    struct flash_config config;
    struct flash_pipeline *pipeline;
    struct flash_http *http;
    struct event_base *base;
    struct event *signals[3];
    pthread_t thread;
    bool running;
    _Atomic bool stop;
    int argc;
    char **argv;
};

/* ---- operations ---- */

static int fill_parts(struct flash_ready_part *parts, int max, void *arg)
{
    struct daemon *daemon = arg;
    const struct flash_pipeline_health *health = flash_pipeline_health(daemon->pipeline);
    int64_t since_us = health->waiting_since_us;
    int64_t waited_us = since_us ? (int64_t)flash_time_monotonic_us() - since_us : 0;
    const struct flash_ready_row rows[] = {
        {"process", !daemon->stop, "the consumer is stopping"},
        {"ledger", health->ledger_ready, "did not commit the last transaction, or does not answer"},
        {"redis", health->redis_ready, "did not accept the last settle, or does not answer"},
        {"kafka", health->kafka_ready, "no broker is there, or the last poll was an error"},
        {"progress", health->progress_ready, "the topic is not the one that was read before"},
        {"commit", waited_us < daemon->config.consumer.stall_after_ms * 1000,
         "messages wait and nothing is committed"},
    };
    return flash_ready_fill_rows(parts, max, rows, sizeof(rows) / sizeof(rows[0]));
}

static void handle(struct flash_request *request, void *arg)
{
    struct flash_ops ops = {.daemon = "flash-consumer", .fill = fill_parts, .arg = arg};
    if (!flash_ops_handle(request, &ops)) {
        flash_request_problem(
            request,
            &(struct flash_problem){.status = 404, .slug = "not-found", .title = "Not found"});
    }
}

static void on_signal(evutil_socket_t signal, short what, void *arg)
{
    (void)what;
    struct daemon *daemon = arg;
    struct flash_error err;
    int level;
    if (signal != SIGHUP) {
        FLASH_LOG(INFO, "consumer.stopping", FLASH_INT("signal", signal));
        daemon->stop = true;
        event_base_loopbreak(daemon->base);
    } else if (flash_config_reload_level(daemon->argc, daemon->argv, &level, &err)) {
        FLASH_LOG(INFO, "consumer.reloaded", FLASH_INT("log_level", level));
    } else {
        FLASH_LOG(ERROR, "consumer.reload_refused", FLASH_TEXT("error", err.text));
    }
}

/* ---- start and end ---- */

static bool open_base(struct daemon *daemon, struct flash_error *err)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    daemon->base = event_base_new();
    for (int i = 0; i < 3 && daemon->base; i++) {
        daemon->signals[i] = evsignal_new(daemon->base, numbers[i], on_signal, daemon);
        if (!daemon->signals[i] || event_add(daemon->signals[i], NULL) != 0) {
            return flash_error_set(err, FLASH_ERROR_RETRY, "no signals");
        }
    }
    return daemon->base || flash_error_set(err, FLASH_ERROR_RETRY, "no event loop");
}

static bool listen_ops(struct daemon *daemon, struct flash_error *err)
{
    const struct flash_config *config = &daemon->config;
    struct flash_http_options options = flash_http_options_from(config);
    options.listen = config->consumer.listen;
    options.body_max = 1024;
    options.handler = handle;
    options.arg = daemon;
    return flash_http_new(daemon->base, &options, &daemon->http, err);
}

static void *run(void *arg)
{
    struct daemon *daemon = arg;
    flash_pipeline_run(daemon->pipeline, &daemon->stop);
    return NULL;
}

static bool start(struct daemon *daemon, struct flash_error *err)
{
    flash_metrics_register(flash_consumer_metrics, METRIC_CONSUMER_COUNT);
    if (!flash_pipeline_new(&daemon->config, &daemon->pipeline, err) || !open_base(daemon, err) ||
        !listen_ops(daemon, err)) {
        return false;
    }
    int rc = pthread_create(&daemon->thread, NULL, run, daemon);
    daemon->running = rc == 0;
    return daemon->running ||
           flash_error_set(err, FLASH_ERROR_RETRY, "no thread: %s", strerror(rc));
}

static void finish(struct daemon *daemon)
{
    daemon->stop = true;
    if (daemon->running) {
        pthread_join(daemon->thread, NULL);
    }
    flash_http_free(daemon->http);
    for (int i = 0; i < 3; i++) {
        if (daemon->signals[i]) {
            event_free(daemon->signals[i]);
        }
    }
    if (daemon->base) {
        event_base_free(daemon->base);
    }
    flash_pipeline_free(daemon->pipeline);
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
        fprintf(stderr, "flash-consumer: %s\n", err.text);
        return 2;
    }
    if (action == FLASH_CONFIG_EXIT_OK) {
        return 0;
    }
    flash_log_init("flash-consumer", daemon.config.log.level);
    bool started = start(&daemon, &err);
    if (started) {
        FLASH_LOG(INFO, "consumer.started", FLASH_INT("port", flash_http_port(daemon.http)));
        event_base_dispatch(daemon.base);
    } else {
        FLASH_LOG(ERROR, "consumer.not_started", FLASH_TEXT("error", err.text));
    }
    finish(&daemon);
    FLASH_LOG(INFO, "consumer.stopped", FLASH_INT("ok", started));
    return started ? 0 : err.kind == FLASH_ERROR_CONFIG ? 2 : 3;
}
