/* The audit as a duty of the daemon: every SKU's units each reconciler.audit_interval, every row
 * each reconciler.audit_full_interval. */
#ifndef RECONCILER_AUDIT_WATCH_H
#define RECONCILER_AUDIT_WATCH_H

#include "duty.h"
#include "flash/config.h"

struct flash_audit_watch;

FLASH_MUST_CHECK bool flash_audit_watch_new(const struct flash_config *config,
                                            struct flash_audit_watch **ret_watch,
                                            struct flash_error *err);
/* NULL is fine. */
void flash_audit_watch_free(struct flash_audit_watch *watch);
/* One audit, on the duty's thread: counts, logs what is other than the last time. */
void flash_audit_watch_run(struct flash_duty *duty, void *watch);

#endif
