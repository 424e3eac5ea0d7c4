/* A lease: of all reconcilers on one ledger, one acts (DESIGN §9), one recovers.
 *
 * A user lock of the ledger's server (GET_LOCK), on a connection of its own, which gives it back
 * when its holder dies, or has not asked for it for 20 s: who holds it and works for long asks
 * again and again. Only an optimisation: whoever acts without it does double work and no harm. */
#ifndef RECONCILER_LEASE_H
#define RECONCILER_LEASE_H

#include "flash/config.h"

struct flash_lease;

struct flash_lease_plan {
    const char *name; /* up to 15 bytes; the database's is added */
    int64_t every_ms; /* between two calls of flash_lease_take, as long as all is well */
};

/* Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_lease_new(const struct flash_config *config,
                                      const struct flash_lease_plan *plan,
                                      struct flash_lease **ret_lease, struct flash_error *err);
/* Gives it back. NULL is fine. */
void flash_lease_free(struct flash_lease *lease);

/* Takes it if it is free; *ret_held says whether it is ours now. Does not wait for another holder.
 * Error kinds: RETRY, CONFIG (the ledger did not answer: nothing is known). */
FLASH_MUST_CHECK bool flash_lease_take(struct flash_lease *lease, bool *ret_held,
                                       struct flash_error *err);
/* The same of one that is held, for every step of long work: asks a few seconds apart. */
FLASH_MUST_CHECK bool flash_lease_keep(struct flash_lease *lease, bool *ret_held,
                                       struct flash_error *err);
/* Gives it back; it may be taken again. */
void flash_lease_give(struct flash_lease *lease);

#endif
