/* The metrics of the audit: rows of one table, moved by name. */
#ifndef RECONCILER_AUDIT_METRICS_H
#define RECONCILER_AUDIT_METRICS_H

#include "audit.h"

/* The two forms of an audit. */
enum flash_audit_form {
    FLASH_AUDIT_UNITS, /* the units of every SKU */
    FLASH_AUDIT_FULL,  /* every order, user and log row too */
    FLASH_AUDIT_FORM_COUNT,
};

/* Before threads start. */
void flash_audit_metrics_register(void);
/* An audit has ended at now_ms, milliseconds since the epoch. */
void flash_audit_metrics_note(enum flash_audit_form form, const struct flash_audit_done *done,
                              int64_t now_ms);
/* An audit could not reach a store. */
void flash_audit_metrics_note_away(void);

#endif
