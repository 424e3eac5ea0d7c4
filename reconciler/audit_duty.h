/* The daemon's audits: every SKU's units each reconciler.audit_interval, every order, user and log
 * row each reconciler.audit_full_interval. */
#ifndef RECONCILER_AUDIT_DUTY_H
#define RECONCILER_AUDIT_DUTY_H

#include "alarms.h"
#include "flash/config.h"

struct flash_audit_duty;

/* Starts its thread, with connections of its own. alarms is borrowed: audit.findings is raised
 * while the last audit of either form found something. Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_audit_duty_new(const struct flash_config *config,
                                           struct flash_alarms *alarms,
                                           struct flash_audit_duty **ret_duty,
                                           struct flash_error *err);
/* As flash_duty_stop and flash_duty_free; NULL is fine. */
void flash_audit_duty_stop(struct flash_audit_duty *duty);
void flash_audit_duty_free(struct flash_audit_duty *duty);

#endif
