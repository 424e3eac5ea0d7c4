/* The reasons to stop admitting, in order; see admission.h. */
#include "admission.h"

#include <assert.h>

enum flash_admission flash_admission_decide(const struct flash_admission_state *s)
{
    const struct {
        bool stop;
        enum flash_admission reason;
    } rows[] = {
        {s->draining, FLASH_STOP_DRAINING},
        {!s->redis_ready, FLASH_STOP_REDIS_AWAY},
        {s->redis_lines >= s->redis_lines_max, FLASH_STOP_REDIS_LINES},
        {s->memory_percent >= s->memory_percent_max, FLASH_STOP_MEMORY},
        {!s->kafka_ready, FLASH_STOP_KAFKA_AWAY},
        {s->kafka_queue >= s->kafka_queue_max, FLASH_STOP_KAFKA_QUEUE},
        {s->journal_entries >= s->journal_entries_max, FLASH_STOP_JOURNAL_DEPTH},
        {s->journal_age_us >= s->journal_age_us_max, FLASH_STOP_JOURNAL_AGE},
        {s->gate_closed, FLASH_STOP_GATE},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].stop) {
            return rows[i].reason;
        }
    }
    return FLASH_ADMIT;
}

const char *flash_admission_text(enum flash_admission admission)
{
    static const char *const texts[] = {
        [FLASH_ADMIT] = "admitting",
        [FLASH_STOP_DRAINING] = "the engine is stopping",
        [FLASH_STOP_REDIS_AWAY] = "Redis is away",
        [FLASH_STOP_REDIS_LINES] = "too many orders wait for Redis",
        [FLASH_STOP_MEMORY] = "Redis is nearly full",
        [FLASH_STOP_KAFKA_AWAY] = "Kafka is away",
        [FLASH_STOP_KAFKA_QUEUE] = "too many messages wait for Kafka",
        [FLASH_STOP_JOURNAL_DEPTH] = "the journal is too long",
        [FLASH_STOP_JOURNAL_AGE] = "the journal's oldest entry is too old",
        [FLASH_STOP_GATE] = "The stock is being recovered.",
    };
    assert(admission < FLASH_ADMISSION_COUNT);
    return texts[admission];
}
