/* Dead letters to their topic, after they are in the ledger's table; the table is what counts, the
 * topic is a copy. */
#ifndef CONSUMER_DEAD_H
#define CONSUMER_DEAD_H

#include "batch.h"

struct flash_dead;

/* Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_dead_new(const struct flash_config *config,
                                     struct flash_dead **ret_dead, struct flash_error *err);
void flash_dead_free(struct flash_dead *dead);
/* Sends copies of the batch's dead letters and logs each. */
void flash_dead_publish(struct flash_dead *dead, const struct flash_batch *batch);
/* Runs delivery reports; each turn of the loop. */
void flash_dead_poll(struct flash_dead *dead);

#endif
