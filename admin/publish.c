/* Entries to Kafka; see publish.h. */
#include "publish.h"

#include <stdio.h>

#include "flash/log.h"
#include "metrics.h"

void flash_publish_take(struct flash_producer *producer,
                        const struct flash_publication *publication)
{
    char key[FLASH_SKU_TEXT_MAX + 1];
    int key_len = snprintf(key, sizeof(key), "%lld", (long long)publication->sku);
    const struct flash_message_headers headers = {
        .id = publication->uuid, .type = "flashgate.take", .source = "flash-admin"};
    const struct flash_produce message = {
        .key = {key, (size_t)key_len},
        .value = publication->entry,
        .headers = &headers,
        .partition = -1,
    };
    struct flash_error err = {0};
    bool sent = flash_producer_send(producer, &message, &err);
    flash_admin_count(sent ? METRIC_ENTRIES_SENT : METRIC_ENTRIES_NOT_SENT, 1);
    if (!sent) {
        FLASH_LOG(WARN, "admin.not_published", FLASH_TEXT("error", err.text),
                  FLASH_INT("sku", publication->sku), FLASH_TEXT("entry", publication->uuid));
    }
}

void flash_publish_delivered(enum flash_delivery outcome, void *opaque, void *arg)
{
    (void)opaque;
    (void)arg;
    bool acked = outcome == FLASH_DELIVERY_ACKED;
    flash_admin_count(acked ? METRIC_ENTRIES_ACKED : METRIC_ENTRIES_FAILED, 1);
}
