/* flash_kafka_consume BROKERS TOPIC GROUP: a subscriber that is told what to do on stdin.
 *
 *     at P OFFSET     answer OFFSET (-2: the beginning) for partition P; 0 until told otherwise
 *     hold | give     answer that no position is known, or that they are again
 *     reposition | watermarks P | note P OFFSET | quit
 *     start           begin to poll; nothing is polled before
 *     bench COUNT     count that many messages instead of printing each
 * It says, a line each: assigned P OFFSET, revoked P lost|kept, message P OFFSET N KEY, range P,
 * watermarks P LOW HIGH, error KIND TEXT, bench COUNT SECONDS CPU_US, repositioned, closed. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "flash/kafka_subscriber.h"
#include "flash/time.h"

enum { PARTITIONS = 64, POLL_MS = 50 };

struct run {
    struct flash_subscriber *subscriber;
    int64_t positions[PARTITIONS];
    bool started, hold, quit;
    long bench_count, bench_left;
    uint64_t bench_start_us, bench_start_cpu_us;
    char input[4096];
    size_t input_len;
};

static uint64_t thread_cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool assigned(int partition, int64_t *ret_offset, void *arg)
{
    struct run *run = arg;
    if (run->hold) {
        printf("held %d\n", partition);
        return false;
    }
    *ret_offset = run->positions[partition];
    printf("assigned %d %" PRId64 "\n", partition, *ret_offset);
    return true;
}

static void revoked(int partition, bool lost, void *arg)
{
    (void)arg;
    printf("revoked %d %s\n", partition, lost ? "lost" : "kept");
}

static void say_error(const struct flash_error *err)
{
    printf("error %s %s\n", flash_error_kind_name(err->kind), err->text);
}

static void watermarks(struct run *run, int partition)
{
    struct flash_error err = {0};
    struct flash_watermarks marks;
    if (!flash_subscriber_watermarks(run->subscriber, partition, &marks, &err)) {
        say_error(&err);
        return;
    }
    printf("watermarks %d %" PRId64 " %" PRId64 "\n", partition, marks.low, marks.high);
}

static void reposition(struct run *run)
{
    struct flash_error err = {0};
    if (!flash_subscriber_reposition(run->subscriber, &err)) {
        say_error(&err);
        return;
    }
    printf("repositioned\n");
}

static void obey(struct run *run, const char *line)
{
    int partition;
    int64_t offset;
    if (sscanf(line, "at %d %" SCNd64, &partition, &offset) == 2 && partition < PARTITIONS) {
        run->positions[partition] = offset;
    } else if (sscanf(line, "note %d %" SCNd64, &partition, &offset) == 2) {
        flash_subscriber_note(run->subscriber, partition, offset);
    } else if (sscanf(line, "watermarks %d", &partition) == 1) {
        watermarks(run, partition);
    } else if (sscanf(line, "bench %ld", &run->bench_count) == 1) {
        run->bench_left = run->bench_count;
    } else if (strcmp(line, "reposition") == 0) {
        reposition(run);
    } else if (strcmp(line, "hold") == 0 || strcmp(line, "give") == 0) {
        run->hold = line[0] == 'h';
    } else if (strcmp(line, "start") == 0) {
        run->started = true;
    } else {
        run->quit = true;
    }
}

/* Reads what stdin has, waiting for it only before the start, and obeys each whole line. */
static void listen_to(struct run *run)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&in, 1, run->started ? 0 : -1) != 1) {
        return;
    }
    ssize_t got =
        read(STDIN_FILENO, run->input + run->input_len, sizeof(run->input) - run->input_len - 1);
    if (got <= 0) {
        run->quit = true;
        return;
    }
    run->input_len += (size_t)got;
    run->input[run->input_len] = '\0';
    char *line = run->input, *end;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        obey(run, line);
        line = end + 1;
    }
    run->input_len = strlen(line);
    memmove(run->input, line, run->input_len + 1);
}

static void on_message(struct run *run, const struct flash_message *message)
{
    if (run->bench_count == 0) {
        long n = -1;
        char value[32];
        snprintf(value, sizeof(value), "%.*s", (int)message->value.len, message->value.at);
        (void)sscanf(value, "{\"n\":%ld}", &n);
        printf("message %d %" PRId64 " %ld %.*s\n", message->partition, message->offset, n,
               (int)message->key.len, message->key.at);
        return;
    }
    if (run->bench_left == run->bench_count) {
        run->bench_start_us = flash_time_monotonic_us();
        run->bench_start_cpu_us = thread_cpu_us();
    }
    if (--run->bench_left == 0) {
        printf("bench %ld %.3f %.3f\n", run->bench_count,
               (double)(flash_time_monotonic_us() - run->bench_start_us) / 1e6,
               (double)(thread_cpu_us() - run->bench_start_cpu_us) / (double)run->bench_count);
    }
}

static void consume(struct run *run)
{
    while (!run->quit) {
        struct flash_message message = {0};
        struct flash_error err = {0};
        switch (flash_subscriber_poll(run->subscriber, POLL_MS, &message, &err)) {
        case FLASH_POLL_MESSAGE:
            on_message(run, &message);
            if (run->bench_left > 0) {
                flash_message_free(&message);
                continue; /* neither look at stdin nor flush for each */
            }
            break;
        case FLASH_POLL_OUT_OF_RANGE:
            printf("range %d\n", message.partition);
            break;
        case FLASH_POLL_ERROR:
            say_error(&err);
            break;
        case FLASH_POLL_EMPTY:
            fflush(stdout);
            break;
        }
        flash_message_free(&message);
        listen_to(run);
    }
}

int main(int argc, char *argv[])
{
    if (argc != 4) {
        fprintf(stderr, "usage: flash_kafka_consume BROKERS TOPIC GROUP\n");
        return 2;
    }
    static struct flash_config config;
    static struct run run;
    struct flash_error err = {0};
    const struct flash_subscriber_hooks hooks = {assigned, revoked, &run};
    snprintf(config.kafka.brokers, sizeof(config.kafka.brokers), "%s", argv[1]);
    snprintf(config.kafka.topic, sizeof(config.kafka.topic), "%s", argv[2]);
    snprintf(config.kafka.group, sizeof(config.kafka.group), "%s", argv[3]);
    if (!flash_subscriber_new(&config, &hooks, &run.subscriber, &err)) {
        fprintf(stderr, "flash_kafka_consume: %s\n", err.text);
        return 1;
    }
    while (!run.started && !run.quit) {
        listen_to(&run);
    }
    consume(&run);
    flash_subscriber_free(run.subscriber);
    printf("closed\n");
    return 0;
}
