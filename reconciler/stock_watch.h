/* Tells of stock that is low, sold out or restocked: the ledger's rows whose level is not the one
 * that was told, a page at a time, each in one transaction that moves what was told, alert_state
 * and the outbox together. So a crash in between changes nothing, and of two reconcilers that see
 * the same change one tells it. Blocking; one thread. */
#ifndef RECONCILER_STOCK_WATCH_H
#define RECONCILER_STOCK_WATCH_H

#include "flash/config.h"
#include "flash/error.h"
#include "flash/mysql.h"

struct flash_stock_watch;

/* Settings are copied; mysql is (borrowed). Error kind: RETRY. */
FLASH_MUST_CHECK bool flash_stock_watch_new(const struct flash_config *config,
                                            struct flash_mysql *mysql,
                                            struct flash_stock_watch **ret_watch,
                                            struct flash_error *err);
/* NULL is fine. */
void flash_stock_watch_free(struct flash_stock_watch *watch);

/* One look at all that is untold, at now_ms (wall clock). Logs and counts each change. Error kinds:
 * those of flash_mysql_exec; what was told before stays told. */
FLASH_MUST_CHECK bool flash_stock_watch_look(struct flash_stock_watch *watch, int64_t now_ms,
                                             struct flash_error *err);

#endif
