/* The table of the back office's metrics; see metrics.h. */
#include "metrics.h"

#define ENTRIES "Entries for Kafka, by what became of them; the journal has those that failed"

struct flash_metric flash_admin_metrics[METRIC_ADMIN_COUNT] = {
    [METRIC_ANSWERS_GOOD] = {"flash_admin_answers_total", "Requests answered, by outcome",
                             "outcome=\"good\"", FLASH_METRIC_COUNTER},
    [METRIC_ANSWERS_REFUSED] = {"flash_admin_answers_total", "Requests answered, by outcome",
                                "outcome=\"refused\"", FLASH_METRIC_COUNTER},
    [METRIC_ANSWERS_FAILED] = {"flash_admin_answers_total", "Requests answered, by outcome",
                               "outcome=\"failed\"", FLASH_METRIC_COUNTER},
    [METRIC_JOB_LATENCY] = {"flash_admin_job_seconds", "From a request's arrival to its answer",
                            NULL, FLASH_METRIC_HISTOGRAM},
    [METRIC_QUEUE] = {"flash_admin_queue", "Jobs that wait for a worker", NULL, FLASH_METRIC_GAUGE},
    [METRIC_LEDGER_RETRIES] = {"flash_admin_ledger_retries_total",
                               "Ledger transactions that were started again", NULL,
                               FLASH_METRIC_COUNTER},
    [METRIC_LOADS] = {"flash_admin_loads_total", "SKUs loaded into Redis", NULL,
                      FLASH_METRIC_COUNTER},
    [METRIC_SALES_SET] = {"flash_admin_sales_set_total", "Sales set in Redis", NULL,
                          FLASH_METRIC_COUNTER},
    [METRIC_NEEDS_RECOVERY] = {"flash_admin_needs_recovery",
                               "SKUs that Redis has lost: only a recovery may load them again",
                               NULL, FLASH_METRIC_GAUGE},
    [METRIC_INFLOWS] = {"flash_admin_inflows_applied_total", "Inflows applied in Redis", NULL,
                        FLASH_METRIC_COUNTER},
    [METRIC_TAKES] = {"flash_admin_takes_total", "Negative adjustments journalled in Redis", NULL,
                      FLASH_METRIC_COUNTER},
    [METRIC_ENTRIES_SENT] = {"flash_admin_entries_total", ENTRIES, "outcome=\"sent\"",
                             FLASH_METRIC_COUNTER},
    [METRIC_ENTRIES_NOT_SENT] = {"flash_admin_entries_total", ENTRIES, "outcome=\"not_sent\"",
                                 FLASH_METRIC_COUNTER},
    [METRIC_ENTRIES_ACKED] = {"flash_admin_entries_total", ENTRIES, "outcome=\"acked\"",
                              FLASH_METRIC_COUNTER},
    [METRIC_ENTRIES_FAILED] = {"flash_admin_entries_total", ENTRIES, "outcome=\"failed\"",
                               FLASH_METRIC_COUNTER},
};
