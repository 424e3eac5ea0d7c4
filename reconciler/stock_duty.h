/* The duty that looks at the ledger's stock for people: what is low, sold out or restocked, and the
 * summary of a day. A thread and a connection of its own. */
#ifndef RECONCILER_STOCK_DUTY_H
#define RECONCILER_STOCK_DUTY_H

#include "flash/config.h"
#include "flash/error.h"

struct flash_stock_duty;

/* Starts. Call flash_zone_use and flash_config_check_alerts before. Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_stock_duty_new(const struct flash_config *config,
                                           struct flash_stock_duty **ret_duty,
                                           struct flash_error *err);
/* No look begins any more. NULL is fine. */
void flash_stock_duty_stop(struct flash_stock_duty *duty);
/* Stops, waits for the end of a look, frees. NULL is fine. */
void flash_stock_duty_free(struct flash_stock_duty *duty);

#endif
