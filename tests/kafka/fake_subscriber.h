/* The consumer half of flash/kafka.h without Kafka: a list of what poll will find.
 *
 * Nothing comes by itself; when the list is at its end, idle is called, which may put more into it,
 * or end the test. Partitions are assigned by the first poll, as with the real one. */
#ifndef FLASH_FAKE_SUBSCRIBER_H
#define FLASH_FAKE_SUBSCRIBER_H

#include "flash/kafka_subscriber.h"

/* The subscriber made last and not freed; NULL if there is none. */
struct flash_subscriber *fake_subscriber_last(void);
/* What the next one is made with: called when poll finds nothing. */
void fake_subscriber_idle(void (*idle)(void *arg), void *arg);

/* What poll finds next; the message's handle is freed by flash_message_free. */
void fake_subscriber_message(const struct flash_message *message);
void fake_subscriber_out_of_range(int partition);
void fake_subscriber_error(void);
/* Whether a broker is there; it is, at the beginning. */
void fake_subscriber_set_ready(bool ready);
/* The list is emptied, as by a reposition. */
void fake_subscriber_forget(void);

/* Partitions 0..count-1 are assigned by the next poll. */
void fake_subscriber_assign(int count);
void fake_subscriber_revoke(int partition);
/* The offset the partition was last started from; -1: it was not taken. */
int64_t fake_subscriber_position(int partition);
int fake_subscriber_repositions(void);
void fake_subscriber_set_watermarks(int64_t low, int64_t high);
/* The last offset noted for the partition. */
int64_t fake_subscriber_noted(int partition);

#endif
