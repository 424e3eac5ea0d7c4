/* A duty: a thread of its own that runs one function every so often, or when it is asked to.
 *
 * Each duty has its own connections, so that none waits for another's server. A stop is noticed at
 * once between runs and in pauses; what a run is in the middle of, it finishes. */
#ifndef RECONCILER_DUTY_H
#define RECONCILER_DUTY_H

#include <stdint.h>

#include "flash/error.h"

struct flash_duty;

struct flash_duty_plan {
    int64_t interval_ms; /* from one run's start to the next's; a longer run is followed at once */
    void (*run)(struct flash_duty *duty, void *arg);
    void *arg; /* (borrowed) */
};

/* Starts the thread, with all signals blocked; the first run is due at once. Error kind: RETRY. */
FLASH_MUST_CHECK bool flash_duty_new(const struct flash_duty_plan *plan,
                                     struct flash_duty **ret_duty, struct flash_error *err);
/* A run that begins after this call, as soon as may be. Any thread, also the duty's own. NULL is
 * fine: nothing. */
void flash_duty_ask(struct flash_duty *duty);
/* From inside run: waits until that time (monotonic microseconds); false, at once, when the duty is
 * to stop. */
FLASH_MUST_CHECK bool flash_duty_pause(struct flash_duty *duty, uint64_t until_us);
/* No run begins any more. Does not wait for the one that goes on. NULL is fine. */
void flash_duty_stop(struct flash_duty *duty);
/* Whether the last run has ended after flash_duty_stop. NULL: yes. */
bool flash_duty_stopped(struct flash_duty *duty);
/* Stops, waits for the end of a run, frees. NULL is fine. */
void flash_duty_free(struct flash_duty *duty);

#endif
