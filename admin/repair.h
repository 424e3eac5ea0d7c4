/* Looks again and again for what a crash, or a part that was away, has kept from Redis, and brings
 * it there (DESIGN §8).
 *
 * It only ever pushes what the ledger says. SKUs that Redis has lost are counted and reported,
 * never loaded: that is a recovery's work (push.h). */
#ifndef ADMIN_REPAIR_H
#define ADMIN_REPAIR_H

#include <stdatomic.h>

#include "flash/http_ops.h"
#include "job.h"
#include "push.h"

#define FLASH_REPAIR_INTERVAL_S 2

struct flash_repair {
    struct flash_job job; /* the same one for every pass */
    bool running;         /* the job is with the workers; the loop's thread only */
    int passes;           /* begun; the running pass's thread only, as is `lost_said` */
    int64_t lost_said;    /* SKUs lost, by the last line in the log */
    _Atomic bool looked, ledger_ready, redis_ready; /* by the last pass */
    _Atomic int64_t lost,
        lost_sku; /* how many SKUs only a recovery can bring back, and one of them */
};

void flash_repair_init(struct flash_repair *repair);
/* A flash_ready_fill; arg is a struct flash_repair: the parts ledger, redis and recovery. */
int flash_repair_parts(struct flash_ready_part *parts, int max, void *arg);

#endif
