/* How far the consumers are behind: messages of the orders topic that the ledger does not have yet.
 * A duty with a thread and a connection of its own; the gauge is METRIC_CONSUMER_LAG. */
#ifndef RECONCILER_LAG_H
#define RECONCILER_LAG_H

#include "flash/config.h"
#include "flash/error.h"

struct flash_lag;
struct flash_producer; /* flash/kafka.h */

/* Starts. The producer is (borrowed). Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_lag_new(const struct flash_config *config,
                                    struct flash_producer *producer, struct flash_lag **ret_lag,
                                    struct flash_error *err);
/* No look begins any more. NULL is fine. */
void flash_lag_stop(struct flash_lag *lag);
/* Stops, waits for the end of a look, frees. NULL is fine. */
void flash_lag_free(struct flash_lag *lag);

#endif
