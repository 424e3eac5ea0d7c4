/* The words of runs; see runs.h. */
#include <assert.h>

#include "runs.h"

const char *flash_run_mode_name(enum flash_run_mode mode)
{
    static const char *const names[FLASH_RUN_MODE_COUNT] = {
        [FLASH_RUN_RUN] = "run",     [FLASH_RUN_REPORT] = "report", [FLASH_RUN_PLAN] = "plan",
        [FLASH_RUN_APPLY] = "apply", [FLASH_RUN_AUDIT] = "audit",   [FLASH_RUN_RECOVER] = "recover",
    };
    assert(mode >= 0 && mode < FLASH_RUN_MODE_COUNT);
    return names[mode];
}

const char *flash_run_state_name(enum flash_run_state state)
{
    static const char *const names[FLASH_RUN_STATE_COUNT] = {
        [FLASH_RUN_RUNNING] = "running", [FLASH_RUN_DONE] = "done",
        [FLASH_RUN_PLANNED] = "planned", [FLASH_RUN_APPLIED] = "applied",
        [FLASH_RUN_STALE] = "stale",     [FLASH_RUN_STOPPED] = "stopped",
        [FLASH_RUN_FAILED] = "failed",
    };
    assert(state >= 0 && state < FLASH_RUN_STATE_COUNT);
    return names[state];
}
