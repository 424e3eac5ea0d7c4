/* Entries the reconciler's own script calls made, to Kafka.
 *
 * The journal has every entry before it comes here, so what cannot be sent is counted and no more.
 */
#ifndef RECONCILER_PUBLISH_H
#define RECONCILER_PUBLISH_H

#include "flash/entry.h"
#include "flash/kafka.h"

struct flash_publication {
    enum flash_entry_type type;
    int64_t sku;
    const char *uuid;
    struct flash_text entry; /* copied */
};
/* Any thread. False: counted, nothing was taken. Error kinds: of flash_producer_send. */
FLASH_MUST_CHECK bool flash_publish(struct flash_producer *producer,
                                    const struct flash_publication *publication,
                                    struct flash_error *err);

/* For flash_producer_new: counts. */
void flash_publish_delivered(enum flash_delivery outcome, void *opaque, void *arg);

#endif
