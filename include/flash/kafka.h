/* Kafka: one producer per process, driven by an event loop, and a consumer that starts where the
 * ledger says.
 *
 * The settings the protocol depends on (acks=all, no idempotence, message timeout 20 s, no auto
 * commit, auto.offset.reset=error, range assignment: DESIGN §6–7, PITFALLS §2) are set here and
 * cannot be overridden. */
#ifndef FLASH_KAFKA_H
#define FLASH_KAFKA_H

#include "flash/config.h"
#include "flash/ids.h"

/* ---- producer ---- */

struct flash_producer;

enum flash_delivery {
    FLASH_DELIVERY_ACKED,    /* in the log, on all in-sync replicas */
    FLASH_DELIVERY_NOT_SENT, /* never left: safe to say it is not in the log */
    FLASH_DELIVERY_UNKNOWN,  /* may be in the log, now or later */
};

/* Where the reports of a producer go. */
struct flash_producer_hooks {
    /* Runs inside flash_producer_poll, exactly once per accepted message; opaque: send's. */
    void (*delivered)(enum flash_delivery outcome, void *opaque, void *arg);
    void *arg; /* (borrowed) */
};

struct flash_message_headers {
    const char *id;          /* CloudEvents id: the entry's UUID text */
    const char *type;        /* CloudEvents type, e.g. "flashgate.reserve" */
    const char *source;      /* CloudEvents source, e.g. "flash-engine" */
    const char *traceparent; /* W3C, or NULL */
};

struct flash_produce {
    const char *topic; /* NULL: the orders topic of the configuration */
    struct flash_text key;
    struct flash_text value;                     /* copied */
    const struct flash_message_headers *headers; /* or NULL */
    int partition;                               /* -1: by key */
    void *opaque;
};

/* Creates the producer; does not wait for a broker. Error kind: CONFIG. */
FLASH_MUST_CHECK bool flash_producer_new(const struct flash_config *config,
                                         const struct flash_producer_hooks *hooks,
                                         struct flash_producer **ret_producer,
                                         struct flash_error *err);
/* A non-blocking descriptor that turns readable when poll has work; for one event loop. */
int flash_producer_fd(const struct flash_producer *producer);
/* Runs delivery reports, up to max of them; returns how many. Only from the loop thread that owns
 * the fd. */
int flash_producer_poll(struct flash_producer *producer, int max);
/* Hands a message to librdkafka, from any thread, also from inside delivered. False: nothing was
 * taken and there will be no report. Error kinds: RETRY (its queue is full, or the topic is not
 * there), DATA (larger than message.max.bytes), CONFIG (not a topic's name), BUG (a fatal error).
 */
FLASH_MUST_CHECK bool flash_producer_send(struct flash_producer *producer,
                                          const struct flash_produce *message,
                                          struct flash_error *err);
/* Messages accepted and not yet reported. Any thread. */
int64_t flash_producer_queued(const struct flash_producer *producer);
/* Whether a broker is reachable as far as is known: one was seen up (asked once a second) or
 * acknowledged a message, and not all were lost since. False until then, and for ever after a fatal
 * error. Polling keeps it true. Any thread. */
bool flash_producer_ready(const struct flash_producer *producer);
/* The last error of the client as a whole; kind NONE: there was none. RETRY: brokers are away.
 * CONFIG: they refuse our credentials or certificate, so messages can only time out. BUG: fatal,
 * start a new producer. Any thread. */
void flash_producer_last_error(struct flash_producer *producer, struct flash_error *ret_error);
/* Waits up to timeout_ms for all reports (running them); returns how many messages are left. Only
 * from the loop thread. */
int64_t flash_producer_flush(struct flash_producer *producer, int timeout_ms);
/* Reports what is still open (NOT_SENT or UNKNOWN) inside this call, without waiting for brokers,
 * and frees. NULL is fine. Only from the loop thread, never from inside delivered. */
void flash_producer_free(struct flash_producer *producer);

/* ---- consumer ---- */

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
/* As flash_producer_ready; a message that comes tells, too. Any thread. */
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
/* Leaves the group (hooks.revoked runs) and frees, after all messages. NULL is fine. */
void flash_subscriber_free(struct flash_subscriber *subscriber);

#endif
