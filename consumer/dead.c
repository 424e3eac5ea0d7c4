/* Copies of dead letters to the dead-letter topic; see dead.h. */
#include "dead.h"

#include <stdio.h>
#include <stdlib.h>

#include "flash/kafka.h"
#include "flash/log.h"

#define REPORTS 256
#define FLUSH_MS 2000

struct flash_dead {
    struct flash_producer *producer;
    char topic[100];
};

static void delivered(enum flash_delivery outcome, void *opaque, void *arg)
{
    (void)opaque;
    (void)arg;
    if (outcome != FLASH_DELIVERY_ACKED) {
        FLASH_LOG(WARN, "consumer.dead_letter_not_copied", FLASH_INT("outcome", outcome));
    }
}

bool flash_dead_new(const struct flash_config *config, struct flash_dead **ret_dead,
                    struct flash_error *err)
{
    struct flash_dead *dead = calloc(1, sizeof(*dead));
    if (!dead) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "dead letters: out of memory");
    }
    snprintf(dead->topic, sizeof(dead->topic), "%s", config->kafka.dead_topic);
    const struct flash_producer_hooks hooks = {.delivered = delivered};
    if (!flash_producer_new(config, &hooks, &dead->producer, err)) {
        free(dead);
        return false;
    }
    *ret_dead = dead;
    return true;
}

void flash_dead_free(struct flash_dead *dead)
{
    if (dead) {
        if (flash_producer_queued(dead->producer)) {
            flash_producer_flush(dead->producer, FLUSH_MS);
        }
        flash_producer_free(dead->producer);
        free(dead);
    }
}

void flash_dead_publish(struct flash_dead *dead, const struct flash_batch *batch)
{
    for (int i = 0; i < batch->message_count; i++) {
        if (batch->entries[i].fate != FLASH_FATE_DEAD) {
            continue;
        }
        const struct flash_message *message = &batch->messages[i];
        struct flash_produce copy = {
            .topic = dead->topic, .key = message->key, .value = message->value, .partition = -1};
        struct flash_error err = {0};
        bool sent = flash_producer_send(dead->producer, &copy, &err);
        FLASH_LOG(ERROR, "consumer.dead_letter", FLASH_INT("partition", message->partition),
                  FLASH_INT("offset", message->offset),
                  FLASH_TEXT("reason", batch->entries[i].reason),
                  FLASH_TEXT("copy", sent ? "sent" : err.text));
    }
}

void flash_dead_poll(struct flash_dead *dead)
{
    flash_producer_poll(dead->producer, REPORTS);
}
