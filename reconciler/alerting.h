/* The alerts of the daemon: four duties. One looks at the daemon's own state, one at the stock in
 * the ledger, one at how far the consumers are behind, one writes and sends. Each has connections
 * of its own; none keeps another waiting. */
#ifndef RECONCILER_ALERTING_H
#define RECONCILER_ALERTING_H

#include "alarms.h"
#include "flash/config.h"
#include "flash/http_ops.h"

struct flash_alerting;
struct flash_producer; /* flash/kafka.h */

struct flash_alerting_parts {
    const struct flash_config *config; /* (borrowed) */
    flash_ready_fill fill;             /* how the parts are; called on a thread of this module */
    void *arg;                         /* (borrowed) its */
};

/* From then on alarms are taken. Call it before there are other threads that use libcurl. Error
 * kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_alerting_new(const struct flash_alerting_parts *parts,
                                         struct flash_alerting **ret_alerting,
                                         struct flash_error *err);
/* Starts the duties: all that fill looks at must be there. The producer is (borrowed). Error kind:
 * RETRY. */
FLASH_MUST_CHECK bool flash_alerting_start(struct flash_alerting *alerting,
                                           struct flash_producer *producer,
                                           struct flash_error *err);
/* For those who raise and clear; borrowed, until the free: behind all of them. */
struct flash_alarms *flash_alerting_alarms(struct flash_alerting *alerting);
/* No message begins any more; no look goes on when this returns: what fill looks at may be freed.
 * NULL is fine, and so is a second time. */
void flash_alerting_stop(struct flash_alerting *alerting);
/* Stops, waits for the message in hand, writes what is queued once more. NULL is fine. */
void flash_alerting_free(struct flash_alerting *alerting);

#endif
