/* Kafka: a consumer that starts where the ledger says. Its settings as in flash/kafka.h. */
#ifndef FLASH_KAFKA_SUBSCRIBER_H
#define FLASH_KAFKA_SUBSCRIBER_H

#include "flash/config.h"
#include "flash/ids.h"

struct flash_subscriber;

struct flash_message {
    int partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct flash_text key, value; /* borrowed until flash_message_free */
    void *handle;
};

/* Asked for each newly assigned partition, inside poll or reposition: the offset to start from (≥
 * 0; the smallest available when FLASH_OFFSET_BEGINNING). False: none of the partitions is taken
 * now (nothing is fetched, the group does not wait) and all are asked again at the next poll. */
#define FLASH_OFFSET_BEGINNING (-2)
typedef bool (*flash_assigned)(int partition, int64_t *ret_offset, void *arg);
/* Told before a partition that was taken goes away (lost: it may already be another's), inside poll
 * or free. */
typedef void (*flash_revoked)(int partition, bool lost, void *arg);

struct flash_subscriber_hooks {
    flash_assigned assigned;
    flash_revoked revoked;
    void *arg;
};

enum flash_poll {
    FLASH_POLL_MESSAGE,      /* *ret_message is one; free it */
    FLASH_POLL_EMPTY,        /* the time passed */
    FLASH_POLL_OUT_OF_RANGE, /* ret_message->partition's position is not in the log: truncated or
                                recreated topic */
    FLASH_POLL_ERROR, /* err is filled: RETRY or CONFIG (access refused), polling goes on; BUG, it
                         is fatal: free */
};

/* Joins the group; does not wait for a broker. One thread uses a subscriber. Error kind: CONFIG. */
FLASH_MUST_CHECK bool flash_subscriber_new(const struct flash_config *config,
                                           const struct flash_subscriber_hooks *hooks,
                                           struct flash_subscriber **ret_subscriber,
                                           struct flash_error *err);
/* Waits up to timeout_ms for one message. Call it at least every 300 s (max.poll.interval.ms), or
 * the partitions go to others. OUT_OF_RANGE is said once, then the partition is silent until a
 * reposition. */
enum flash_poll flash_subscriber_poll(struct flash_subscriber *subscriber, int timeout_ms,
                                      struct flash_message *ret_message, struct flash_error *err);
void flash_message_free(struct flash_message *message);
/* Whether a broker is reachable as far as is known: one was seen up (asked once a second) or a
 * message came, and not all were lost since. False until then, and for ever after a fatal error.
 * Polling keeps it true. Any thread. */
bool flash_subscriber_ready(const struct flash_subscriber *subscriber);
/* Asks every assigned partition's position anew through hooks.assigned and continues there;
 * buffered messages are dropped, also when a hook answers false (then as for a new assignment).
 * Error kind: RETRY (being revoked: poll). */
FLASH_MUST_CHECK bool flash_subscriber_reposition(struct flash_subscriber *subscriber,
                                                  struct flash_error *err);
/* What of a partition is in the log. */
struct flash_watermarks {
    int64_t low, high; /* its first offset, one past its last */
};

/* Asks the leader of a partition. Error kind: RETRY. */
FLASH_MUST_CHECK bool flash_subscriber_watermarks(struct flash_subscriber *subscriber,
                                                  int partition,
                                                  struct flash_watermarks *ret_watermarks,
                                                  struct flash_error *err);
/* Tells the group, for monitoring only, that offsets below this were dealt with. Does not wait; a
 * request to the broker each: not for every batch. */
void flash_subscriber_note(struct flash_subscriber *subscriber, int partition, int64_t offset);
/* Leaves the group (hooks.revoked runs) and frees. Messages must have been freed before. NULL is
 * fine. */
void flash_subscriber_free(struct flash_subscriber *subscriber);

#endif
