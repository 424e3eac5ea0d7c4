/* Entries to Kafka; see publish.h. */
#include "publish.h"

#include <stdio.h>

#include "flash/fault.h"
#include "flash/time.h"
#include "metrics.h"

#define SEND_WITHIN_US 20000000

bool flash_publish_in_time(uint64_t sent_us)
{
    FLASH_FAULT("engine.accepted");
    bool in_time = flash_time_monotonic_us() - sent_us < SEND_WITHIN_US;
    flash_engine_count(METRIC_ENTRIES_NOT_SENT, !in_time);
    return in_time;
}

bool flash_publish(struct flash_worker *worker, const struct flash_publication *publication)
{
    char key[FLASH_SKU_TEXT_MAX + 1], type[32];
    int key_len = snprintf(key, sizeof(key), "%lld", (long long)publication->sku->id);
    snprintf(type, sizeof(type), "flashgate.%s", flash_entry_type_name(publication->type));
    struct flash_message_headers headers = {.id = publication->id,
                                            .type = type,
                                            .source = "flash-engine",
                                            .traceparent = publication->traceparent};
    struct flash_produce message = {
        .key = {key, (size_t)key_len},
        .value = publication->entry,
        .headers = &headers,
        .partition = -1,
        .opaque = publication->wait,
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

void flash_publish_returned(struct flash_letter *letter, void *arg)
{
    (void)arg;
    struct flash_ack_wait *wait = (struct flash_ack_wait *)letter;
    wait->worker->now_us = flash_time_monotonic_us();
    wait->done(wait, wait->outcome == FLASH_DELIVERY_ACKED);
}
