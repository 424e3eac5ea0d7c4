/* The lease: of all reconcilers on one ledger, one acts (DESIGN §9).
 *
 * A user lock of the ledger's server (GET_LOCK), on a connection of its own, which gives it back
 * when its holder dies. Only an optimisation: whoever acts without it does double work and no harm.
 */
#ifndef RECONCILER_LEASE_H
#define RECONCILER_LEASE_H

#include "flash/config.h"

struct flash_lease;

/* Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_lease_new(const struct flash_config *config,
                                      struct flash_lease **ret_lease, struct flash_error *err);
/* Gives it back. NULL is fine. */
void flash_lease_free(struct flash_lease *lease);

/* Takes it if it is free; *ret_held says whether it is ours now. Does not wait for another holder.
 * Error kinds: RETRY, CONFIG (the ledger did not answer: nothing is known). */
FLASH_MUST_CHECK bool flash_lease_take(struct flash_lease *lease, bool *ret_held,
                                       struct flash_error *err);

#endif
