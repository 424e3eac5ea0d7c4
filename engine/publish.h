/* Hands accepted entries to Kafka, and holds orders for its acknowledgement where that is asked
 * for. */
#ifndef ENGINE_PUBLISH_H
#define ENGINE_PUBLISH_H

#include "flash/entry.h"
#include "worker.h"

/* What waits for the acknowledgement of one entry; in the producer's hands until its report.
 * Embedded as first member of what its owner needs to answer then. */
struct flash_ack_wait {
    struct flash_letter letter; /* first member */
    struct flash_worker *worker;
    void (*done)(struct flash_ack_wait *wait, bool acked); /* on the worker's thread; owns wait */
    enum flash_delivery outcome;
};

struct flash_publication {
    struct flash_sku *sku;
    enum flash_entry_type type;
    struct flash_text entry; /* the entry's bytes; copied */
    const char *id;          /* its UUID text */
    const char *traceparent; /* of the first request in it: a header can name only one */
    struct flash_ack_wait
        *wait; /* or NULL; else it comes back exactly once, if publishing succeeds */
};

/* Whether what Redis has accepted is still to be sent: its call left less than 20 s ago (sent_us,
 * monotonic). An older entry may be proven lost and fenced by now, and the topic would take it for
 * a new one, as its time is that of sending (DESIGN §6): its buyers' outcome is unknown, and the
 * journal has it. */
bool flash_publish_in_time(uint64_t sent_us);

/* Sends one entry. False: the producer's queue is full; the entry stays in the journal, for the
 * reconciler. */
bool flash_publish(struct flash_worker *worker, const struct flash_publication *publication);

/* The producer's delivered callback; runs on the main thread. */
void flash_publish_delivered(enum flash_delivery outcome, void *opaque, void *arg);

/* The worker's mailbox: an acknowledgement has come back. */
void flash_publish_returned(struct flash_letter *letter, void *arg);

#endif
