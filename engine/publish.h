/* Hands accepted entries to Kafka, and holds orders for its acknowledgement where that is asked for. */
#ifndef ENGINE_PUBLISH_H
#define ENGINE_PUBLISH_H

#include "worker.h"

/* What waits for the acknowledgement of one entry; in the producer's hands until its report. */
struct flash_ack_wait {
    struct flash_letter letter; /* first member */
    struct flash_worker *worker;
    struct flash_lane_item *lines; /* accepted struct flash_order_line, linked */
    int64_t at_us, due_s;
    enum flash_delivery outcome;
};

/* Sends one entry (copied). wait may be NULL; else it comes back by the worker's mailbox, exactly once, if this
 * returns true. False: the producer's queue is full; the entry stays in the journal, for the reconciler. */
bool flash_publish(struct flash_worker *worker, struct flash_sku *sku, struct flash_text entry,
                   const char *id, struct flash_ack_wait *wait);

/* The producer's delivered callback; runs on the main thread. */
void flash_publish_delivered(enum flash_delivery outcome, void *opaque, void *arg);

#endif
