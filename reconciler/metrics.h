/* The reconciler's metrics: rows of one table, moved by name. */
#ifndef RECONCILER_METRICS_H
#define RECONCILER_METRICS_H

#include "finding.h"
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
    METRIC_AUDITS_CLEAN,
    METRIC_AUDITS_FINDINGS,
    METRIC_AUDITS_AWAY,
    METRIC_AUDIT_TIME,
    METRIC_AUDIT_FULL_TIME,
    METRIC_AUDIT_LAST,
    METRIC_AUDIT_UNDECIDED,
    METRIC_AUDIT_ORDERS,
    METRIC_AUDIT_GONE,
    METRIC_AUDIT_FINDINGS, /* one of each cause */
    METRIC_AUDIT_FINDINGS_LAST = METRIC_AUDIT_FINDINGS + FLASH_CAUSE_COUNT - 1,
    METRIC_RECONCILER_COUNT,
};

extern struct flash_metric flash_reconciler_metrics[METRIC_RECONCILER_COUNT];

static inline void flash_reconciler_count(enum flash_reconciler_metric metric, int64_t n)
{
    flash_metric_add(&flash_reconciler_metrics[metric], n);
}

#endif
