/* The table of the reconciler's metrics; see metrics.h. */
#include "metrics.h"

#define ROW(type, name, labels, help)                                                              \
    {                                                                                              \
        "flash_reconciler_" name, help, labels, FLASH_METRIC_##type                                \
    }
#define PASSES "Expiry passes, by how they ended"
#define ENTRIES "Entries for Kafka, by what became of them; the journal has those that failed"
#define ATTEMPTS "Attempts to send an alert's message, by channel and how they ended"
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
    [METRIC_INFLOWS] = ROW(COUNTER, "inflows_applied_total", NULL,
                           "Inflows of the ledger that Redis lacked, applied there; takes too"),
    [METRIC_INFLOW_PASSES_BROKEN_OFF] =
        ROW(COUNTER, "inflow_passes_broken_off_total", NULL,
            "Passes over the inflows that Redis or the ledger did not let end"),
    [METRIC_INFLOWS_BROKEN] = ROW(GAUGE, "inflows_broken_skus", NULL,
                                  "SKUs whose inflows cannot be applied, in the last pass"),
    [METRIC_ERRORS_REDIS] = ROW(COUNTER, "errors_total", "part=\"redis\"", ERRORS),
    [METRIC_ERRORS_KAFKA] = ROW(COUNTER, "errors_total", "part=\"kafka\"", ERRORS),
    [METRIC_ERRORS_LEDGER] = ROW(COUNTER, "errors_total", "part=\"ledger\"", ERRORS),
    [METRIC_ALERT_CHANGES] = ROW(COUNTER, "alert_changes_total", NULL,
                                 "Alerts that were raised or cleared, as this daemon was the first "
                                 "to tell the ledger"),
    [METRIC_ALERTS_RAISED] = ROW(GAUGE, "alerts_raised", NULL, "Alerts that are raised"),
    [METRIC_ALERTS_WAITING] = ROW(GAUGE, "alert_messages_waiting", NULL,
                                  "Messages about alerts that are still to be sent"),
    [METRIC_ALERTS_DROPPED] = ROW(COUNTER, "alerts_dropped_total", NULL,
                                  "Changes that found the queue full and became no message"),
    [METRIC_ALERTS_WEBHOOK_SENT] =
        ROW(COUNTER, "alert_attempts_total", "channel=\"webhook\",outcome=\"sent\"", ATTEMPTS),
    [METRIC_ALERTS_WEBHOOK_NOT_TAKEN] =
        ROW(COUNTER, "alert_attempts_total", "channel=\"webhook\",outcome=\"not_taken\"", ATTEMPTS),
    [METRIC_ALERTS_WEBHOOK_GIVEN_UP] =
        ROW(COUNTER, "alert_attempts_total", "channel=\"webhook\",outcome=\"given_up\"", ATTEMPTS),
    [METRIC_ALERTS_MAIL_SENT] =
        ROW(COUNTER, "alert_attempts_total", "channel=\"mail\",outcome=\"sent\"", ATTEMPTS),
    [METRIC_ALERTS_MAIL_NOT_TAKEN] =
        ROW(COUNTER, "alert_attempts_total", "channel=\"mail\",outcome=\"not_taken\"", ATTEMPTS),
    [METRIC_ALERTS_MAIL_GIVEN_UP] =
        ROW(COUNTER, "alert_attempts_total", "channel=\"mail\",outcome=\"given_up\"", ATTEMPTS),
    [METRIC_ALERTS_SMS_SENT] =
        ROW(COUNTER, "alert_attempts_total", "channel=\"sms\",outcome=\"sent\"", ATTEMPTS),
    [METRIC_ALERTS_SMS_NOT_TAKEN] =
        ROW(COUNTER, "alert_attempts_total", "channel=\"sms\",outcome=\"not_taken\"", ATTEMPTS),
    [METRIC_ALERTS_SMS_GIVEN_UP] =
        ROW(COUNTER, "alert_attempts_total", "channel=\"sms\",outcome=\"given_up\"", ATTEMPTS),
    [METRIC_CONSUMER_LAG] =
        ROW(GAUGE, "consumer_lag_messages", NULL,
            "Messages of the orders topic that the ledger does not have yet, at the last look"),
    [METRIC_RECOVERIES] =
        ROW(COUNTER, "recoveries_total", NULL, "Recoveries that came to their end"),
    [METRIC_RECOVER_IN_NEED] = ROW(GAUGE, "recover_in_need_skus", NULL,
                                   "SKUs that are in need of a recovery, as the last look found"),
    [METRIC_RECOVER_FINDINGS] =
        ROW(COUNTER, "recover_findings_total", NULL, "What recoveries found lost or refused"),
    [METRIC_RECOVER_LATENCY] =
        ROW(HISTOGRAM, "recover_seconds", NULL, "One recovery, until its gates were open"),
};
