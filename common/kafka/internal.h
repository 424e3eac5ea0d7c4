/* What the files of flash_kafka share; nobody else includes this but the library's own tests.
 *
 * Settings end up in a librdkafka configuration, librdkafka's error codes in kinds of struct
 * flash_error, and error and statistics events in one answer: can a broker be reached? */
#ifndef FLASH_KAFKA_INTERNAL_H
#define FLASH_KAFKA_INTERNAL_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "flash/kafka.h"
#include "flash/kafka_subscriber.h"

/* ---- settings.c ---- */

/* A librdkafka configuration: the settings that were tried under faults, then the section's own
 * pairs, then what the protocol depends on. NULL, kind CONFIG, when a pair is unknown, wrong or
 * fixed. Owned by the caller until rd_kafka_new succeeds. */
rd_kafka_conf_t *flash_kafka_conf_producer(const struct flash_config *config,
                                           struct flash_error *err);
rd_kafka_conf_t *flash_kafka_conf_consumer(const struct flash_config *config,
                                           struct flash_error *err);

/* What a caller may do about an error that librdkafka reports on its own, not about one message. */
enum flash_error_kind flash_kafka_error_kind(rd_kafka_resp_err_t code, bool fatal);

/* ---- destroy.c ---- */

#define FLASH_KAFKA_DESTROY_S 5

/* rd_kafka_destroy, but for FLASH_KAFKA_DESTROY_S at most: where a topic was deleted while it was
 * read, librdkafka 2.0 may wait for ever for a thread of its own (its issues 4362 and 4486). What
 * is not over by then is left to the end of the process. Nothing depends on it: the messages are
 * delivered or reported, the positions are in the ledger. Call it when nobody uses rk any more. */
void flash_kafka_destroy(rd_kafka_t *rk);

/* ---- producer.c ---- */

/* The name of the orders topic, and the client to ask about it; both borrowed. */
const char *flash_producer_topic(const struct flash_producer *producer, rd_kafka_t **ret_rk);

/* ---- subscriber.c ---- */

/* What our callers see of a message; it owns from. */
struct flash_message flash_kafka_message(rd_kafka_message_t *from);

/* ---- health.c ---- */

enum flash_health_state {
    FLASH_HEALTH_UNSEEN, /* no broker was reached yet */
    FLASH_HEALTH_UP,     /* one was, and not all were lost since */
    FLASH_HEALTH_DOWN,   /* all were lost */
    FLASH_HEALTH_FATAL,  /* librdkafka gave up: this client never works again */
    FLASH_HEALTH_STATE_COUNT,
};

/* Written by the thread that serves the events, read by any. */
struct flash_health {
    _Atomic int state; /* enum flash_health_state */
    pthread_mutex_t lock;
    struct flash_error last; /* under lock; kind NONE: no error yet */
};

void flash_health_init(struct flash_health *health);
void flash_health_destroy(struct flash_health *health);
/* A message was acknowledged, or came. */
void flash_health_success(struct flash_health *health);
/* An error of the client as a whole; text is one line, borrowed. */
void flash_health_error(struct flash_health *health, rd_kafka_resp_err_t code, bool fatal,
                        const char *text);
/* librdkafka's statistics (JSON text, borrowed), looked into only while no broker is known to be
 * up. */
void flash_health_statistics(struct flash_health *health, const char *json);
bool flash_health_ready(const struct flash_health *health);
void flash_health_last(struct flash_health *health, struct flash_error *ret_error);

#endif
