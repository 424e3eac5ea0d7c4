/* Kafka: one producer per process, driven by an event loop.
 *
 * The settings the protocol depends on (acks=all, no idempotence, message timeout 20 s, no auto
 * commit, auto.offset.reset=error, range assignment: DESIGN §6–7, PITFALLS §2) are set here and
 * cannot be overridden. */
#ifndef FLASH_KAFKA_H
#define FLASH_KAFKA_H

#include "flash/config.h"
#include "flash/ids.h"

struct flash_producer;

enum flash_delivery {
    FLASH_DELIVERY_ACKED,    /* in the log, on all in-sync replicas */
    FLASH_DELIVERY_NOT_SENT, /* never left: safe to say it is not in the log */
    FLASH_DELIVERY_UNKNOWN,  /* may be in the log, now or later */
};

/* Where the reports of a producer go. */
struct flash_producer_hooks {
    /* Runs inside flash_producer_poll, exactly once per accepted message. opaque is what send was
     * given. */
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
/* The last error of the client as a whole since a broker was seen up; kind NONE: there was none.
 * That all brokers are lost does not replace what brought it about. RETRY: brokers are away.
 * CONFIG: they refuse our credentials or certificate, so messages can only time out. BUG: fatal,
 * start a new producer. Any thread. */
void flash_producer_last_error(struct flash_producer *producer, struct flash_error *ret_error);
/* Waits up to timeout_ms for all reports (running them); returns how many messages are left. Only
 * from the loop thread. */
int64_t flash_producer_flush(struct flash_producer *producer, int timeout_ms);
/* Reports what is still open (NOT_SENT or UNKNOWN) inside this call, without waiting for brokers,
 * and frees. NULL is fine. Only from the loop thread, never from inside delivered. */
void flash_producer_free(struct flash_producer *producer);

#endif
