/* What brokers say of the orders topic: the settings that the proof that a message is lost rests on
 * (DESIGN §9.1), and how far its log goes. */
#ifndef FLASH_KAFKA_TOPIC_H
#define FLASH_KAFKA_TOPIC_H

#include "flash/kafka.h"
#include "flash/kafka_subscriber.h"

/* Asks the brokers for the settings of the configuration's orders topic, waiting up to timeout_ms:
 * records are kept whatever their key (cleanup.policy=delete), are stamped by their sender
 * (message.timestamp.type=CreateTime), and are refused once their sender's clock is so far from the
 * broker's that message.timestamp.before.max.ms and after.max.ms together are at most window_ms.
 * Any thread. Error kinds: RETRY (no answer, or it is refused), CONFIG (they are not so; text says
 * which). */
FLASH_MUST_CHECK bool flash_producer_check_topic(struct flash_producer *producer, int64_t window_ms,
                                                 int timeout_ms, struct flash_error *err);

#define FLASH_TOPIC_PARTITIONS_MAX 256

struct flash_topic_ends {
    int count;                                                      /* of partitions */
    struct flash_watermarks partitions[FLASH_TOPIC_PARTITIONS_MAX]; /* by number */
};

/* Asks the brokers how far each partition of the orders topic goes, waiting up to about timeout_ms.
 * Any thread. Error kind: RETRY (no answer, it is refused, or there are more partitions). */
FLASH_MUST_CHECK bool flash_producer_topic_ends(struct flash_producer *producer, int timeout_ms,
                                                struct flash_topic_ends *ret_ends,
                                                struct flash_error *err);

#endif
