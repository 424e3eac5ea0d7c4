/* A producer without Kafka, for tests of what stands above it: link flash_fake_kafka in place of
 * flash_kafka.
 *
 * It implements the producer half of flash/kafka.h. Messages are recorded in the order they were
 * sent; the test says what becomes of each, and the report runs in the next flash_producer_poll,
 * flush or free, as with the real one. Everything here may be called from any thread, except that
 * poll, flush and free are the loop's. */
#ifndef FLASH_FAKE_KAFKA_H
#define FLASH_FAKE_KAFKA_H

#include "flash/kafka_topic.h"

/* One message that was taken; texts are copies, valid until the producer is freed. */
struct fake_kafka_message {
    char *topic; /* NULL: the orders topic */
    struct flash_text key, value;
    struct flash_message_headers headers; /* all NULL: sent without */
    int partition;
    void *opaque;
};

/* The producer made last and not freed; NULL if there is none. For code that makes its own. */
struct flash_producer *fake_kafka_last(void);
/* How many messages were taken so far. */
int fake_kafka_count(struct flash_producer *producer);
/* The index-th of them, from 0. */
const struct fake_kafka_message *fake_kafka_message(struct flash_producer *producer, int index);
/* Decides the index-th message: its report runs once, in the next poll. Each message may be decided
 * once. */
void fake_kafka_deliver(struct flash_producer *producer, int index, enum flash_delivery outcome);
/* Decides all that are undecided; returns how many. */
int fake_kafka_deliver_all(struct flash_producer *producer, enum flash_delivery outcome);

/* Lets flash_producer_send fail with RETRY (a full queue) from now on, or no longer. */
void fake_kafka_set_full(struct flash_producer *producer, bool full);
/* What flash_producer_ready says; true at the start. */
void fake_kafka_set_ready(struct flash_producer *producer, bool ready);
/* What flash_producer_last_error says; kind NONE at the start. */
void fake_kafka_set_error(struct flash_producer *producer, const struct flash_error *error);

/* What flash_producer_topic_ends says from now on; no partitions (as at the start): an error. */
void fake_kafka_set_ends(struct flash_producer *producer, const struct flash_topic_ends *ends);

/* What flash_producer_check_topic says; kind NONE, as at the start: the settings are right. */
void fake_kafka_set_topic(struct flash_producer *producer, const struct flash_error *error);

#endif
