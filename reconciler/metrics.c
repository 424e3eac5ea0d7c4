/* The table of the reconciler's metrics; see metrics.h. */
#include "metrics.h"

#define ROW(type, name, labels, help)                                                              \
    {                                                                                              \
        "flash_reconciler_" name, help, labels, FLASH_METRIC_##type                                \
    }
#define PASSES "Expiry passes, by how they ended"
#define ENTRIES "Entries for Kafka, by what became of them; the journal has those that failed"
#define AUDITS "Audits, by how they ended"
#define FOUND(cause, word)                                                                         \
    [METRIC_AUDIT_FINDINGS + FLASH_CAUSE_##cause] =                                                \
        ROW(GAUGE, "audit_findings", "cause=\"" word "\"",                                         \
            "Findings of the last audit of all units and of the last of all rows, by cause")
#define ERRORS "Calls that failed, by the part that did not do its own"

struct flash_metric flash_reconciler_metrics[METRIC_RECONCILER_COUNT] = {
    [METRIC_EXPIRED_ORDERS] = ROW(COUNTER, "expired_orders_total", NULL,
                                  "Orders whose time to pay was over and that were taken"),
    [METRIC_PASSES_WHOLE] = ROW(COUNTER, "expiry_passes_total", "end=\"complete\"", PASSES),
    [METRIC_PASSES_BROKEN_OFF] = ROW(COUNTER, "expiry_passes_total", "end=\"broken_off\"", PASSES),
    [METRIC_PASS_LATENCY] = ROW(HISTOGRAM, "expiry_pass_seconds", NULL, "One pass over all SKUs"),
    [METRIC_CALL_LATENCY] = ROW(HISTOGRAM, "expiry_call_seconds", NULL, "One call of the script"),
    [METRIC_EXPIRY_LAG] = ROW(GAUGE, "expiry_lag_milliseconds", NULL,
                              "No order that is due has been left for longer: the time since the "
                              "last complete pass began"),
    [METRIC_EXPIRY_QUEUED] = ROW(GAUGE, "expiry_queued_entries", NULL,
                                 "Entries that are due and still without verdict, in the last "
                                 "complete pass"),
    [METRIC_SKUS] = ROW(GAUGE, "skus", NULL, "SKUs with a sale, as the ledger last said"),
    [METRIC_SKUS_SKIPPED] = ROW(GAUGE, "expiry_skipped_skus", NULL,
                                "SKUs that Redis does not have in the ledger's generation, or "
                                "refused to serve, in the last pass"),
    [METRIC_ENTRIES_SENT] = ROW(COUNTER, "entries_total", "outcome=\"sent\"", ENTRIES),
    [METRIC_ENTRIES_NOT_SENT] = ROW(COUNTER, "entries_total", "outcome=\"not_sent\"", ENTRIES),
    [METRIC_ENTRIES_ACKED] = ROW(COUNTER, "entries_total", "outcome=\"acked\"", ENTRIES),
    [METRIC_ENTRIES_FAILED] = ROW(COUNTER, "entries_total", "outcome=\"failed\"", ENTRIES),
    [METRIC_ERRORS_REDIS] = ROW(COUNTER, "errors_total", "part=\"redis\"", ERRORS),
    [METRIC_ERRORS_KAFKA] = ROW(COUNTER, "errors_total", "part=\"kafka\"", ERRORS),
    [METRIC_ERRORS_LEDGER] = ROW(COUNTER, "errors_total", "part=\"ledger\"", ERRORS),
    [METRIC_AUDITS_CLEAN] = ROW(COUNTER, "audits_total", "end=\"clean\"", AUDITS),
    [METRIC_AUDITS_FINDINGS] = ROW(COUNTER, "audits_total", "end=\"findings\"", AUDITS),
    [METRIC_AUDITS_AWAY] = ROW(COUNTER, "audits_total", "end=\"unreachable\"", AUDITS),
    [METRIC_AUDIT_TIME] = ROW(HISTOGRAM, "audit_seconds", NULL, "One audit of every SKU's units"),
    [METRIC_AUDIT_FULL_TIME] =
        ROW(HISTOGRAM, "audit_full_seconds", NULL, "One audit of every order, user and log row"),
    [METRIC_AUDIT_LAST] =
        ROW(GAUGE, "audit_last_success_seconds", NULL,
            "When the last audit ended that reached both stores, since the epoch"),
    [METRIC_AUDIT_UNDECIDED] = ROW(GAUGE, "audit_undecided_skus", NULL,
                                   "SKUs of whose units the last audit could say nothing: too much "
                                   "on its way, or a recovery"),
    [METRIC_AUDIT_ORDERS] = ROW(COUNTER, "audit_orders_total", NULL, "Orders compared"),
    [METRIC_AUDIT_GONE] =
        ROW(COUNTER, "audit_gone_total", NULL, "Differences that a second look did not find again"),
    FOUND(LOST, "lost"),
    FOUND(LATE, "late"),
    FOUND(UNSETTLED, "unsettled"),
    FOUND(SHORTAGE, "shortage"),
    FOUND(DUPLICATE, "duplicate"),
    FOUND(DRIFT_UP, "drift_up"),
    FOUND(DRIFT_DOWN, "drift_down"),
    FOUND(FORGOTTEN, "forgotten"),
    FOUND(PHANTOM, "phantom"),
    FOUND(USER_COUNT, "user_count"),
    FOUND(COUNTER, "counter"),
    FOUND(LOG, "log"),
    FOUND(INFLOW, "inflow"),
    FOUND(STUCK, "stuck"),
    FOUND(PARKED, "parked"),
    FOUND(DEAD, "dead"),
};
