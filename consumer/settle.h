/* Tells Redis what the ledger decided about a committed batch (DESIGN §5.1, lua/settle).
 *
 * Clean entries of the current generation are dropped from the journal by id, many in one call. All
 * others, and those that were not in the journal, are adopted line by line with the ledger's rows.
 * Repeating it changes nothing. */
#ifndef CONSUMER_SETTLE_H
#define CONSUMER_SETTLE_H

#include "batch.h"
#include "flash/redis_sync.h"

struct flash_settler;

struct flash_settle_counts {
    int dropped;        /* clean entries that left the journal */
    int adopted;        /* entries told line by line */
    int learnt;         /* orders Redis had forgotten: it has lost writes */
    int refused;        /* calls that Redis refused; of other SKUs it takes settles */
    int64_t closed_sku; /* the last SKU whose gate was closed for it; 0: none */
};

/* Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_settler_new(const struct flash_config *config, int entry_max,
                                        struct flash_settler **ret_settler,
                                        struct flash_error *err);
void flash_settler_free(struct flash_settler *settler);

/* Settles the batch under generation. False: not all of it was accepted (Redis is away, or of
 * another generation, or one SKU was refused: the others are told all the same), so acked must not
 * move (rule 8). Error kinds: RETRY, UNKNOWN. */
FLASH_MUST_CHECK bool flash_settle(struct flash_settler *settler, struct flash_batch *batch,
                                   struct flash_settle_counts *ret_counts, struct flash_error *err);
/* The generation that settles are made under from now on. */
void flash_settle_under(struct flash_settler *settler, int64_t generation);

/* Whether Redis answers, for while there is nothing to settle. Error kind: RETRY. */
FLASH_MUST_CHECK bool flash_settle_answers(struct flash_settler *settler, struct flash_error *err);
/* Whether Redis would take a settle of the SKU that was refused last: asked with an empty one. */
bool flash_settle_possible(struct flash_settler *settler, struct flash_error *err);

#endif
