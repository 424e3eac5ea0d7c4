/* Which inflows are news; see inflow_finding.h. */
#include "inflow_finding.h"

#include <inttypes.h>
#include <stdio.h>

#include "flash/time.h"

#define LATE_MS 5000 /* flash-admin brings an inflow to Redis within its own request */

bool flash_inflow_finding(int64_t sku, const struct flash_inflow *row, int64_t moved,
                          struct flash_finding *ret_finding)
{
    int64_t age_ms = (int64_t)flash_time_wall_ms() - row->created_ms;
    if (moved == 0 || (!row->takes && age_ms < LATE_MS)) {
        return false;
    }
    *ret_finding = (struct flash_finding){.cause = FLASH_CAUSE_INFLOW,
                                          .state = FLASH_FINDING_APPLIED,
                                          .sku = sku,
                                          .has_entry = row->takes,
                                          .entry = row->entry,
                                          .partition = -1,
                                          .offset = -1,
                                          .quantity = moved,
                                          .age_ms = age_ms};
    snprintf(ret_finding->detail, sizeof(ret_finding->detail),
             row->takes ? "Redis had forgotten a take, inflow %" PRId64
                          ": its units are taken again"
                        : "Redis had not got inflow %" PRId64 ": its units are there now",
             row->number);
    return true;
}
