/* The words of findings; see finding.h. */
#include "finding.h"

#include <assert.h>

const char *flash_cause_name(enum flash_cause cause)
{
    static const char *const names[FLASH_CAUSE_COUNT] = {
        [FLASH_CAUSE_LOST] = "lost",
        [FLASH_CAUSE_LATE] = "late",
        [FLASH_CAUSE_UNSETTLED] = "unsettled",
        [FLASH_CAUSE_SHORTAGE] = "shortage",
        [FLASH_CAUSE_DUPLICATE] = "duplicate",
        [FLASH_CAUSE_DRIFT_UP] = "drift_up",
        [FLASH_CAUSE_DRIFT_DOWN] = "drift_down",
        [FLASH_CAUSE_FORGOTTEN] = "forgotten",
        [FLASH_CAUSE_PHANTOM] = "phantom",
        [FLASH_CAUSE_USER_COUNT] = "user_count",
        [FLASH_CAUSE_COUNTER] = "counter",
        [FLASH_CAUSE_LOG] = "log",
        [FLASH_CAUSE_INFLOW] = "inflow",
        [FLASH_CAUSE_STUCK] = "stuck",
        [FLASH_CAUSE_PARKED] = "parked",
        [FLASH_CAUSE_DEAD] = "dead",
    };
    assert(cause >= 0 && cause < FLASH_CAUSE_COUNT);
    return names[cause];
}

const char *flash_finding_state_name(enum flash_finding_state state)
{
    static const char *const names[FLASH_FINDING_STATE_COUNT] = {
        [FLASH_FINDING_OPEN] = "open",       [FLASH_FINDING_PLANNED] = "planned",
        [FLASH_FINDING_APPLIED] = "applied", [FLASH_FINDING_REFUSED] = "refused",
        [FLASH_FINDING_GONE] = "gone",
    };
    assert(state >= 0 && state < FLASH_FINDING_STATE_COUNT);
    return names[state];
}
