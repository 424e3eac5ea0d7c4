/* Checks an answer against what was asked: nothing the engine says is taken on trust.
 *
 * An accepted order must carry the id that we derive ourselves from user, key and sku, its own sku
 * and quantity and a status that is possible; a refusal must be a problem document whose type and
 * status fit. Whatever fits no rule is WRONG, with the reason. Pure; one answer at a time. */
#ifndef FLASH_BENCH_ANSWER_H
#define FLASH_BENCH_ANSWER_H

#include "flash/ids.h"
#include "flash/state.h"

#include "response.h"

/* What was asked. */
enum flash_bench_kind {
    FLASH_BENCH_ORDER,  /* POST /v1/orders */
    FLASH_BENCH_STATUS, /* GET /v1/orders/{id} */
    FLASH_BENCH_WAIT,   /* the same with If-None-Match and Prefer: wait */
    FLASH_BENCH_PAY,    /* POST /v1/orders/{id}/pay, internal listener */
    FLASH_BENCH_CANCEL, /* POST /v1/orders/{id}/cancel */
    FLASH_BENCH_PAGE,   /* an order page that follows one order until it is no longer QUEUED */
    FLASH_BENCH_KINDS,
};

/* One word, also in reports. Static. */
const char *flash_bench_kind_name(enum flash_bench_kind kind);
/* Whether it moves an order to another state: a PAY or a CANCEL. */
bool flash_bench_kind_changes(enum flash_bench_kind kind);

struct flash_bench_expect {
    enum flash_bench_kind kind;
    struct flash_text user, key; /* of an ORDER that is answered with 202 */
    const char *order_id;        /* of every other kind */
    int64_t sku;
    int quantity;
    bool first;       /* never sent before: an ORDER can only be QUEUED, a CANCEL only CANCELLING */
    bool conditional; /* a GET with If-None-Match: 304 is an answer */
};

enum flash_bench_verdict {
    FLASH_BENCH_ACCEPTED,  /* 202 and everything fits: order_id, state */
    FLASH_BENCH_REFUSED,   /* 409: sold-out, limit-reached, not-started, ended; for a PAY or CANCEL
                              wrong-state, not-created-yet (slug) */
    FLASH_BENCH_BUSY,      /* 503 not-admitting, 429: nothing happened, try again (slug) */
    FLASH_BENCH_UNCERTAIN, /* any other 503: it may have happened, ask again with the same key
                              (slug) */
    FLASH_BENCH_SEEN,      /* 200 to a GET: state */
    FLASH_BENCH_UNCHANGED, /* 304 */
    FLASH_BENCH_CHANGED,   /* 200 to a PAY, 202 to a CANCEL: state */
    FLASH_BENCH_WRONG,     /* reason; slug if it was a problem document */
};

#define FLASH_BENCH_SLUG_MAX 32
#define FLASH_BENCH_DERIVED_ID (FLASH_SKU_TEXT_MAX + 1 + FLASH_REF_DERIVED)

struct flash_bench_answer {
    enum flash_bench_verdict verdict;
    enum flash_state state;          /* FLASH_STATE_NONE unless ACCEPTED, SEEN or CHANGED */
    const char *reason;              /* why it is WRONG; static */
    char slug[FLASH_BENCH_SLUG_MAX]; /* "sold-out"; "" when it was no problem document */
    char order_id[FLASH_BENCH_DERIVED_ID +
                  1]; /* of ACCEPTED: derived by us and equal to the answer's */
};

void flash_bench_answer_check(const struct flash_bench_response *response,
                              const struct flash_bench_expect *expect,
                              struct flash_bench_answer *ret_answer);

/* Writes "<sku>.<derived ref>" and a NUL. */
void flash_bench_answer_order_id(const struct flash_bench_expect *expect,
                                 char ret_id[FLASH_BENCH_DERIVED_ID + 1]);

#endif
