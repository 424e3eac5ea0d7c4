/* Readiness and gauges, from what the workers publish atomically; see ready.h. */
#include "ready.h"

#include <stdio.h>

#include "admission.h"
#include "metrics.h"
#include "worker.h"

#define REASON sizeof(((struct flash_ready_part *)0)->reason)

struct sums {
    bool redis_ready;
    int64_t lines, memory_percent, journal_entries, journal_age_us, connections, waiting, streams;
    int64_t closed;
};

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct sums sum_workers(struct flash_engine *engine)
{
    struct sums sums = {.redis_ready = true};
    for (int i = 0; i < engine->worker_count; i++) {
        struct flash_worker *worker = &engine->workers[i];
        sums.redis_ready &= worker->seen.redis_ready;
        sums.lines = larger(sums.lines, worker->seen.lines);
        sums.memory_percent = larger(sums.memory_percent, worker->seen.memory_percent);
        sums.journal_entries = larger(sums.journal_entries, worker->seen.journal_entries);
        sums.journal_age_us = larger(sums.journal_age_us, worker->seen.journal_age_us);
        sums.closed = larger(sums.closed, worker->seen.closed);
        sums.connections += worker->seen.connections;
        sums.waiting += worker->seen.waiting;
        sums.streams += worker->seen.streams;
    }
    return sums;
}

/* What buyers are told, and what ops need to know. */
static void why(char ret[REASON], enum flash_admission stop, const char *cause)
{
    snprintf(ret, REASON, "%s%s%s", flash_admission_text(stop), *cause ? ": " : "", cause);
}

int flash_ready_parts(struct flash_ready_part *parts, int max, void *arg)
{
    struct flash_worker *worker = arg;
    struct flash_engine *engine = worker->engine;
    struct sums sums = sum_workers(engine);
    int64_t queued = flash_producer_queued(engine->producer);
    struct flash_error kafka;
    flash_producer_last_error(engine->producer, &kafka);
    char redis_why[REASON], kafka_why[REASON];
    why(redis_why, FLASH_STOP_REDIS_AWAY, flash_redis_trouble(worker->redis));
    why(kafka_why, FLASH_STOP_KAFKA_AWAY, kafka.text);
    const struct flash_ready_row rows[] = {
        {"process", !engine->draining, flash_admission_text(FLASH_STOP_DRAINING)},
        {"redis", sums.redis_ready, redis_why},
        {"redis-queue", sums.lines < engine->limits.redis_lines,
         flash_admission_text(FLASH_STOP_REDIS_LINES)},
        {"redis-memory", sums.memory_percent < engine->limits.memory_percent,
         flash_admission_text(FLASH_STOP_MEMORY)},
        {"kafka", flash_producer_ready(engine->producer), kafka_why},
        {"kafka-queue", queued < engine->limits.kafka_queue,
         flash_admission_text(FLASH_STOP_KAFKA_QUEUE)},
        {"journal-depth", sums.journal_entries < engine->limits.journal_entries,
         flash_admission_text(FLASH_STOP_JOURNAL_DEPTH)},
        {"journal-age", sums.journal_age_us < engine->limits.journal_age_us,
         flash_admission_text(FLASH_STOP_JOURNAL_AGE)},
        {"gates", sums.closed == 0, flash_admission_text(FLASH_STOP_GATE)},
    };
    return flash_ready_fill_rows(parts, max, rows, sizeof(rows) / sizeof(rows[0]));
}

void flash_ready_gauges(struct flash_engine *engine)
{
    struct sums sums = sum_workers(engine);
    flash_metric_set(&flash_engine_metrics[METRIC_KAFKA_QUEUE],
                     flash_producer_queued(engine->producer));
    flash_metric_set(&flash_engine_metrics[METRIC_JOURNAL_ENTRIES], sums.journal_entries);
    flash_metric_set(&flash_engine_metrics[METRIC_JOURNAL_AGE], sums.journal_age_us);
    flash_metric_set(&flash_engine_metrics[METRIC_CONNECTIONS], sums.connections);
    flash_metric_set(&flash_engine_metrics[METRIC_WAITING], sums.waiting);
    flash_metric_set(&flash_engine_metrics[METRIC_STREAMS], sums.streams);
}
