/* A respite: SKUs that a recovery could not mend are not recovered again at once, for every
 * recovery raises the generation of all, and that costs those on sale a refused call and the
 * consumer a new beginning. The next try comes after a while, twice as long each time. Pure. */
#ifndef RECONCILER_RESPITE_H
#define RECONCILER_RESPITE_H

#include "sight.h"

struct flash_respite_sku {
    int64_t sku;
    enum flash_need need; /* as it was seen first after the recovery; NOTHING: not yet */
};

struct flash_respite {
    char run_id[FLASH_GATE_RUN_ID + 1]; /* of the Redis that refused them */
    struct flash_respite_sku *skus;     /* ascending; owned */
    size_t count;
    uint64_t wait_us, until_us;
};

void flash_respite_finish(struct flash_respite *respite);
/* A recovery is over: notes which SKUs of sight are broken. The wait grows if all of them were
 * noted before. */
void flash_respite_begin(struct flash_respite *respite, const struct flash_sight *sight,
                         uint64_t now_us);
/* Whether a recovery is to wait: the same Redis, and nothing in need but what was noted, each with
 * the need it had then. sight is judged. */
bool flash_respite_holds(struct flash_respite *respite, const struct flash_sight *sight,
                         uint64_t now_us);

#endif
