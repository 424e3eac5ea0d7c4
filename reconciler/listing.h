/* Findings as rows of a document, and their sums by cause and SKU. */
#ifndef RECONCILER_LISTING_H
#define RECONCILER_LISTING_H

#include "finding.h"
#include "output.h"

/* "findings": begin it, then put rows. */
extern const struct flash_output_section flash_listing_findings;
/* action: what is to be done about it, or NULL (borrowed during the call). */
void flash_listing_put(struct flash_output *output, const struct flash_finding *finding,
                       const char *action);

struct flash_sum {
    enum flash_cause cause;
    int64_t sku;
    int64_t findings, units, oldest_ms;
};

struct flash_sums {
    struct flash_sum *rows; /* owned */
    size_t count, capacity;
    bool short_of_memory; /* some findings are in no sum */
};

/* Begin with all zero, end with flash_sums_finish. Findings may come in any order. */
void flash_sums_add(struct flash_sums *sums, const struct flash_finding *finding);
/* The section "sums", aside: a row a cause and SKU, in their order. */
void flash_sums_put(struct flash_sums *sums, struct flash_output *output);
void flash_sums_finish(struct flash_sums *sums);

#endif
