/* Does what a plan says, no more, and as often as it is asked: once.
 *
 *     plan ──lease──▶ look again ──▶ is it what it was? ──no──▶ stale, nothing is done
 *                        ▲                 │ yes
 *                        └── wait a window ◀── act on the planned entries, write down what was done
 *
 * The rule of staleness: a plan is of one generation, and under another one all of it is stale; so
 * it is when, before anything of it was applied, an entry is open for another cause than it was
 * planned for. An entry that is not open any more is gone: there is nothing left to do about it.
 * Once applying has begun, entries are in the middle of being mended, so only their being open
 * counts. What was done is written down page by page: an apply that was killed leaves a plan that
 * goes on with the next. */
#ifndef RECONCILER_APPLY_H
#define RECONCILER_APPLY_H

#include "plan.h"

struct flash_apply_step {
    int64_t done, planned; /* of the plan's findings */
};

struct flash_apply_options {
    const struct flash_config *config; /* (borrowed, as all below) */
    const struct flash_uuid *plan;
    const char *operator;
    int64_t force;    /* compensations at most, whatever the guard says; 0: it decides */
    int64_t unproven; /* entries at most given up without a proof; 0: none. Not with force */
    /* Now and then; false stops. */
    bool (*step)(const struct flash_apply_step *step, void *arg);
    void *arg;
};

enum flash_apply_end {
    FLASH_APPLY_DONE,    /* nothing of the plan is left to do */
    FLASH_APPLY_LEFT,    /* some entries were not proven lost in time: another apply goes on */
    FLASH_APPLY_STALE,   /* the plan is not what is there: nothing was done */
    FLASH_APPLY_NO_PLAN, /* no finished plan has this id */
    FLASH_APPLY_LEASE,   /* another run holds it: nothing was done */
    FLASH_APPLY_GUARD,   /* it held compensations back */
    FLASH_APPLY_STOPPED, /* by step */
    FLASH_APPLY_AWAY,    /* a store or Kafka is away, or the ledger failed */
    FLASH_APPLY_END_COUNT,
};

struct flash_apply_done {
    enum flash_apply_end end;
    int64_t planned; /* findings of the plan */
    int64_t applied, gone, refused, left;
    bool has_run; /* something was begun: run is its id */
    struct flash_uuid run;
    struct flash_error err; /* why, after all but DONE */
};

/* Blocks, up to some minutes where entries have to be proven lost. Logs nothing. */
void flash_apply_run(const struct flash_apply_options *options, struct flash_apply_done *ret_done);
/* "done", "left", …. Static. */
const char *flash_apply_end_name(enum flash_apply_end end);
/* As DESIGN §9. */
int flash_apply_exit_code(const struct flash_apply_done *done);

#endif
