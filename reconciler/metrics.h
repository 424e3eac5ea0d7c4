/* The reconciler's metrics: rows of one table, moved by name. */
#ifndef RECONCILER_METRICS_H
#define RECONCILER_METRICS_H

#include "flash/metrics.h"

enum flash_reconciler_metric {
    METRIC_EXPIRED_ORDERS,
    METRIC_PASSES_WHOLE,
    METRIC_PASSES_BROKEN_OFF,
    METRIC_PASS_LATENCY,
    METRIC_CALL_LATENCY,
    METRIC_EXPIRY_LAG,
    METRIC_EXPIRY_QUEUED,
    METRIC_SKUS,
    METRIC_SKUS_SKIPPED,
    METRIC_ENTRIES_SENT,
    METRIC_ENTRIES_NOT_SENT,
    METRIC_ENTRIES_ACKED,
    METRIC_ENTRIES_FAILED,
    METRIC_ERRORS_REDIS,
    METRIC_ERRORS_KAFKA,
    METRIC_ERRORS_LEDGER,
    METRIC_RECOVERIES,
    METRIC_RECOVER_IN_NEED,
    METRIC_RECOVER_FINDINGS,
    METRIC_RECOVER_LATENCY,
    METRIC_RECONCILER_COUNT,
};

extern struct flash_metric flash_reconciler_metrics[METRIC_RECONCILER_COUNT];

static inline void flash_reconciler_count(enum flash_reconciler_metric metric, int64_t n)
{
    flash_metric_add(&flash_reconciler_metrics[metric], n);
}

#endif
