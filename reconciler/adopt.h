/* Tells Redis the ledger's word on entries that are open although they have their verdict (DESIGN
 * §5.1 rules 1, 3, 6, 7).
 *
 * Clean ones of the current generation are dropped by id; of all others the lines' rows are looked
 * up in bulk and adopted. Whoever settles at the same time, the consumer or another reconciler,
 * does the same: twice is once. */
#ifndef RECONCILER_ADOPT_H
#define RECONCILER_ADOPT_H

#include "finding.h"
#include "page.h"

struct flash_adopter;

/* Error kind: RETRY (no memory). redis and mysql are borrowed. */
FLASH_MUST_CHECK bool flash_adopter_new(struct flash_redis_sync *redis, struct flash_mysql *mysql,
                                        struct flash_adopter **ret_adopter,
                                        struct flash_error *err);
/* NULL is fine. */
void flash_adopter_free(struct flash_adopter *adopter);

struct flash_adopt_work {
    int64_t sku, generation;
    const struct flash_page_entry *entries; /* those without verdict are passed over (borrowed) */
    int count;
    flash_found found; /* told of shortages and duplicates that were met; may be NULL */
    void *arg;
};

enum flash_adopt_end {
    FLASH_ADOPT_DONE,
    FLASH_ADOPT_REDIS,  /* it refused a call, or is away */
    FLASH_ADOPT_LEDGER, /* it did not answer: what it did not say is unknown */
};

/* *ret_settled: entries Redis was told about, also when it ends early; then err is filled. */
enum flash_adopt_end flash_adopt(struct flash_adopter *adopter, const struct flash_adopt_work *work,
                                 int64_t *ret_settled, struct flash_error *err);
/* Whether an entry with this verdict can be settled: of a take that took no effect, what Redis is
 * to give back is not known here. */
bool flash_adopt_can(const struct flash_page_entry *entry);

#endif
