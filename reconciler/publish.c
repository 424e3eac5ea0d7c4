/* Entries to Kafka; see publish.h. */
#include "publish.h"

#include <stdio.h>

#include "metrics.h"

bool flash_publish(struct flash_producer *producer, const struct flash_publication *publication,
                   struct flash_error *err)
{
    char key[FLASH_SKU_TEXT_MAX + 1], type[32];
    int key_len = snprintf(key, sizeof(key), "%lld", (long long)publication->sku);
    snprintf(type, sizeof(type), "flashgate.%s", flash_entry_type_name(publication->type));
    struct flash_message_headers headers = {
        .id = publication->uuid, .type = type, .source = "flash-reconciler"};
    struct flash_produce message = {
        .key = {key, (size_t)key_len},
        .value = publication->entry,
        .headers = &headers,
        .partition = -1,
    };
    bool sent = flash_producer_send(producer, &message, err);
    flash_reconciler_count(sent ? METRIC_ENTRIES_SENT : METRIC_ENTRIES_NOT_SENT, 1);
    return sent;
}

void flash_publish_delivered(enum flash_delivery outcome, void *opaque, void *arg)
{
    (void)opaque;
    (void)arg;
    bool acked = outcome == FLASH_DELIVERY_ACKED;
    flash_reconciler_count(acked ? METRIC_ENTRIES_ACKED : METRIC_ENTRIES_FAILED, 1);
    flash_reconciler_count(METRIC_ERRORS_KAFKA, !acked);
}
