/* The table of the consumer's metrics; see metrics.h. */
#include "metrics.h"

#define COUNTER(name, help)                                                                        \
    {                                                                                              \
        name, help, NULL, FLASH_METRIC_COUNTER                                                     \
    }
#define GAUGE(name, help)                                                                          \
    {                                                                                              \
        name, help, NULL, FLASH_METRIC_GAUGE                                                       \
    }
#define HISTOGRAM(name, help)                                                                      \
    {                                                                                              \
        name, help, NULL, FLASH_METRIC_HISTOGRAM                                                   \
    }

struct flash_metric flash_consumer_metrics[METRIC_CONSUMER_COUNT] = {
    [METRIC_MESSAGES] = COUNTER("flash_consumer_messages_total", "Messages taken from Kafka"),
    [METRIC_ENTRIES_APPLIED] =
        COUNTER("flash_consumer_entries_applied_total", "Entries whose verdict was written here"),
    [METRIC_LINES_APPLIED] =
        COUNTER("flash_consumer_lines_applied_total", "Order lines of those entries"),
    [METRIC_DUPLICATES] =
        COUNTER("flash_consumer_duplicates_total", "Entries the ledger had a verdict for already"),
    [METRIC_SHORTAGES] =
        COUNTER("flash_consumer_shortages_total", "Lines the ledger had no stock for"),
    [METRIC_REFUSED] = COUNTER("flash_consumer_refused_transitions_total",
                               "Transitions the ledger's state did not allow"),
    [METRIC_PARKED] = GAUGE("flash_consumer_parked_lines",
                            "Transitions kept until their predecessor is in the ledger"),
    [METRIC_DEAD_LETTERS] = COUNTER("flash_consumer_dead_letters_total", "Messages put aside"),
    [METRIC_BATCHES] = COUNTER("flash_consumer_batches_total", "Transactions committed"),
    [METRIC_BATCH_RETRIES] =
        COUNTER("flash_consumer_batch_retries_total", "Transactions that had to be tried again"),
    [METRIC_OUTRUN] = COUNTER("flash_consumer_outrun_total",
                              "Batches dropped because the progress had moved elsewhere"),
    [METRIC_SETTLED_DROPPED] =
        COUNTER("flash_consumer_settled_dropped_total", "Clean entries that left the journal"),
    [METRIC_SETTLED_ADOPTED] =
        COUNTER("flash_consumer_settled_adopted_total", "Entries settled line by line"),
    [METRIC_SETTLE_FAILURES] =
        COUNTER("flash_consumer_settle_failures_total", "Batches Redis did not take a settle of"),
    [METRIC_FORGOTTEN] = COUNTER("flash_consumer_forgotten_orders_total",
                                 "Orders that Redis had forgotten and learnt again"),
    [METRIC_REPOSITIONS] = COUNTER("flash_consumer_repositions_total",
                                   "Times the partitions were read again from acked"),
    [METRIC_TOPIC_CHANGES] = COUNTER("flash_consumer_topic_changes_total",
                                     "Partitions found recreated, truncated or past retention"),
    [METRIC_COMMIT_LATENCY] = HISTOGRAM("flash_consumer_commit_seconds", "One ledger transaction"),
    [METRIC_SETTLE_LATENCY] = HISTOGRAM("flash_consumer_settle_seconds", "Settling one batch"),
    [METRIC_MESSAGE_AGE] = GAUGE("flash_consumer_message_age_milliseconds",
                                 "Age of the oldest message of the last batch when committed"),
    [METRIC_LAST_COMMIT] = GAUGE("flash_consumer_last_commit_timestamp_milliseconds",
                                 "When the last transaction was committed"),
};
