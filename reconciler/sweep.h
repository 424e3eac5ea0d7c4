/* The sweep: every order that the ledger has of a SKU is told to Redis, which adopts it (DESIGN
 * §9.4).
 *
 *     reservation, in ranges of its key ──▶ lua/settle, as entries that are in no journal
 *
 * It may be broken off and repeated: adopting twice is adopting once. While it runs no engine sells
 * the SKU, and what the consumer commits meanwhile it settles itself, under the same generation. */
#ifndef RECONCILER_SWEEP_H
#define RECONCILER_SWEEP_H

#include "flash/mysql.h"
#include "flash/redis_sync.h"

struct flash_sweep;

/* Error kind: RETRY (no memory). */
FLASH_MUST_CHECK bool flash_sweep_new(struct flash_sweep **ret_sweep, struct flash_error *err);
void flash_sweep_free(struct flash_sweep *sweep);

struct flash_sweep_job {
    struct flash_mysql *mysql;      /* (borrowed) */
    struct flash_redis_sync *redis; /* (borrowed) */
    int64_t sku, generation;
    /* After every page, orders so far; false breaks off. */
    bool (*step)(int64_t orders, void *arg);
    void *arg;
};
struct flash_sweep_done {
    int64_t orders; /* told to Redis */
    int64_t learnt; /* of them: Redis did not know them */
};
/* Error kinds: RETRY (also when step broke it off, or Redis has another generation), UNKNOWN; DATA:
 * Redis refuses this SKU. */
FLASH_MUST_CHECK bool flash_sweep_sku(struct flash_sweep *sweep, const struct flash_sweep_job *job,
                                      struct flash_sweep_done *ret_done, struct flash_error *err);

#endif
