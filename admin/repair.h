/* Looks again and again for what a crash, or a part that was away, has kept from Redis, and brings
 * it there (DESIGN §8).
 *
 * It only ever pushes what the ledger says. SKUs that Redis has lost are counted and reported,
 * never loaded: that is a recovery's work (push.h). A pass goes page by page with a pause after
 * each, so that a shop of many SKUs does not keep the ledger and Redis from everybody else for
 * long; only while something is lost, or nothing is known yet, readiness waits for it and it goes
 * through at once. */
#ifndef ADMIN_REPAIR_H
#define ADMIN_REPAIR_H

#include <stdatomic.h>

#include "flash/http_ops.h"
#include "job.h"
#include "push.h"
#include "workers.h"

struct event;
struct event_base;

/* A pass that is under way. */
struct flash_repair_walk {
    bool going;                        /* pages are left */
    int64_t after_sku, ended_after_ms; /* what is asked for next; ended_after_ms < 0: all */
    int64_t lost, lost_sku;            /* so far */
};

struct flash_repair {
    struct flash_job job; /* the same one for every page; who has it has what follows */
    struct flash_repair_walk walk;
    int passes;                    /* begun */
    int64_t lost_said;             /* SKUs lost, by the last line in the log */
    struct flash_workers *workers; /* (borrowed) */
    struct event *timer;           /* owned; the loop's thread only, as is `stopped` */
    bool stopped;
    _Atomic bool looked, ledger_ready, redis_ready; /* by the last pass */
    _Atomic int64_t lost,
        lost_sku; /* how many SKUs only a recovery can bring back, and one of them */
};

/* Begins the first pass at once. repair is zeroed memory. Error kinds: RETRY. */
FLASH_MUST_CHECK bool flash_repair_start(struct flash_repair *repair, struct event_base *base,
                                         struct flash_workers *workers, struct flash_error *err);
/* Nothing is looked at any more, once a page that is under way is done. */
void flash_repair_stop(struct flash_repair *repair);
/* After the workers have gone; fine if it was never started. */
void flash_repair_free(struct flash_repair *repair);
/* A flash_ready_fill; arg is a struct flash_repair: the parts ledger, redis and recovery. */
int flash_repair_parts(struct flash_ready_part *parts, int max, void *arg);

#endif
