/* What the engine says: an order's JSON, and the table of its refusals (API.md). */
#ifndef ENGINE_ANSWER_H
#define ENGINE_ANSWER_H

#include "flash/http.h"
#include "flash/record.h"

enum flash_refusal {
    FLASH_REFUSE_SOLD_OUT,
    FLASH_REFUSE_LIMIT,
    FLASH_REFUSE_NOT_STARTED,
    FLASH_REFUSE_ENDED,
    FLASH_REFUSE_KEY_REUSED,
    FLASH_REFUSE_UNKNOWN_SKU,
    FLASH_REFUSE_NO_ORDER, /* absent, or somebody else's: the same answer */
    FLASH_REFUSE_NOT_ADMITTING,
    FLASH_REFUSE_OUTCOME_UNKNOWN,
    FLASH_REFUSE_UNAVAILABLE, /* a read could not be done now */
    FLASH_REFUSE_UNAUTHORIZED,
    FLASH_REFUSE_FORBIDDEN,
    FLASH_REFUSE_WRONG_SALE, /* the token is for another sale */
    FLASH_REFUSE_BAD_USER,
    FLASH_REFUSE_MISSING_KEY,
    FLASH_REFUSE_BAD_KEY,
    FLASH_REFUSE_BAD_BODY,
    FLASH_REFUSE_BAD_PREFER,
    FLASH_REFUSE_BAD_ID,
    FLASH_REFUSE_MEDIA_TYPE,
    FLASH_REFUSE_NO_ROUTE,
    FLASH_REFUSE_METHOD,
    FLASH_REFUSE_COUNT,
};

/* Answers with the refusal's problem; detail (may be NULL) replaces the table's sentence. */
void flash_answer_refuse(struct flash_request *request, enum flash_refusal refusal,
                         const char *detail);
/* The refusal's word, as in a problem's type; static. */
const char *flash_answer_slug(enum flash_refusal refusal);
/* 405; allow is the header line that names the route's methods (RFC 9110 §15.5.6). */
void flash_answer_wrong_method(struct flash_request *request, const char *allow);

struct flash_order_view {
    int64_t sku;
    struct flash_text ref;
    struct flash_record record;
};

#define FLASH_ORDER_TEXT_MAX 512
/* The JSON of an order, in every answer about it; NUL-terminated. Returns its length. */
size_t flash_answer_order_text(char out[FLASH_ORDER_TEXT_MAX],
                               const struct flash_order_view *order);

/* 202 with Location and Retry-After: the answer to POST /v1/orders, first or repeated. */
void flash_answer_accepted(struct flash_request *request, const struct flash_order_view *order);
/* 200 or 202 with the order as it now is: the answer to a transition. */
void flash_answer_changed(struct flash_request *request, int status,
                          const struct flash_order_view *order);
/* 409 with the state the transition met; refund_due: the payment that came has to be given back. */
void flash_answer_met(struct flash_request *request, enum flash_state state, bool refund_due);
/* 200 with ETag: the answer to GET /v1/orders/{id}; 304 when If-None-Match names this version. */
void flash_answer_order(struct flash_request *request, const struct flash_order_view *order);
/* Whether If-None-Match names this state's version (RFC 9110 §13.1.2: a list, weak comparison, or
 * *). */
bool flash_answer_unchanged(const struct flash_request *request, enum flash_state state);

#endif
