/* Reads single messages of the orders topic again, beside the subscriber that reads it on.
 *
 * A topic that was deleted and made anew gives no error to who reads on at a position it has grown
 * past: only a message that was read before, read again, tells the two apart (DESIGN §7). One
 * question is open at a time; asking and hearing never wait for a broker. One thread uses a probe.
 */
#ifndef FLASH_KAFKA_PROBE_H
#define FLASH_KAFKA_PROBE_H

#include "flash/kafka_subscriber.h"

struct flash_probe;

enum flash_probe_answer {
    FLASH_PROBE_NOTHING, /* no question is open, or its answer has not come yet */
    FLASH_PROBE_MESSAGE, /* the message at the place, or the first one after it */
    FLASH_PROBE_ABSENT,  /* the place is not in the log: before its start, or not reached yet */
};

/* Joins no group; does not wait for a broker. Error kind: CONFIG. */
FLASH_MUST_CHECK bool flash_probe_new(const struct flash_config *config,
                                      struct flash_probe **ret_probe, struct flash_error *err);
/* Asks for the message at offset (≥ 0); a question that is still open is forgotten. Error kind:
 * RETRY. */
FLASH_MUST_CHECK bool flash_probe_ask(struct flash_probe *probe, int partition, int64_t offset,
                                      struct flash_error *err);
/* The answer, once; the question is closed with it. MESSAGE: *ret_message is one, free it. Errors
 * of brokers are no answer: whoever has waited long enough asks again. */
enum flash_probe_answer flash_probe_hear(struct flash_probe *probe,
                                         struct flash_message *ret_message);
/* Messages must have been freed before. NULL is fine. */
void flash_probe_free(struct flash_probe *probe);

#endif
