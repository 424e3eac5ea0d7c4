/* flash_kafka_produce BROKERS TOPIC COUNT SIZE RATE: sends numbered messages from a libevent loop.
 *
 * Message n is {"n":n} padded to SIZE bytes, under key n % 64; RATE is messages a second, 0 for as
 * fast as the queue takes them. A line of JSON every 200 ms and one at the end tell what was sent
 * and reported; `twice` counts reports that came for a message already reported. The last line also
 * tells how far the topic goes then, as the broker says, all partitions together. */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flash/kafka_topic.h"
#include "flash/time.h"

enum { WINDOW = 50000, REPORTS_PER_TURN = 1000, SENDS_PER_TURN = 500, KEYS = 64, ENDS_MS = 2000 };

struct run {
    struct flash_producer *producer;
    long count, size, rate;
    char *value;
    bool *reported;
    long sent, outcomes[3], twice, full;
    uint64_t start_us, send_cpu_ns;
    bool ready, was_ready, lost_ready; /* lost_ready: it was ready, and then was not */
};

static void delivered(enum flash_delivery outcome, void *opaque, void *arg)
{
    struct run *run = arg;
    size_t n = (size_t)opaque;
    run->twice += run->reported[n];
    run->reported[n] = true;
    run->outcomes[outcome]++;
}

static uint64_t thread_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static bool send_next(struct run *run)
{
    char key[24], id[40];
    int key_len = snprintf(key, sizeof(key), "%ld", run->sent % KEYS + 1);
    snprintf(id, sizeof(id), "00000000-0000-7000-8000-%012ld", run->sent);
    int used = snprintf(run->value, 32, "{\"n\":%ld}", run->sent);
    run->value[used] = ' ';
    const struct flash_message_headers headers = {
        .id = id, .type = "flashgate.reserve", .source = "flash-engine"};
    const struct flash_produce message = {
        .key = {key, (size_t)key_len},
        .value = {run->value, (size_t)run->size},
        .headers = &headers,
        .partition = -1,
        .opaque = (void *)(size_t)run->sent,
    };
    struct flash_error err = {0};
    if (!flash_producer_send(run->producer, &message, &err)) {
        run->full++;
        return false;
    }
    run->sent++;
    return true;
}

static void send_some(struct run *run)
{
    long due = run->count;
    if (run->rate > 0) {
        uint64_t elapsed_us = flash_time_monotonic_us() - run->start_us;
        due = (long)(elapsed_us * (uint64_t)run->rate / 1000000);
        due = due > run->count ? run->count : due;
    }
    uint64_t start_ns = thread_cpu_ns();
    for (int i = 0; i < SENDS_PER_TURN && run->sent < due; i++) {
        if (flash_producer_queued(run->producer) >= WINDOW || !send_next(run)) {
            break;
        }
    }
    run->send_cpu_ns += thread_cpu_ns() - start_ns;
}

/* Ends in "high":…} or, while all is not done or no broker answers, in }. */
static void say_ends(struct run *run, bool done)
{
    struct flash_topic_ends ends;
    struct flash_error err = {0};
    if (!done || !flash_producer_topic_ends(run->producer, ENDS_MS, &ends, &err)) {
        printf("}\n");
        return;
    }
    int64_t low = 0, high = 0;
    for (int i = 0; i < ends.count; i++) {
        low += ends.partitions[i].low;
        high += ends.partitions[i].high;
    }
    printf(",\"partitions\":%d,\"low\":%" PRId64 ",\"high\":%" PRId64 "}\n", ends.count, low, high);
}

static void say(struct run *run, bool done)
{
    struct flash_error error;
    flash_producer_last_error(run->producer, &error);
    double seconds = (double)(flash_time_monotonic_us() - run->start_us) / 1e6;
    printf("{\"done\":%s,\"sent\":%ld,\"acked\":%ld,\"not_sent\":%ld,\"unknown\":%ld,\"twice\":%ld,"
           "\"full\":%ld,\"queued\":%" PRId64 ",\"ready\":%s,\"lost_ready\":%s,\"seconds\":%.3f,"
           "\"send_cpu_us\":%.3f,\"error\":\"%s\"",
           done ? "true" : "false", run->sent, run->outcomes[FLASH_DELIVERY_ACKED],
           run->outcomes[FLASH_DELIVERY_NOT_SENT], run->outcomes[FLASH_DELIVERY_UNKNOWN],
           run->twice, run->full, flash_producer_queued(run->producer),
           run->ready ? "true" : "false", run->lost_ready ? "true" : "false", seconds,
           (double)run->send_cpu_ns / 1e3 / (double)(run->sent ? run->sent : 1),
           error.kind == FLASH_ERROR_NONE ? "" : flash_error_kind_name(error.kind));
    say_ends(run, done);
    fflush(stdout);
}

static void on_reports(evutil_socket_t fd, short what, void *arg)
{
    struct run *run = arg;
    (void)fd;
    (void)what;
    flash_producer_poll(run->producer, REPORTS_PER_TURN);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg; /* only ends the turn, so that more is sent */
}

static void on_progress(evutil_socket_t fd, short what, void *arg)
{
    struct run *run = arg;
    (void)fd;
    (void)what;
    run->ready = flash_producer_ready(run->producer);
    run->was_ready = run->was_ready || run->ready;
    run->lost_ready = run->lost_ready || (run->was_ready && !run->ready);
    say(run, false);
}

/* Ends when everything was sent and reported and a broker is known to be there. */
static void loop(struct run *run)
{
    const struct timeval progress = {.tv_usec = 200000}, tick = {.tv_usec = 1000};
    struct event_base *base = event_base_new();
    int fd = flash_producer_fd(run->producer);
    struct event *events[] = {
        event_new(base, fd, EV_READ | EV_PERSIST, on_reports, run),
        event_new(base, -1, EV_PERSIST, on_progress, run),
        event_new(base, -1, EV_PERSIST, on_tick, run),
    };
    event_add(events[0], NULL);
    event_add(events[1], &progress);
    event_add(events[2], &tick);
    run->start_us = flash_time_monotonic_us();
    while (run->sent < run->count || flash_producer_queued(run->producer) > 0 ||
           !flash_producer_ready(run->producer)) {
        send_some(run);
        event_base_loop(base, EVLOOP_ONCE);
    }
    run->ready = true;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        event_free(events[i]);
    }
    event_base_free(base);
}

int main(int argc, char *argv[])
{
    if (argc != 6) {
        fprintf(stderr, "usage: flash_kafka_produce BROKERS TOPIC COUNT SIZE RATE\n");
        return 2;
    }
    static struct flash_config config;
    struct flash_error err = {0};
    struct run run = {.count = strtol(argv[3], NULL, 10),
                      .size = strtol(argv[4], NULL, 10),
                      .rate = strtol(argv[5], NULL, 10)};
    run.size = run.size < 64 ? 64 : run.size;
    run.value = malloc((size_t)run.size);
    run.reported = calloc((size_t)run.count, sizeof(*run.reported));
    if (run.value == NULL || run.reported == NULL) {
        return 1;
    }
    memset(run.value, ' ', (size_t)run.size);
    snprintf(config.kafka.brokers, sizeof(config.kafka.brokers), "%s", argv[1]);
    snprintf(config.kafka.topic, sizeof(config.kafka.topic), "%s", argv[2]);
    const struct flash_producer_hooks hooks = {delivered, &run};
    if (!flash_producer_new(&config, &hooks, &run.producer, &err)) {
        fprintf(stderr, "flash_kafka_produce: %s\n", err.text);
        return 1;
    }
    loop(&run);
    say(&run, true);
    flash_producer_free(run.producer);
    free(run.reported);
    free(run.value);
    return 0;
}
