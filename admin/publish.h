/* Entries of negative adjustments, to Kafka. The journal has every entry before it comes here, so
 * what cannot be sent is counted and left to the reconciler. */
#ifndef ADMIN_PUBLISH_H
#define ADMIN_PUBLISH_H

#include "flash/entry.h"
#include "flash/kafka.h"

struct flash_publication {
    int64_t sku;
    const char *uuid;        /* the entry's */
    struct flash_text entry; /* its bytes; copied */
};

/* Any thread. */
void flash_publish_take(struct flash_producer *producer,
                        const struct flash_publication *publication);
/* For flash_producer_new: counts. */
void flash_publish_delivered(enum flash_delivery outcome, void *opaque, void *arg);

#endif
