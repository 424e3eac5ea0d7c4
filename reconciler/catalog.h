/* What the ledger last said the reconciler works on: the SKUs that have a sale, and the generation.
 *
 * Read by a duty of its own, so that no other duty waits for the ledger; while it is away the last
 * list stays. One thread reads, any may copy. */
#ifndef RECONCILER_CATALOG_H
#define RECONCILER_CATALOG_H

#include <stddef.h>

#include "flash/config.h"

struct flash_catalog;

/* A copy, owned by who asked; begin with all zero, end with flash_catalog_list_finish. */
struct flash_catalog_list {
    int64_t *skus; /* ascending */
    size_t count, capacity;
    int64_t generation; /* 0: the ledger has not been read yet */
};

FLASH_MUST_CHECK bool flash_catalog_new(const struct flash_config *config,
                                        struct flash_catalog **ret_catalog,
                                        struct flash_error *err);
void flash_catalog_free(struct flash_catalog *catalog);

/* Reads the ledger, blocking; on failure all stays as it was. Logs when the ledger goes and comes.
 * Any thread. */
void flash_catalog_read(struct flash_catalog *catalog);
/* Whether the last read worked. Any thread. */
bool flash_catalog_ready(const struct flash_catalog *catalog);
/* The list as it is now. Any thread. False, list untouched: out of memory. */
FLASH_MUST_CHECK bool flash_catalog_copy(struct flash_catalog *catalog,
                                         struct flash_catalog_list *list);
void flash_catalog_list_finish(struct flash_catalog_list *list);

#endif
