/* What requests that change a SKU's units ask for: POST /inventory/restock and /inventory/adjust.
 * Pure. */
#ifndef ADMIN_ADJUST_FORM_H
#define ADMIN_ADJUST_FORM_H

#include "form.h"

struct flash_adjust_form {
    int64_t sku;
    int64_t delta; /* 1..FLASH_BASE_MAX; of adjust also that many less, never 0 */
    bool restock;  /* the one route or the other */
    char reason[FLASH_REASON_MAX + 1];
    char reference[FLASH_REF_MAX + 1]; /* the caller's own id of the change */
    struct flash_precondition match;
};

/* {"product_id", "quantity", "reason", "reference"}; leaves match alone. False: *ret_detail is a
 * sentence for the caller (static). */
FLASH_MUST_CHECK bool flash_adjust_form_restock(struct flash_text body,
                                                struct flash_adjust_form *ret_form,
                                                const char **ret_detail);
/* {"product_id", "delta", "reason", "reference"}. */
FLASH_MUST_CHECK bool flash_adjust_form_adjust(struct flash_text body,
                                               struct flash_adjust_form *ret_form,
                                               const char **ret_detail);

#endif
