/* What requests of the back office ask for, read from their bodies and headers, strictly (SECURITY:
 * JSON bombs, quantities, unknown members). Pure. */
#ifndef ADMIN_FORM_H
#define ADMIN_FORM_H

#include "flash/ids.h"

#define FLASH_CLOSE_WAIT_MAX_S 30
#define FLASH_HOLD_DEFAULT_S 1800
#define FLASH_HOLD_MAX_S 2592000 /* 30 days */

/* POST /inventory: a new SKU. */
struct flash_stock_form {
    int64_t sku;
    int64_t quantity;  /* 0..FLASH_BASE_MAX */
    int64_t threshold; /* 0..FLASH_BASE_MAX */
    char title[FLASH_TITLE_MAX + 1];
};

/* If-Match (RFC 9110 §13.1.1). */
struct flash_precondition {
    enum {
        FLASH_MATCH_UNASKED, /* no such header */
        FLASH_MATCH_ANY,     /* *: whatever is there, but something */
        FLASH_MATCH_VERSION, /* exactly this version */
        FLASH_MATCH_NEVER,   /* nothing that we ever gave out */
    } kind;
    int64_t version;
};

/* PUT /v1/sales/{sku}. */
struct flash_sale_form {
    int64_t starts_ms, ends_ms; /* since the epoch, starts < ends */
    int64_t limit;              /* units per user, 1..FLASH_BASE_MAX */
    int64_t hold_s;             /* time to pay, 1..FLASH_HOLD_MAX_S */
    struct flash_precondition match;
};

/* POST /v1/sales/{sku}/close. */
struct flash_close_form {
    int64_t wait_s; /* 0..FLASH_CLOSE_WAIT_MAX_S */
    struct flash_precondition match;
};

/* PUT /inventory/{id}/threshold. */
struct flash_threshold_form {
    int64_t threshold; /* 0..FLASH_BASE_MAX */
    struct flash_precondition match;
};

/* {"product_id", "title"?, "quantity", "low_stock_threshold"?}. False: *ret_detail is a sentence
 * for the caller (static). */
FLASH_MUST_CHECK bool flash_form_stock(struct flash_text body, struct flash_stock_form *ret_form,
                                       const char **ret_detail);
/* {"starts_at", "ends_at", "per_user_limit", "hold_seconds"?}; leaves match alone. */
FLASH_MUST_CHECK bool flash_form_sale(struct flash_text body, struct flash_sale_form *ret_form,
                                      const char **ret_detail);
/* {"low_stock_threshold"}; leaves match alone. */
FLASH_MUST_CHECK bool flash_form_threshold(struct flash_text body,
                                           struct flash_threshold_form *ret_form,
                                           const char **ret_detail);
/* header.at == NULL: not there. */
struct flash_precondition flash_form_match(struct flash_text header);
/* Whether a thing of that version (0: not there) satisfies it. */
bool flash_form_matches(const struct flash_precondition *match, int64_t version);
/* Prefer: wait=N (RFC 7240), 0 without one; other preferences are not minded. False: N is no number
 * from 0 to 30. */
FLASH_MUST_CHECK bool flash_form_wait(struct flash_text header, int64_t *ret_wait_s);
/* An order id as a path segment: percent-encoding undone. False if it is none. */
FLASH_MUST_CHECK bool flash_form_order_id(struct flash_text segment,
                                          char ret_id[FLASH_ORDER_ID_MAX + 1]);

#endif
