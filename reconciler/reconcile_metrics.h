/* The metrics of reconciling: rows of one table, moved by name. */
#ifndef RECONCILER_RECONCILE_METRICS_H
#define RECONCILER_RECONCILE_METRICS_H

#include "reconcile.h"

/* Before threads start. */
void flash_reconcile_metrics_register(void);
/* A pass has ended at now_ms, milliseconds since the epoch. */
void flash_reconcile_metrics_note(const struct flash_reconcile_done *done, int64_t now_ms);

#endif
