/* The daemon's recovery: looks every so often whether Redis or the ledger has lost something, and
 * recovers (reconciler.recover = off: only says so). */
#ifndef RECONCILER_RECOVER_DUTY_H
#define RECONCILER_RECOVER_DUTY_H

#include "alarms.h"
#include "duty.h"
#include "flash/config.h"
#include "flash/kafka.h"

struct flash_recover_duty;

/* All borrowed. */
struct flash_recover_duty_parts {
    const struct flash_config *config;
    struct flash_producer *producer;
    struct flash_alarms *alarms; /* recovery.running: raised until every SKU is in order */
};

/* Starts the duty's thread. Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_recover_duty_new(const struct flash_recover_duty_parts *parts,
                                             struct flash_recover_duty **ret_duty,
                                             struct flash_error *err);
/* No look begins any more, and a recovery is broken off at its next step. NULL is fine. */
void flash_recover_duty_stop(struct flash_recover_duty *duty);
/* Whether it has ended after stop. NULL: yes. */
bool flash_recover_duty_stopped(struct flash_recover_duty *duty);
/* Stops, waits, frees. NULL is fine. */
void flash_recover_duty_free(struct flash_recover_duty *duty);
/* Whether the last look found every SKU in order; else *ret_reason (static) says more. Any thread.
 */
bool flash_recover_duty_ready(const struct flash_recover_duty *duty, const char **ret_reason);

#endif
