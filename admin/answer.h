/* What the back office says: the outcome of a job, and the table of its refusals (API.md). */
#ifndef ADMIN_ANSWER_H
#define ADMIN_ANSWER_H

#include "flash/http.h"

enum flash_refusal {
    FLASH_REFUSE_NOTHING, /* no refusal */
    FLASH_REFUSE_UNAUTHORIZED,
    FLASH_REFUSE_FORBIDDEN,
    FLASH_REFUSE_WRONG_SALE, /* the token is for another sale */
    FLASH_REFUSE_BAD_USER,
    FLASH_REFUSE_NO_ROUTE,
    FLASH_REFUSE_METHOD,
    FLASH_REFUSE_MEDIA_TYPE,
    FLASH_REFUSE_BAD_BODY,
    FLASH_REFUSE_BAD_QUERY,
    FLASH_REFUSE_BAD_PREFER,
    FLASH_REFUSE_UNKNOWN_SKU,
    FLASH_REFUSE_NO_SALE,
    FLASH_REFUSE_NO_ORDER,
    FLASH_REFUSE_NO_REFUND,
    FLASH_REFUSE_NO_RUN,
    FLASH_REFUSE_EXISTS,          /* the SKU is there with other content */
    FLASH_REFUSE_ALREADY_DONE,    /* the refund, with another reference */
    FLASH_REFUSE_KEY_REUSED,      /* the reference was used for another change */
    FLASH_REFUSE_SOLD_OUT,        /* fewer units are available than are to be taken */
    FLASH_REFUSE_TOO_MANY,        /* the SKU would have more units than it may */
    FLASH_REFUSE_SALE_CLOSED,     /* by hand; only who names its version opens it again */
    FLASH_REFUSE_VERSION,         /* If-Match names another version */
    FLASH_REFUSE_NOT_APPLIED_YET, /* in the ledger, not yet in Redis */
    FLASH_REFUSE_NEEDS_RECOVERY,  /* Redis has lost the SKU */
    FLASH_REFUSE_REDIS_AWAY,      /* and nothing was done */
    FLASH_REFUSE_LEDGER_AWAY,
    FLASH_REFUSE_OUTCOME_UNKNOWN, /* a COMMIT was sent and no answer came */
    FLASH_REFUSE_NO_RECONCILER,   /* it cannot be asked, or does not answer as it does */
    FLASH_REFUSE_PASS_NO_REDIS,   /* it can, and says why it has done nothing, or not all */
    FLASH_REFUSE_PASS_NO_KAFKA,
    FLASH_REFUSE_PASS_NO_LEDGER,
    FLASH_REFUSE_RATE, /* this caller asks too often */
    FLASH_REFUSE_OVERLOADED,
    FLASH_REFUSE_STOPPING,
    FLASH_REFUSE_INTERNAL,
    FLASH_REFUSE_COUNT,
};

#define FLASH_LOCATION_MAX 64
#define FLASH_LINK_MAX 1600

/* Filled by a job on its thread, given on the loop's. */
struct flash_answer {
    enum flash_refusal refusal;
    const char *detail; /* of a refusal, static; NULL: the table's */
    char *members;      /* of a refusal: more JSON members, owned; NULL: none */
    int status;         /* without a refusal */
    bool more;          /* the body is a piece: the job goes on (export.h) */
    char *body;         /* owned */
    const char *type;   /* of the body, static; NULL: JSON */
    int64_t version;    /* ETag; 0: none */
    bool whole;         /* nothing in the body changes without it: If-None-Match spares the body */
    char location[FLASH_LOCATION_MAX]; /* path; "": none */
    char link[FLASH_LINK_MAX];         /* of the next page; "": none */
};

/* Answers request with the refusal's problem; detail (may be NULL) replaces the table's sentence,
 * headers (may be NULL) are added. */
void flash_answer_refuse(struct flash_request *request, enum flash_refusal refusal,
                         const char *detail, const char *headers);
/* The HTTP status of a refusal. */
int flash_answer_refusal_status(enum flash_refusal refusal);
/* Answers request with 429: one may be asked again after so many seconds. */
void flash_answer_rate(struct flash_request *request, int64_t retry_after_s);
/* Answers request, and frees what answer owns. */
void flash_answer_give(struct flash_request *request, struct flash_answer *answer);

#endif
