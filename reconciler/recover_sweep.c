/* The stage of a recovery in which the ledger's orders are told to Redis. A SKU whose orders Redis
 * refuses is damaged: it is left out, and the others go on. */
#include "recover_internal.h"

static bool swept_page(int64_t orders, void *arg)
{
    struct flash_recover *recover = arg;
    return flash_recover_keep_lease(recover) &&
           flash_recover_tell(recover, recover->done->swept + orders, recover->orders);
}

static bool wanted(const struct flash_sight_sku *sku)
{
    return sku->sweep && !sku->broken;
}

static bool sweep_one(struct flash_recover *recover, struct flash_sight_sku *sku)
{
    const struct flash_sweep_job job = {.mysql = recover->mysql,
                                        .redis = recover->redis,
                                        .sku = sku->sku,
                                        .generation = recover->sight.generation,
                                        .step = swept_page,
                                        .arg = recover};
    struct flash_sweep_done done;
    if (!flash_sweep_sku(recover->sweep, &job, &done, &recover->done->err)) {
        sku->broken = recover->done->err.kind == FLASH_ERROR_DATA;
        return sku->broken;
    }
    sku->swept = done.orders;
    sku->learnt = done.learnt;
    recover->done->swept += done.orders;
    recover->done->learnt += done.learnt;
    return true;
}

/* How many there are, so that the time left can be told; 0: not known, e.g. because counting took
 * longer than a statement may. */
static int64_t count_all(struct flash_recover *recover)
{
    struct flash_error ignored;
    int64_t total = recover->done->swept;
    for (size_t i = 0; i < recover->sight.count; i++) {
        const struct flash_sight_sku *sku = &recover->sight.skus[i];
        int64_t orders = 0;
        if (wanted(sku) && !flash_recover_count(recover->mysql, sku->sku, &orders, &ignored)) {
            return 0;
        }
        total += orders;
    }
    return total;
}

bool flash_recover_sweep(struct flash_recover *recover)
{
    recover->orders = count_all(recover);
    for (size_t i = 0; i < recover->sight.count; i++) {
        struct flash_sight_sku *sku = &recover->sight.skus[i];
        if (wanted(sku) && !sweep_one(recover, sku)) {
            if (recover->done->end != FLASH_RECOVER_NOTHING) {
                return false; /* the lease was lost */
            }
            return flash_recover_end(recover, flash_mysql_connected(recover->mysql)
                                                  ? FLASH_RECOVER_NO_REDIS
                                                  : FLASH_RECOVER_NO_LEDGER);
        }
    }
    return true;
}
