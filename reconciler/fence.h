/* The fence: the ledger's word that entries never come (DESIGN §9.1, §5.1 rule 9).
 *
 * One transaction: the SKU's stock row is locked, as every writer of the SKU does; the verdicts
 * FENCED are inserted, plainly; lines whose order has no row get one, FAILED lost. First insert
 * wins, for ever: a message that comes later finds the verdict and changes nothing, and where the
 * consumer was first the whole fence falls. Only what is committed may be told to Redis. */
#ifndef RECONCILER_FENCE_H
#define RECONCILER_FENCE_H

#include "page.h"

#define FLASH_FENCE_ENTRIES 64
#define FLASH_FENCE_LINES 512 /* a fence closes there; one more entry always fits */

struct flash_fence;

/* Error kind: RETRY (no memory). mysql is borrowed. */
FLASH_MUST_CHECK bool flash_fence_new(struct flash_mysql *mysql, struct flash_fence **ret_fence,
                                      struct flash_error *err);
/* NULL is fine. */
void flash_fence_free(struct flash_fence *fence);

/* Empties it: what is added now is of this SKU, judged under this generation. */
void flash_fence_begin(struct flash_fence *fence, int64_t sku, int64_t generation);
/* Reserve entries only. False: it has no room for one more. */
bool flash_fence_add(struct flash_fence *fence, const struct flash_page_entry *entry);

enum flash_fence_outcome {
    FLASH_FENCE_COMMITTED,
    FLASH_FENCE_OUTRUN,  /* somebody judged one of them meanwhile, or a recovery raised the
                            generation: nothing was written */
    FLASH_FENCE_UNKNOWN, /* the ledger failed: perhaps nothing was written, perhaps all */
};
/* Writes it. err is filled unless COMMITTED. */
enum flash_fence_outcome flash_fence_write(struct flash_fence *fence, int64_t now_ms,
                                           struct flash_error *err);
/* Lines of the entries in it. */
int flash_fence_lines(const struct flash_fence *fence);

#endif
