/* The table of the engine's metrics; see metrics.h. */
#include "metrics.h"

#define ORDERS(outcome)                                                                            \
    {                                                                                              \
        "flash_engine_orders_total", "Orders answered, by outcome", "outcome=\"" outcome "\"",     \
            FLASH_METRIC_COUNTER                                                                   \
    }
#define CHANGES(outcome)                                                                           \
    {                                                                                              \
        "flash_engine_changes_total", "Transitions answered, by outcome",                          \
            "outcome=\"" outcome "\"", FLASH_METRIC_COUNTER                                        \
    }

struct flash_metric flash_engine_metrics[METRIC_ENGINE_COUNT] = {
    [METRIC_ORDERS_ACCEPTED] = ORDERS("accepted"),
    [METRIC_ORDERS_REPLAYED] = ORDERS("replayed"),
    [METRIC_ORDERS_SOLD_OUT] = ORDERS("sold_out"),
    [METRIC_ORDERS_LIMIT] = ORDERS("limit_reached"),
    [METRIC_ORDERS_NOT_STARTED] = ORDERS("not_started"),
    [METRIC_ORDERS_ENDED] = ORDERS("ended"),
    [METRIC_ORDERS_KEY_REUSED] = ORDERS("key_reused"),
    [METRIC_ORDERS_NOT_ADMITTED] = ORDERS("not_admitted"),
    [METRIC_ORDERS_UNKNOWN] = ORDERS("unknown"),
    [METRIC_RESERVE_CALLS] =
        FLASH_COUNTER("flash_engine_reserve_calls_total", "Calls of lua/reserve"),
    [METRIC_RESERVE_LINES] =
        FLASH_COUNTER("flash_engine_reserve_lines_total", "Orders in those calls"),
    [METRIC_RESERVE_LATENCY] = {"flash_engine_reserve_seconds",
                                "From a request's arrival to the script's answer", NULL,
                                FLASH_METRIC_HISTOGRAM},
    [METRIC_CHANGES_DONE] = CHANGES("done"),
    [METRIC_CHANGES_LATE] = CHANGES("late"),
    [METRIC_CHANGES_MET] = CHANGES("met"),
    [METRIC_CHANGES_ABSENT] = CHANGES("absent"),
    [METRIC_CHANGES_UNKNOWN] = CHANGES("unknown"),
    [METRIC_CHANGE_CALLS] =
        FLASH_COUNTER("flash_engine_change_calls_total", "Calls of lua/pay and lua/release"),
    [METRIC_STATUS_CALLS] = FLASH_COUNTER("flash_engine_status_calls_total", "Calls of lua/status"),
    [METRIC_STATUS_READS] =
        FLASH_COUNTER("flash_engine_status_reads_total", "Reads in those calls"),
    [METRIC_ENTRIES_PUBLISHED] = FLASH_COUNTER("flash_engine_entries_published_total",
                                               "Entries handed to the Kafka producer"),
    [METRIC_ENTRIES_NOT_SENT] =
        FLASH_COUNTER("flash_engine_entries_not_sent_total",
                      "Entries that stayed in the journal because the producer refused them"),
    [METRIC_ENTRIES_ACKED] =
        FLASH_COUNTER("flash_engine_entries_acked_total", "Entries that Kafka has acknowledged"),
    [METRIC_ENTRIES_FAILED] =
        FLASH_COUNTER("flash_engine_entries_failed_total",
                      "Entries Kafka did not acknowledge in time; the journal holds them"),
    [METRIC_GENERATION_REFUSALS] = FLASH_COUNTER("flash_engine_generation_refusals_total",
                                                 "Reserve calls refused for their generation"),
    [METRIC_REDIS_ERRORS] =
        FLASH_COUNTER("flash_engine_redis_errors_total", "Calls that Redis refused with an error"),
    [METRIC_KAFKA_QUEUE] = FLASH_GAUGE("flash_engine_kafka_queue",
                                       "Messages handed to the producer and not yet reported"),
    [METRIC_JOURNAL_ENTRIES] = FLASH_GAUGE("flash_engine_journal_entries",
                                           "Entries in the deepest journal at the last look"),
    [METRIC_JOURNAL_AGE] = FLASH_GAUGE("flash_engine_journal_oldest_microseconds",
                                       "Age of the oldest open entry at the last look"),
    [METRIC_CONNECTIONS] = FLASH_GAUGE("flash_engine_connections", "Open client connections"),
    [METRIC_WAITING] = FLASH_GAUGE("flash_engine_waiting", "Requests held by Prefer: wait"),
    [METRIC_STREAMS] = FLASH_GAUGE("flash_engine_streams", "Open streams of an order's events"),
    [METRIC_EVENTS] = FLASH_COUNTER("flash_engine_events_total", "Events sent to them"),
};
