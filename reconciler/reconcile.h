/* A pass over the journals: entries that should have been settled by now are compared with the
 * ledger (DESIGN §9.1).
 *
 *     lua/journal ──▶ entries of an age ──▶ verdicts ──┬─ there: lua/settle
 *                                                      └─ none: suspects, lost or only late?
 *     a marker sent a window after the last attempt, met in the ledger, and still no verdict: lost
 *     lost once: the same bytes again · lost again and old enough: fence, then Redis adopts
 *
 * Nothing is kept of an entry that has its verdict. What is known of a suspect lives in the object,
 * so a proof takes several passes of one object, at least a window (reconciler.proof_after) apart;
 * a new object proves nothing before its first window is over. Any number of these may work at
 * once: what makes it safe is the fence, not the lease. */
#ifndef RECONCILER_RECONCILE_H
#define RECONCILER_RECONCILE_H

#include "finding.h"
#include "flash/config.h"
#include "flash/kafka.h"

struct flash_reconcile;

/* With connections of its own to Redis and the ledger, made at first use. config and producer are
 * borrowed; producer may be NULL for passes that only look. Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_reconcile_new(const struct flash_config *config,
                                          struct flash_producer *producer,
                                          struct flash_reconcile **ret_reconcile,
                                          struct flash_error *err);
/* Gives the lease back. NULL is fine. */
void flash_reconcile_free(struct flash_reconcile *reconcile);

enum flash_reconcile_depth {
    FLASH_RECONCILE_LOOK,  /* reads only: without verdict means late, for nothing is proven */
    FLASH_RECONCILE_PROVE, /* sends markers, too, so that later passes can tell lost from late */
    FLASH_RECONCILE_ACT,   /* settles, sends again, compensates; needs the lease */
};

struct flash_reconcile_step {
    int64_t skus_done, skus; /* skus: in all */
    int64_t entries;         /* compared so far */
    uint64_t took_us;
};

struct flash_reconcile_options {
    enum flash_reconcile_depth depth;
    int64_t sku;             /* 0: all that the ledger has stock of */
    int64_t settle_after_ms; /* younger entries are not looked at; 0: reconciler.settle_after */
    int64_t force;           /* compensations at most, whatever the guard says; 0: it decides */
    bool unproven;           /* ACT: the operator's word stands for the proof: `force` entries of an
                                age of reconciler.compensate_after are given up */
    /* Whether an entry is to be looked at and acted on: the others are as if they were not there,
     * but for the guard's share. NULL: all. */
    bool (*wants)(const struct flash_uuid *entry, void *arg);
    /* Told of every finding, in no order; may be NULL. LOOK and PROVE: state OPEN. ACT: APPLIED
     * when it was mended, OPEN when not yet, REFUSED by the guard; late and refused entries once
     * each, a hundred a pass. */
    flash_found found;
    /* After every page and SKU: how far the pass has come, and how long its last step took; false
     * stops it. May be NULL. */
    bool (*step)(const struct flash_reconcile_step *step, void *arg);
    void *arg; /* of all three; (borrowed) */
};

/* How a pass ended. After all but COMPLETE, done->err says why, in one line. */
enum flash_reconcile_end {
    FLASH_RECONCILE_COMPLETE,
    FLASH_RECONCILE_STOPPED,   /* by step */
    FLASH_RECONCILE_GUARD,     /* complete, but for compensations that the guard held back */
    FLASH_RECONCILE_NO_KAFKA,  /* complete, but nothing could be proven: it is away, or the topic's
                                  settings do not allow a proof */
    FLASH_RECONCILE_NO_LEDGER, /* broken off: what it did not say is unknown */
    FLASH_RECONCILE_NO_REDIS,  /* broken off */
    FLASH_RECONCILE_LEASE,     /* another one acts: nothing was done */
    FLASH_RECONCILE_END_COUNT,
};

struct flash_reconcile_done {
    enum flash_reconcile_end end;
    int64_t generation;  /* of the ledger; 0: not read */
    int64_t skus;        /* looked at */
    int64_t skipped;     /* of them: absent in Redis, of another generation, or refused */
    int64_t entries;     /* compared */
    int64_t settled;     /* had their verdict: told to Redis (LOOK, PROVE: would be) */
    int64_t resent;      /* proven lost, sent again */
    int64_t compensated; /* fenced, units and limits given back */
    int64_t late;        /* without verdict past proof_after, not proven lost */
    int64_t lost;        /* proven lost in this pass, whatever was done about it */
    int64_t lost_orders; /* lines of the compensated */
    int64_t oldest_ms;   /* age of the oldest entry met without being settled; 0: none */
    int64_t took_us;
    int64_t findings[FLASH_CAUSE_COUNT]; /* told to found, also when that is NULL */
    struct flash_error topic; /* why the topic's settings allow no proof; kind NONE: they do, as
                                 far as is known */
    struct flash_error err;   /* the last failure or reason; kind NONE: none */
};

/* One pass; blocks. Logs nothing. One thread at a time. */
void flash_reconcile_pass(struct flash_reconcile *reconcile,
                          const struct flash_reconcile_options *options,
                          struct flash_reconcile_done *ret_done);
/* "complete", "stopped", "guard", …. Static. */
const char *flash_reconcile_end_name(enum flash_reconcile_end end);
/* The exit code of a one-shot form (DESIGN §9): 0 clean, 1 findings, 3 unreachable, 4 lease, 5
 * guard. */
int flash_reconcile_exit_code(const struct flash_reconcile_done *done);

#endif
