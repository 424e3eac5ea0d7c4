/* The table, and what a pass moves in it; see reconcile_metrics.h. */
#include "reconcile_metrics.h"

#include "flash/metrics.h"

enum metric {
    METRIC_FINDINGS, /* a row for each cause */
    METRIC_PASSES_WHOLE = METRIC_FINDINGS + FLASH_CAUSE_COUNT,
    METRIC_PASSES_BROKEN_OFF,
    METRIC_PASSES_GUARD,
    METRIC_SETTLED,
    METRIC_RESENT,
    METRIC_COMPENSATED,
    METRIC_LATE,
    METRIC_OLDEST,
    METRIC_LAST_SUCCESS,
    METRIC_LATENCY,
    METRIC_COUNT,
};

#define ROW(type, name, labels, help)                                                              \
    {                                                                                              \
        "flash_reconciler_" name, help, labels, FLASH_METRIC_##type                                \
    }
#define FINDING(cause)                                                                             \
    ROW(COUNTER, "findings_total", "cause=\"" cause "\"",                                          \
        "What passes over the journals found, by cause")
#define PASSES "Passes over the journals, by how they ended"
#define ENTRIES "Open entries that something was done about"

static struct flash_metric metrics[METRIC_COUNT] = {
    [METRIC_FINDINGS + FLASH_CAUSE_LOST] = FINDING("lost"),
    [METRIC_FINDINGS + FLASH_CAUSE_LATE] = FINDING("late"),
    [METRIC_FINDINGS + FLASH_CAUSE_UNSETTLED] = FINDING("unsettled"),
    [METRIC_FINDINGS + FLASH_CAUSE_SHORTAGE] = FINDING("shortage"),
    [METRIC_FINDINGS + FLASH_CAUSE_DUPLICATE] = FINDING("duplicate"),
    [METRIC_FINDINGS + FLASH_CAUSE_DRIFT_UP] = FINDING("drift_up"),
    [METRIC_FINDINGS + FLASH_CAUSE_DRIFT_DOWN] = FINDING("drift_down"),
    [METRIC_FINDINGS + FLASH_CAUSE_FORGOTTEN] = FINDING("forgotten"),
    [METRIC_FINDINGS + FLASH_CAUSE_PHANTOM] = FINDING("phantom"),
    [METRIC_FINDINGS + FLASH_CAUSE_USER_COUNT] = FINDING("user_count"),
    [METRIC_FINDINGS + FLASH_CAUSE_COUNTER] = FINDING("counter"),
    [METRIC_FINDINGS + FLASH_CAUSE_LOG] = FINDING("log"),
    [METRIC_FINDINGS + FLASH_CAUSE_INFLOW] = FINDING("inflow"),
    [METRIC_FINDINGS + FLASH_CAUSE_STUCK] = FINDING("stuck"),
    [METRIC_FINDINGS + FLASH_CAUSE_PARKED] = FINDING("parked"),
    [METRIC_FINDINGS + FLASH_CAUSE_DEAD] = FINDING("dead"),
    [METRIC_PASSES_WHOLE] = ROW(COUNTER, "reconcile_passes_total", "end=\"complete\"", PASSES),
    [METRIC_PASSES_BROKEN_OFF] =
        ROW(COUNTER, "reconcile_passes_total", "end=\"broken_off\"", PASSES),
    [METRIC_PASSES_GUARD] = ROW(COUNTER, "reconcile_passes_total", "end=\"guard\"", PASSES),
    [METRIC_SETTLED] = ROW(COUNTER, "reconcile_entries_total", "action=\"settled\"", ENTRIES),
    [METRIC_RESENT] = ROW(COUNTER, "reconcile_entries_total", "action=\"sent_again\"", ENTRIES),
    [METRIC_COMPENSATED] =
        ROW(COUNTER, "reconcile_entries_total", "action=\"compensated\"", ENTRIES),
    [METRIC_LATE] = ROW(GAUGE, "late_entries", NULL,
                        "Entries past reconciler.proof_after that have no verdict and are not "
                        "proven lost, in the last pass that was not broken off"),
    [METRIC_OLDEST] = ROW(GAUGE, "oldest_unsettled_milliseconds", NULL,
                          "Age of the oldest entry that was not settled, in that pass"),
    [METRIC_LAST_SUCCESS] = ROW(GAUGE, "reconcile_last_success_seconds", NULL,
                                "When a pass was complete last, since the epoch"),
    [METRIC_LATENCY] = ROW(HISTOGRAM, "reconcile_pass_seconds", NULL, "One pass over all journals"),
};

void flash_reconcile_metrics_register(void)
{
    flash_metrics_register(metrics, METRIC_COUNT);
}

static void note_state(const struct flash_reconcile_done *done, int64_t now_ms)
{
    flash_metric_set(&metrics[METRIC_LATE], done->late);
    flash_metric_set(&metrics[METRIC_OLDEST], done->oldest_ms);
    if (done->end == FLASH_RECONCILE_COMPLETE) {
        flash_metric_set(&metrics[METRIC_LAST_SUCCESS], now_ms / 1000);
    }
}

void flash_reconcile_metrics_note(const struct flash_reconcile_done *done, int64_t now_ms)
{
    static const enum metric passes[FLASH_RECONCILE_END_COUNT] = {
        [FLASH_RECONCILE_COMPLETE] = METRIC_PASSES_WHOLE,
        [FLASH_RECONCILE_STOPPED] = METRIC_PASSES_BROKEN_OFF,
        [FLASH_RECONCILE_GUARD] = METRIC_PASSES_GUARD,
        [FLASH_RECONCILE_NO_KAFKA] = METRIC_PASSES_BROKEN_OFF,
        [FLASH_RECONCILE_NO_LEDGER] = METRIC_PASSES_BROKEN_OFF,
        [FLASH_RECONCILE_NO_REDIS] = METRIC_PASSES_BROKEN_OFF,
        [FLASH_RECONCILE_LEASE] = METRIC_PASSES_WHOLE,
    };
    bool seen_all = done->end == FLASH_RECONCILE_COMPLETE || done->end == FLASH_RECONCILE_GUARD ||
                    done->end == FLASH_RECONCILE_NO_KAFKA;
    for (int i = 0; i < FLASH_CAUSE_COUNT; i++) {
        flash_metric_add(&metrics[METRIC_FINDINGS + i], done->findings[i]);
    }
    flash_metric_add(&metrics[passes[done->end]], 1);
    flash_metric_add(&metrics[METRIC_SETTLED], done->settled);
    flash_metric_add(&metrics[METRIC_RESENT], done->resent);
    flash_metric_add(&metrics[METRIC_COMPENSATED], done->compensated);
    flash_metric_observe_us(&metrics[METRIC_LATENCY], (uint64_t)done->took_us);
    if (seen_all) {
        note_state(done, now_ms);
    }
}
