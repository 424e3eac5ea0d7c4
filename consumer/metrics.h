/* The consumer's metrics: rows of one table, moved by name. */
#ifndef CONSUMER_METRICS_H
#define CONSUMER_METRICS_H

#include "flash/metrics.h"

enum flash_consumer_metric {
    METRIC_MESSAGES,
    METRIC_ENTRIES_APPLIED,
    METRIC_LINES_APPLIED,
    METRIC_DUPLICATES,
    METRIC_SHORTAGES,
    METRIC_REFUSED,
    METRIC_REFUSED_TAKES,
    METRIC_PARKED,
    METRIC_DEAD_LETTERS,
    METRIC_BATCHES,
    METRIC_BATCH_RETRIES,
    METRIC_OUTRUN,
    METRIC_SETTLED_DROPPED,
    METRIC_SETTLED_ADOPTED,
    METRIC_SETTLE_FAILURES,
    METRIC_FORGOTTEN,
    METRIC_REPOSITIONS,
    METRIC_TOPIC_CHANGES,
    METRIC_COMMIT_LATENCY,
    METRIC_SETTLE_LATENCY,
    METRIC_MESSAGE_AGE,
    METRIC_LAST_COMMIT,
    METRIC_CONSUMER_COUNT,
};

extern struct flash_metric flash_consumer_metrics[METRIC_CONSUMER_COUNT];

static inline void flash_consumer_count(enum flash_consumer_metric metric, int64_t n)
{
    flash_metric_add(&flash_consumer_metrics[metric], n);
}

#endif
