/* A recovery in hand, shared by recover.c (the order of steps), recover_sweep.c and recover_await.c
 * (the last two of them), and recover_inflow.c (the last thing before a gate). */
#ifndef RECONCILER_RECOVER_INTERNAL_H
#define RECONCILER_RECOVER_INTERNAL_H

#include "lease.h"
#include "muster.h"
#include "recover.h"
#include "recover_ledger.h"
#include "recover_redis.h"
#include "replay.h"
#include "respite.h"
#include "sweep.h"

struct flash_recover {
    const struct flash_config *config;
    struct flash_redis_sync *redis;
    struct flash_mysql *mysql;
    struct flash_lease *lease; /* one recovery at a time */
    struct flash_sweep *sweep;
    struct flash_sight sight, fresh;
    struct flash_replay replay;
    struct flash_muster muster;
    struct flash_respite respite; /* of what the last run could not mend */
    /* of the run in hand */
    const struct flash_recover_options *options;
    struct flash_recover_done *done;
    enum flash_recover_stage stage;
    uint64_t stage_us, closed_us, again_us;
    bool dropped;        /* no engine has anything old that is unsent */
    uint64_t marked_us;  /* the markers were sent; 0: not yet */
    uint64_t applied_us; /* they were seen applied, not all acked; 0: not yet */
    int64_t orders;      /* to be swept; 0: not known */
};

/* Notes how the run ends; false, for the caller to return. */
bool flash_recover_end(struct flash_recover *recover, enum flash_recover_end how);
/* For every step of long work. False: the run has ended. */
FLASH_MUST_CHECK bool flash_recover_keep_lease(struct flash_recover *recover);
/* Tells how far the stage is; false: break off. */
bool flash_recover_tell(struct flash_recover *recover, int64_t done, int64_t total);
/* The sweep of every SKU that is to be swept. */
bool flash_recover_sweep(struct flash_recover *recover);
/* Brings Redis up to the ledger's inflows, of every SKU whose gate waits; where Redis or the
 * ledger's rows are damaged the SKU is broken, and the others go on. */
FLASH_MUST_CHECK bool flash_recover_inflows(struct flash_recover *recover);
/* The last stage: waits for the consumer and opens the gates. */
bool flash_recover_await(struct flash_recover *recover);

#endif
