/* flash/kafka_probe.h without Kafka: what the next question is answered with. */
#ifndef FLASH_FAKE_PROBE_H
#define FLASH_FAKE_PROBE_H

#include "flash/kafka_probe.h"

/* Forgets what was asked and what is to be answered. */
void fake_probe_reset(void);
/* The next question hears this; the message's handle is freed by flash_message_free. */
void fake_probe_message(const struct flash_message *message);
void fake_probe_absent(void);
/* How many questions were put, and the last one's place (-1: none). */
int fake_probe_asked(void);
int64_t fake_probe_offset(void);

#endif
