/* What the end of a pass over the journals is to people: alarms raised and cleared. */
#ifndef RECONCILER_RECONCILE_ALARMS_H
#define RECONCILER_RECONCILE_ALARMS_H

#include "alarms.h"
#include "flash/config.h"
#include "reconcile.h"

/* After each pass. "reconcile.guard": compensations were held back, until a pass holds none back;
 * "reconcile.unsettled_age": an entry is older than alerts.max_unsettled_age, until none is. A pass
 * that was broken off, or that another one's lease stopped, says nothing of either. */
void flash_reconcile_alarms(struct flash_alarms *alarms, const struct flash_config *config,
                            const struct flash_reconcile_done *done);

#endif
