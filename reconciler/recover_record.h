/* A recovery in the ledger's record of runs: its row, and what it found lost or refused.
 *
 * Written when it is over; one that never raised the generation leaves none. */
#ifndef RECONCILER_RECOVER_RECORD_H
#define RECONCILER_RECOVER_RECORD_H

#include "recover.h"

struct flash_recover_record;

/* With a ledger connection of its own, made at first use. Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_recover_record_new(const struct flash_config *config,
                                               struct flash_recover_record **ret_record,
                                               struct flash_error *err);
/* NULL is fine. */
void flash_recover_record_free(struct flash_recover_record *record);

/* Of the recovery in hand; copied, as many as a run's findings may be (FLASH_AUDIT_LIST_MAX). */
void flash_recover_record_found(struct flash_recover_record *record,
                                const struct flash_finding *finding);
/* The recovery is over: writes it and forgets its findings, also when that fails. Error kind:
 * RETRY.
 */
FLASH_MUST_CHECK bool flash_recover_record_write(struct flash_recover_record *record,
                                                 const struct flash_recover_done *done,
                                                 const char *operator, struct flash_error * err);

/* What the verb ends with, and what the record has: DESIGN §9's codes, 5 also when it was broken
 * off. */
int flash_recover_exit_code(enum flash_recover_end end, bool findings);

#endif
