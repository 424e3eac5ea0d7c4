/* Findings that are looked at again before anybody is told: a list, and what two looks have in
 * common. */
#ifndef RECONCILER_AUDIT_LIST_H
#define RECONCILER_AUDIT_LIST_H

#include <stddef.h>

#include "finding.h"

#define FLASH_AUDIT_LIST_MAX 4096

/* Begin with all zero, end with flash_audit_list_finish. */
struct flash_audit_list {
    struct flash_finding *at;
    size_t count, capacity;
    bool cut; /* there was no room for more: FLASH_AUDIT_LIST_MAX, or memory */
};

/* Adds a copy, with state open; formats its detail. */
__attribute__((format(printf, 3, 4))) void flash_audit_list_add(struct flash_audit_list *list,
                                                                const struct flash_finding *finding,
                                                                const char *format, ...);
/* Leaves those of list that `again` has too: of the same cause, SKU, entry, order and quantity. */
void flash_audit_list_keep(struct flash_audit_list *list, const struct flash_audit_list *again);
/* Whether one is about the SKU. */
bool flash_audit_list_has(const struct flash_audit_list *list, int64_t sku);
void flash_audit_list_clear(struct flash_audit_list *list);
void flash_audit_list_finish(struct flash_audit_list *list);

#endif
