/* The daemon's reconciling: passes that act, every reconciler.interval, at a pace that leaves the
 * servers to the buyers; what they do is logged, counted and written to the ledger's record. */
#ifndef RECONCILER_RECONCILE_DUTY_H
#define RECONCILER_RECONCILE_DUTY_H

#include "flash/config.h"
#include "flash/kafka.h"

struct flash_reconcile_duty;

/* Starts its thread. config and producer are borrowed. Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_reconcile_duty_new(const struct flash_config *config,
                                               struct flash_producer *producer,
                                               struct flash_reconcile_duty **ret_duty,
                                               struct flash_error *err);
/* As flash_duty_stop, flash_duty_stopped, flash_duty_free; NULL is fine. */
void flash_reconcile_duty_stop(struct flash_reconcile_duty *duty);
bool flash_reconcile_duty_stopped(struct flash_reconcile_duty *duty);
void flash_reconcile_duty_free(struct flash_reconcile_duty *duty);

/* How the last pass went, for readiness; text is "" when all is well. Any thread. */
struct flash_reconcile_health {
    char pass[256];  /* why it did not do all it should */
    char proof[256]; /* why nothing can be proven lost, whatever happens: the topic's settings */
};
void flash_reconcile_duty_health(struct flash_reconcile_duty *duty,
                                 struct flash_reconcile_health *ret_health);

#endif
