/* The table, and what an audit moves in it; see audit_metrics.h. */
#include "audit_metrics.h"

#include "flash/metrics.h"

enum metric {
    METRIC_FINDINGS, /* a row for each cause and form */
    METRIC_CLEAN = METRIC_FINDINGS + FLASH_AUDIT_FORM_COUNT * FLASH_CAUSE_COUNT,
    METRIC_FOUND,
    METRIC_AWAY,
    METRIC_TIME,
    METRIC_FULL_TIME,
    METRIC_LAST_SUCCESS,
    METRIC_UNDECIDED,
    METRIC_ORDERS,
    METRIC_GONE,
    METRIC_COUNT,
};

#define ROW(type, name, labels, help)                                                              \
    {                                                                                              \
        "flash_reconciler_" name, help, labels, FLASH_METRIC_##type                                \
    }
#define AUDITS "Audits, by how they ended"
#define FOUND(form, form_word, cause, word)                                                        \
    [METRIC_FINDINGS + FLASH_AUDIT_##form * FLASH_CAUSE_COUNT + FLASH_CAUSE_##cause] =             \
        ROW(GAUGE, "audit_findings", "form=\"" form_word "\",cause=\"" word "\"",                  \
            "What the last audit of each form found, by cause")
#define FOUND_BOTH(cause, word) FOUND(UNITS, "units", cause, word), FOUND(FULL, "full", cause, word)

static struct flash_metric metrics[METRIC_COUNT] = {
    FOUND_BOTH(LOST, "lost"),
    FOUND_BOTH(LATE, "late"),
    FOUND_BOTH(UNSETTLED, "unsettled"),
    FOUND_BOTH(SHORTAGE, "shortage"),
    FOUND_BOTH(DUPLICATE, "duplicate"),
    FOUND_BOTH(DRIFT_UP, "drift_up"),
    FOUND_BOTH(DRIFT_DOWN, "drift_down"),
    FOUND_BOTH(FORGOTTEN, "forgotten"),
    FOUND_BOTH(PHANTOM, "phantom"),
    FOUND_BOTH(USER_COUNT, "user_count"),
    FOUND_BOTH(COUNTER, "counter"),
    FOUND_BOTH(LOG, "log"),
    FOUND_BOTH(INFLOW, "inflow"),
    FOUND_BOTH(STUCK, "stuck"),
    FOUND_BOTH(PARKED, "parked"),
    FOUND_BOTH(DEAD, "dead"),
    [METRIC_CLEAN] = ROW(COUNTER, "audits_total", "end=\"clean\"", AUDITS),
    [METRIC_FOUND] = ROW(COUNTER, "audits_total", "end=\"findings\"", AUDITS),
    [METRIC_AWAY] = ROW(COUNTER, "audits_total", "end=\"unreachable\"", AUDITS),
    [METRIC_TIME] = ROW(HISTOGRAM, "audit_seconds", NULL, "One audit of every SKU's units"),
    [METRIC_FULL_TIME] =
        ROW(HISTOGRAM, "audit_full_seconds", NULL, "One audit of every order, user and log row"),
    [METRIC_LAST_SUCCESS] = ROW(GAUGE, "audit_last_success_seconds", NULL,
                                "When the last audit ended that reached both stores, since the "
                                "epoch"),
    [METRIC_UNDECIDED] = ROW(GAUGE, "audit_undecided_skus", NULL,
                             "SKUs of which the last audit could not say all: too much is on its "
                             "way or they are in recovery"),
    [METRIC_ORDERS] = ROW(COUNTER, "audit_orders_total", NULL, "Orders compared one by one"),
    [METRIC_GONE] =
        ROW(COUNTER, "audit_gone_total", NULL, "Differences that a second look did not find again"),
};

void flash_audit_metrics_register(void)
{
    flash_metrics_register(metrics, METRIC_COUNT);
}

void flash_audit_metrics_note(enum flash_audit_form form, const struct flash_audit_done *done,
                              int64_t now_ms)
{
    struct flash_metric *found = &metrics[METRIC_FINDINGS + (int)form * FLASH_CAUSE_COUNT];
    for (int cause = 0; cause < FLASH_CAUSE_COUNT; cause++) {
        flash_metric_set(&found[cause], done->by_cause[cause]);
    }
    flash_metric_add(&metrics[done->findings > 0 ? METRIC_FOUND : METRIC_CLEAN], 1);
    flash_metric_observe_us(&metrics[form == FLASH_AUDIT_FULL ? METRIC_FULL_TIME : METRIC_TIME],
                            (uint64_t)done->took_us);
    flash_metric_set(&metrics[METRIC_LAST_SUCCESS], now_ms / 1000);
    flash_metric_set(&metrics[METRIC_UNDECIDED], done->undecided);
    flash_metric_add(&metrics[METRIC_ORDERS], done->orders);
    flash_metric_add(&metrics[METRIC_GONE], done->gone);
}

void flash_audit_metrics_note_away(void)
{
    flash_metric_add(&metrics[METRIC_AWAY], 1);
}
