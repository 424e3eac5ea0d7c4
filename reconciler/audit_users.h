/* Every user's count in Redis against the sum of what his orders hold. */
#ifndef RECONCILER_AUDIT_USERS_H
#define RECONCILER_AUDIT_USERS_H

#include "audit_internal.h"
#include "audit_set.h"

struct flash_audit_counts {
    int64_t sku;
    /* What a scan of the orders made of each user, by the hash of his name; the counts are taken
     * from it. */
    struct flash_audit_set *held;
    struct flash_audit_list *list; /* gets what is found */
};

/* Error kinds: as flash_audit_scan. */
FLASH_MUST_CHECK bool flash_audit_users(struct flash_audit *audit,
                                        const struct flash_audit_counts *counts,
                                        struct flash_error *err);

#endif
