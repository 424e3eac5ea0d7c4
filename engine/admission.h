/* Whether the engine takes another order now, and if not, why (DESIGN §6). Pure.
 *
 * It stops before queues grow: whatever it refuses has cost nothing and is answered 503 with
 * Retry-After. */
#ifndef ENGINE_ADMISSION_H
#define ENGINE_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

enum flash_admission {
    FLASH_ADMIT,
    FLASH_STOP_DRAINING,      /* the process is stopping */
    FLASH_STOP_REDIS_AWAY,    /* no connection */
    FLASH_STOP_REDIS_LINES,   /* too many orders wait for Redis */
    FLASH_STOP_MEMORY,        /* Redis is nearly full */
    FLASH_STOP_KAFKA_AWAY,    /* no broker answers */
    FLASH_STOP_KAFKA_QUEUE,   /* too many messages wait for Kafka */
    FLASH_STOP_JOURNAL_DEPTH, /* this SKU's journal is too long: the ledger is far behind */
    FLASH_STOP_JOURNAL_AGE,   /* its oldest entry is too old */
    FLASH_STOP_GATE,          /* its gate is closed: what Redis says of this SKU is not complete */
    FLASH_ADMISSION_COUNT,
};

struct flash_admission_state {
    bool draining, redis_ready, kafka_ready, gate_closed;
    int64_t redis_lines, redis_lines_max;
    int64_t memory_percent, memory_percent_max;
    int64_t kafka_queue, kafka_queue_max;
    int64_t journal_entries, journal_entries_max;
    int64_t journal_age_us, journal_age_us_max;
};

/* The first reason to stop, in the order of the enum. */
enum flash_admission flash_admission_decide(const struct flash_admission_state *state);
/* A sentence for problems and readiness. Static. */
const char *flash_admission_text(enum flash_admission admission);

#endif
