/* Brings Redis up to what the ledger says of a SKU: loads it if it never was, sets its sale,
 * applies its inflows (DESIGN §8: ledger first, then Redis).
 *
 * Every step may be repeated and interrupted anywhere. A SKU that was loaded once and is missing in
 * Redis is never loaded again: its orders would be sold a second time. No sale is set before the
 * ledger knows that the SKU was loaded, so nothing can have been sold of one that is loaded twice
 * because a mark was lost. */
#ifndef ADMIN_PUSH_H
#define ADMIN_PUSH_H

#include "job.h"
#include "sku.h"

enum flash_push {
    FLASH_PUSH_DONE,           /* Redis has the stock, the newest sale, the last inflow */
    FLASH_PUSH_REDIS_AWAY,     /* and the next try may work */
    FLASH_PUSH_NEEDS_RECOVERY, /* lost by Redis, or of another generation there */
    FLASH_PUSH_LEDGER_AWAY,    /* could not be read or marked */
    FLASH_PUSH_BROKEN,         /* values in Redis or in the ledger are not what they must be */
};

/* err says why, unless it is DONE. */
FLASH_MUST_CHECK enum flash_push flash_push_sku(struct flash_stores *stores, int64_t sku,
                                                struct flash_error *err);

/* NOTHING for DONE; logs err otherwise, once. */
enum flash_refusal flash_push_refusal(enum flash_push push, const struct flash_job *job,
                                      const struct flash_error *err);

/* The end of a change of job's SKU: refusal, if it was refused, else Redis is told. Fills the
 * answer's refusal; true if there is none. */
bool flash_push_change(struct flash_job *job, struct flash_stores *stores,
                       enum flash_refusal refusal);

/* What lua/status says of a SKU that was loaded. */
enum flash_push_look {
    FLASH_PUSH_UP_TO_DATE,
    FLASH_PUSH_BEHIND, /* its sale or its threshold */
    FLASH_PUSH_LOST,   /* absent, or of another generation */
};
struct flash_push_versions {
    int64_t generation, sale, threshold; /* the ledger's */
};
enum flash_push_look flash_push_judge(const struct flash_redis_reply *status,
                                      const struct flash_push_versions *ledger);
/* The call of lua/status that judge reads; no bytes of it are the caller's. */
struct flash_redis_call flash_push_question(int64_t sku);

#endif
