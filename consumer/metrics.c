/* The table of the consumer's metrics; see metrics.h. */
#include "metrics.h"

struct flash_metric flash_consumer_metrics[METRIC_CONSUMER_COUNT] = {
    [METRIC_MESSAGES] = FLASH_COUNTER("flash_consumer_messages_total", "Messages taken from Kafka"),
    [METRIC_ENTRIES_APPLIED] = FLASH_COUNTER("flash_consumer_entries_applied_total",
                                             "Entries whose verdict was written here"),
    [METRIC_LINES_APPLIED] =
        FLASH_COUNTER("flash_consumer_lines_applied_total", "Order lines of those entries"),
    [METRIC_DUPLICATES] = FLASH_COUNTER("flash_consumer_duplicates_total",
                                        "Entries the ledger had a verdict for already"),
    [METRIC_SHORTAGES] =
        FLASH_COUNTER("flash_consumer_shortages_total", "Lines the ledger had no stock for"),
    [METRIC_REFUSED] = FLASH_COUNTER("flash_consumer_refused_transitions_total",
                                     "Transitions the ledger's state did not allow"),
    [METRIC_REFUSED_TAKES] =
        FLASH_COUNTER("flash_consumer_refused_takes_total",
                      "Takes whose reference the ledger had already: their units came back"),
    [METRIC_PARKED] = FLASH_GAUGE("flash_consumer_parked_lines",
                                  "Transitions kept until their predecessor is in the ledger"),
    [METRIC_DEAD_LETTERS] =
        FLASH_COUNTER("flash_consumer_dead_letters_total", "Messages put aside"),
    [METRIC_BATCHES] = FLASH_COUNTER("flash_consumer_batches_total", "Transactions committed"),
    [METRIC_BATCH_RETRIES] = FLASH_COUNTER("flash_consumer_batch_retries_total",
                                           "Transactions that had to be tried again"),
    [METRIC_OUTRUN] = FLASH_COUNTER("flash_consumer_outrun_total",
                                    "Batches dropped because the progress had moved elsewhere"),
    [METRIC_SETTLED_DROPPED] = FLASH_COUNTER("flash_consumer_settled_dropped_total",
                                             "Clean entries that left the journal"),
    [METRIC_SETTLED_ADOPTED] =
        FLASH_COUNTER("flash_consumer_settled_adopted_total", "Entries settled line by line"),
    [METRIC_SETTLE_FAILURES] = FLASH_COUNTER("flash_consumer_settle_failures_total",
                                             "Batches Redis did not take a settle of"),
    [METRIC_FORGOTTEN] = FLASH_COUNTER("flash_consumer_forgotten_orders_total",
                                       "Orders that Redis had forgotten and learnt again"),
    [METRIC_REPOSITIONS] = FLASH_COUNTER("flash_consumer_repositions_total",
                                         "Times the partitions were read again from acked"),
    [METRIC_TOPIC_CHANGES] =
        FLASH_COUNTER("flash_consumer_topic_changes_total",
                      "Partitions found recreated, truncated or past retention"),
    [METRIC_COMMIT_LATENCY] =
        FLASH_HISTOGRAM("flash_consumer_commit_seconds", "One ledger transaction"),
    [METRIC_SETTLE_LATENCY] =
        FLASH_HISTOGRAM("flash_consumer_settle_seconds", "Settling one batch"),
    [METRIC_MESSAGE_AGE] =
        FLASH_GAUGE("flash_consumer_message_age_milliseconds",
                    "Age of the oldest message of the last batch when committed"),
    [METRIC_LAST_COMMIT] = FLASH_GAUGE("flash_consumer_last_commit_timestamp_milliseconds",
                                       "When the last transaction was committed"),
};
