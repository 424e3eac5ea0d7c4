/* The ledger's record of what the reconciler did: reconcile_run and reconcile_finding.
 *
 * One run at a time per object; findings are buffered and written in bulk. A daemon's pass begins a
 * run only when it has something to say, so that quiet passes leave no rows. */
#ifndef RECONCILER_RUNS_H
#define RECONCILER_RUNS_H

#include <stddef.h>

#include "finding.h"
#include "flash/config.h"

struct flash_runs;

enum flash_run_mode {
    FLASH_RUN_RUN, /* a pass of the daemon */
    FLASH_RUN_REPORT,
    FLASH_RUN_PLAN,
    FLASH_RUN_APPLY,
    FLASH_RUN_AUDIT,
    FLASH_RUN_RECOVER,
    FLASH_RUN_MODE_COUNT,
};

enum flash_run_state {
    FLASH_RUN_RUNNING,
    FLASH_RUN_DONE,
    FLASH_RUN_PLANNED,
    FLASH_RUN_APPLIED,
    FLASH_RUN_STALE,   /* apply: the plan is not what is there any more */
    FLASH_RUN_STOPPED, /* by the guard, or by hand */
    FLASH_RUN_FAILED,
    FLASH_RUN_STATE_COUNT,
};

struct flash_run_start {
    enum flash_run_mode mode;
    const char *operator; /* 1–64 bytes (borrowed) */
    int64_t generation;
    const struct flash_uuid *plan; /* apply: the plan's run, else NULL (borrowed) */
    int64_t sku;                   /* 0: all */
};

struct flash_run_end {
    enum flash_run_state state;
    int64_t skus, entries, settled, resent, compensated;
    int exit_code; /* as DESIGN §9: 0 clean, 1 findings, 2 usage, 3 unreachable, 4 lease, 5 guard */
    const char *detail; /* (borrowed) */
};

/* "run", "report", …: as in reconcile_run.mode. Static. */
const char *flash_run_mode_name(enum flash_run_mode mode);
/* "running", "done", …: as in reconcile_run.state. Static. */
const char *flash_run_state_name(enum flash_run_state state);

/* A ledger connection of its own, made at the first use. Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_runs_new(const struct flash_config *config,
                                     struct flash_runs **ret_runs, struct flash_error *err);
/* A run that was not ended stays as it is: running. NULL is fine. */
void flash_runs_free(struct flash_runs *runs);

/* Writes the run's row, state running. Error kinds: RETRY, CONFIG, BUG (one is open already). */
FLASH_MUST_CHECK bool flash_runs_begin(struct flash_runs *runs, const struct flash_run_start *start,
                                       struct flash_uuid *ret_id, struct flash_error *err);
/* Whether a run is open. */
bool flash_runs_open(const struct flash_runs *runs);
/* Adds a finding to the open run; copied. Written when the buffer is full. Error kinds: RETRY
 * (kept, written with the next; only while a full buffer cannot be written it is left out, which
 * the run's end counts and says), BUG (no run is open). */
FLASH_MUST_CHECK bool flash_runs_add(struct flash_runs *runs, const struct flash_finding *finding,
                                     struct flash_error *err);
/* Writes what is buffered and the run's end, its findings counted; the run is closed even when this
 * fails. Error kind: RETRY. */
FLASH_MUST_CHECK bool flash_runs_end(struct flash_runs *runs, const struct flash_run_end *end,
                                     struct flash_error *err);

/* A run with all that is to be said of it. */
struct flash_run_whole {
    struct flash_run_start start;
    struct flash_run_end end;
    const struct flash_finding *findings; /* (borrowed) */
    size_t finding_count;
};
/* begin, add and end in one; no run is open before and after. Error kinds: those of the three. */
FLASH_MUST_CHECK bool flash_runs_write(struct flash_runs *runs, const struct flash_run_whole *whole,
                                       struct flash_error *err);

#endif
