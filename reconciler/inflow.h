/* Inflows that Redis lacks, applied there (DESIGN §8, §9.2, docs/FORMATS.md "Inflows and takes").
 *
 * What flash-admin has written into the ledger and could not bring to Redis, and the numbers of
 * takes, which only come to be in the ledger. A pass compares each SKU's last number; what was
 * equal once is not asked for again until the ledger has a higher one, the server is another, or a
 * minute has passed. One thread. */
#ifndef RECONCILER_INFLOW_H
#define RECONCILER_INFLOW_H

#include "finding.h"
#include "flash/config.h"

struct flash_inflows;

struct flash_inflows_parts {
    const struct flash_config *config;
    flash_found found; /* told of units that Redis had lacked for longer than the way from
                          flash-admin takes: cause inflow, state applied; may be NULL */
    void *arg;         /* (borrowed) */
};

/* With a connection to the ledger and to Redis of its own. Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_inflows_new(const struct flash_inflows_parts *parts,
                                        struct flash_inflows **ret_inflows,
                                        struct flash_error *err);
/* NULL is fine. */
void flash_inflows_free(struct flash_inflows *inflows);

struct flash_inflows_done {
    int64_t generation; /* the ledger's; 0: it has no SKU that was loaded */
    int64_t skus;       /* looked at */
    int64_t applied;    /* inflows */
    int64_t broken;     /* SKUs whose inflows cannot be applied: rows or Redis' hash are damaged */
    int64_t broken_sku; /* one of them */
    struct flash_error err; /* of a pass that was broken off, or why one SKU is broken */
};

/* One pass over all SKUs that were loaded. A SKU that Redis has lost is left to a recovery. False:
 * broken off, the next pass goes on; err says why. */
FLASH_MUST_CHECK bool flash_inflows_pass(struct flash_inflows *inflows,
                                         struct flash_inflows_done *ret_done);

#endif
