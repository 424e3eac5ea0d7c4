/* The engine's metrics: rows of one table, moved by name. */
#ifndef ENGINE_METRICS_H
#define ENGINE_METRICS_H

#include "flash/metrics.h"

enum flash_engine_metric {
    METRIC_ORDERS_ACCEPTED,
    METRIC_ORDERS_REPLAYED,
    METRIC_ORDERS_SOLD_OUT,
    METRIC_ORDERS_LIMIT,
    METRIC_ORDERS_NOT_STARTED,
    METRIC_ORDERS_ENDED,
    METRIC_ORDERS_KEY_REUSED,
    METRIC_ORDERS_NOT_ADMITTED,
    METRIC_ORDERS_UNKNOWN,
    METRIC_RESERVE_CALLS,
    METRIC_RESERVE_LINES,
    METRIC_RESERVE_LATENCY,
    METRIC_STATUS_CALLS,
    METRIC_STATUS_READS,
    METRIC_ENTRIES_PUBLISHED,
    METRIC_ENTRIES_NOT_SENT,
    METRIC_ENTRIES_ACKED,
    METRIC_ENTRIES_FAILED,
    METRIC_GENERATION_REFUSALS,
    METRIC_REDIS_ERRORS,
    METRIC_KAFKA_QUEUE,
    METRIC_JOURNAL_ENTRIES,
    METRIC_JOURNAL_AGE,
    METRIC_CONNECTIONS,
    METRIC_WAITING,
    METRIC_ENGINE_COUNT,
};

extern struct flash_metric flash_engine_metrics[METRIC_ENGINE_COUNT];

static inline void flash_engine_count(enum flash_engine_metric metric, int64_t n)
{
    flash_metric_add(&flash_engine_metrics[metric], n);
}

#endif
