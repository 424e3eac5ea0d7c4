/* Redis' half of a recovery: looks, gates, generations (lua/look, gate, load, sale, beacon), many
 * SKUs in one pipeline. A SKU for which Redis refuses a call is marked broken and left out from
 * then on; err tells of the last of them, also when the function returns true. */
#ifndef RECONCILER_RECOVER_REDIS_H
#define RECONCILER_RECOVER_REDIS_H

#include "flash/redis_sync.h"
#include "sight.h"

/* Asks about every SKU of sight, and which server answers. Error kinds: RETRY, UNKNOWN. */
FLASH_MUST_CHECK bool flash_recover_look(struct flash_redis_sync *redis, struct flash_sight *sight,
                                         struct flash_error *err);
/* Asks which inflow Redis has, of every SKU whose gate waits. Error kinds: RETRY, UNKNOWN. */
FLASH_MUST_CHECK bool flash_recover_look_inflows(struct flash_redis_sync *redis,
                                                 struct flash_sight *sight,
                                                 struct flash_error *err);
/* Closes the gates of the SKUs in need that are there. Error kinds: RETRY, UNKNOWN. */
FLASH_MUST_CHECK bool flash_recover_close(struct flash_redis_sync *redis, struct flash_sight *sight,
                                          struct flash_error *err);
/* Brings every SKU to the sight's generation: those in need closed, loaded where absent, with their
 * sale; the others stay open. Error kinds: RETRY, UNKNOWN. */
FLASH_MUST_CHECK bool flash_recover_lift(struct flash_redis_sync *redis, struct flash_sight *sight,
                                         struct flash_error *err);
/* Tells every SKU the sight's beacon. Error kinds: RETRY, UNKNOWN. */
FLASH_MUST_CHECK bool flash_recover_tell_beacon(struct flash_redis_sync *redis,
                                                struct flash_sight *sight, struct flash_error *err);

struct flash_recover_key {
    int64_t sku, generation;
    const char *run_id;
};
/* Opens a gate; DAMAGED fills err too where Redis answers with an error. Error kinds: RETRY,
 * UNKNOWN. */
FLASH_MUST_CHECK bool flash_recover_open(struct flash_redis_sync *redis,
                                         const struct flash_recover_key *key,
                                         enum flash_recover_gate *ret_gate,
                                         struct flash_error *err);

#endif
