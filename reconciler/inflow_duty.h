/* The duty that keeps Redis' inflows up to date, with a record of what it had to mend. */
#ifndef RECONCILER_INFLOW_DUTY_H
#define RECONCILER_INFLOW_DUTY_H

#include "flash/config.h"

struct flash_inflow_duty;

/* Starts its thread, with connections of its own. config is borrowed. Error kinds: CONFIG, RETRY.
 */
FLASH_MUST_CHECK bool flash_inflow_duty_new(const struct flash_config *config,
                                            struct flash_inflow_duty **ret_duty,
                                            struct flash_error *err);
/* As flash_duty_stop and flash_duty_free. NULL is fine. */
void flash_inflow_duty_stop(struct flash_inflow_duty *duty);
void flash_inflow_duty_free(struct flash_inflow_duty *duty);

#endif
