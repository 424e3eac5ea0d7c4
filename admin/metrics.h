/* The back office's metrics: rows of one table, moved by name. */
#ifndef ADMIN_METRICS_H
#define ADMIN_METRICS_H

#include "flash/metrics.h"

enum flash_admin_metric {
    METRIC_ANSWERS_GOOD,
    METRIC_ANSWERS_REFUSED,
    METRIC_ANSWERS_FAILED,
    METRIC_JOB_LATENCY,
    METRIC_QUEUE,
    METRIC_EXPORTS,
    METRIC_LEDGER_RETRIES,
    METRIC_LOADS,
    METRIC_SALES_SET,
    METRIC_THRESHOLDS_SET,
    METRIC_NEEDS_RECOVERY,
    METRIC_INFLOWS,
    METRIC_TAKES,
    METRIC_ENTRIES_SENT,
    METRIC_ENTRIES_NOT_SENT,
    METRIC_ENTRIES_ACKED,
    METRIC_ENTRIES_FAILED,
    METRIC_VIEWS,
    METRIC_LIVE_STREAMS,
    METRIC_ADMIN_COUNT,
};

extern struct flash_metric flash_admin_metrics[METRIC_ADMIN_COUNT];

static inline void flash_admin_count(enum flash_admin_metric metric, int64_t n)
{
    flash_metric_add(&flash_admin_metrics[metric], n);
}

#endif
