/* What was raised or cleared and the ledger has not been told yet: the other side of alarms.h, for
 * the one thread that empties it.
 *
 * Of one key the queue holds changes only: a raise behind a raise is dropped. Whether the first of
 * them is a change, too, is for the ledger to say. While the ledger is away, an item may be sent
 * without it (direct) if it is a change as far as this process knows. */
#ifndef RECONCILER_ALARM_QUEUE_H
#define RECONCILER_ALARM_QUEUE_H

#include "alarms.h"

#define FLASH_ALARM_QUEUE 256 /* items */
#define FLASH_ALARM_KEYS 64   /* whose last state is remembered */

struct flash_alarm_item {
    struct flash_alert alert;
    bool direct;
    bool sent[FLASH_CHANNEL_COUNT]; /* directly, or refused for ever */
    bool said;                      /* in the log */
};

/* False: out of memory. */
FLASH_MUST_CHECK bool flash_alarms_new(struct flash_alarms **ret_alarms, struct flash_error *err);
void flash_alarms_free(struct flash_alarms *alarms);

/* A copy of the i-th item from the front; false: there are fewer. */
FLASH_MUST_CHECK bool flash_alarms_item(struct flash_alarms *alarms, int i,
                                        struct flash_alarm_item *ret_item);
/* Puts back what the sender changed of the i-th: sent, said. */
void flash_alarms_put(struct flash_alarms *alarms, int i, const struct flash_alarm_item *item);
/* The ledger knows the first item now: it goes, and its state is remembered as the ledger's. */
void flash_alarms_pop(struct flash_alarms *alarms);

#endif
