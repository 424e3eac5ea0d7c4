/* What is to be known of an inflow that Redis had lacked. */
#ifndef RECONCILER_INFLOW_FINDING_H
#define RECONCILER_INFLOW_FINDING_H

#include "finding.h"
#include "flash/inflow.h"

/* One that was applied just now, and the units that moved by it. False: nothing to tell, it was on
 * its way as usual. Else cause inflow, state applied. */
FLASH_MUST_CHECK bool flash_inflow_finding(int64_t sku, const struct flash_inflow *row,
                                           int64_t moved, struct flash_finding *ret_finding);

#endif
