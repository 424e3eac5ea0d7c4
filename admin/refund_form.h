/* What requests about refunds ask for: the query of the list, the names of one refund, the body
 * that marks it done. Pure.
 *
 * The cursor is the key of the last refund that was given, in hexadecimal: opaque to clients, and a
 * place in the order of keys, so that rows written meanwhile neither repeat nor hide another. */
#ifndef ADMIN_REFUND_FORM_H
#define ADMIN_REFUND_FORM_H

#include "flash/ids.h"

#define FLASH_REFERENCE_MAX 64 /* bytes; refund.done_reference */
#define FLASH_REFUND_LIMIT_DEFAULT 100
#define FLASH_REFUND_LIMIT_MAX 500
#define FLASH_REFUND_KEY_MAX (FLASH_ORDER_ID_MAX + 1 + FLASH_PAYMENT_ID_MAX) /* with a space */
#define FLASH_REFUND_CURSOR_TEXT (2 * FLASH_REFUND_KEY_MAX + 1)

/* A refund's key, both NUL-terminated. */
struct flash_refund_key {
    char order_id[FLASH_ORDER_ID_MAX + 1];
    char payment_id[FLASH_PAYMENT_ID_MAX + 1];
};

enum flash_refund_filter { FLASH_REFUND_DUE, FLASH_REFUND_DONE, FLASH_REFUND_ALL };

/* GET /v1/refunds */
struct flash_refund_list_form {
    enum flash_refund_filter filter;
    int64_t sku; /* 0: of all */
    int64_t limit;
    struct flash_refund_key after; /* "": from the first */
};

/* POST /v1/refunds/{order_id}/{payment_id}/done */
struct flash_refund_form {
    struct flash_refund_key key;
    char reference[FLASH_REFERENCE_MAX + 1];
};

/* state=due|done|all (due), sku, limit (100), cursor; each at most once, nothing else. False:
 * *ret_detail is a sentence for the caller (static). */
FLASH_MUST_CHECK bool flash_refund_form_list(struct flash_text query,
                                             struct flash_refund_list_form *ret_form,
                                             const char **ret_detail);
/* Order id and payment id as path segments: percent-encoding undone. False if one is none. */
FLASH_MUST_CHECK bool flash_refund_form_key(const struct flash_text segments[2],
                                            struct flash_refund_key *ret_key);
/* {"reference"}: 1 to 64 bytes, as a user id is. */
FLASH_MUST_CHECK bool flash_refund_form_done(struct flash_text body,
                                             char ret_reference[FLASH_REFERENCE_MAX + 1],
                                             const char **ret_detail);
/* The cursor that goes on behind key. */
void flash_refund_cursor(const struct flash_refund_key *key,
                         char ret_cursor[FLASH_REFUND_CURSOR_TEXT]);

#endif
