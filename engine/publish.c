/* Entries to Kafka; see publish.h. */
#include "publish.h"

#include <stdio.h>

#include "metrics.h"

bool flash_publish(struct flash_worker *worker, struct flash_sku *sku, struct flash_text entry,
                   const char *id, struct flash_ack_wait *wait)
{
    char key[FLASH_SKU_TEXT_MAX + 1];
    int key_len = snprintf(key, sizeof(key), "%lld", (long long)sku->id);
    struct flash_message_headers headers = {
        .id = id, .type = "flashgate.reserve", .source = "flash-engine"};
    struct flash_produce message = {
        .key = {key, (size_t)key_len},
        .value = entry,
        .headers = &headers,
        .partition = -1,
        .opaque = wait,
    };
    struct flash_error err;
    bool sent = flash_producer_send(worker->engine->producer, &message, &err);
    flash_engine_count(sent ? METRIC_ENTRIES_PUBLISHED : METRIC_ENTRIES_NOT_SENT, 1);
    return sent;
}

void flash_publish_delivered(enum flash_delivery outcome, void *opaque, void *arg)
{
    (void)arg;
    bool acked = outcome == FLASH_DELIVERY_ACKED;
    flash_engine_count(acked ? METRIC_ENTRIES_ACKED : METRIC_ENTRIES_FAILED, 1);
    struct flash_ack_wait *wait = opaque;
    if (wait) {
        wait->outcome = outcome;
        flash_mailbox_post(wait->worker->mailbox, &wait->letter);
    }
}
