/* Recovery: a Redis that was emptied, restarted or replaced, or a ledger that fell back, and what
 * it takes until buyers may be sold to again (DESIGN §5.1 rules 14 to 16, §9.4).
 *
 *     look ─▶ lease ─▶ look again ─▶ gates closed ─▶ ledger: G+1, acked set back ─▶ Redis: G+1,
 * absent SKUs loaded ─▶ sweep, where the replay is not enough ─▶ engines have nothing old unsent,
 * or the window is over ─▶ marker sent, applied and acked ─▶ inflows that Redis lacks
 * applied ─▶ gates open
 *
 * Broken off anywhere, the gates stay closed and the next recovery begins anew under a higher
 * generation. Any number may run at once: the raise lets one of them through, the lease only saves
 * the others the trouble. Orders whose message never reached Kafka and that Redis forgot are gone:
 * nobody has them any more. */
#ifndef RECONCILER_RECOVER_H
#define RECONCILER_RECOVER_H

#include "finding.h"
#include "flash/config.h"
#include "flash/kafka.h"
#include "sight.h"

struct flash_recover;

/* With connections of its own, made at first use; config and producer are borrowed. Error kinds:
 * CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_recover_new(const struct flash_config *config,
                                        struct flash_producer *producer,
                                        struct flash_recover **ret_recover,
                                        struct flash_error *err);
/* NULL is fine. */
void flash_recover_free(struct flash_recover *recover);

enum flash_recover_stage {
    FLASH_RECOVER_CLOSE, /* gates */
    FLASH_RECOVER_RAISE, /* the ledger's generation, acked set back */
    FLASH_RECOVER_LIFT,  /* Redis' generation; absent SKUs are loaded */
    FLASH_RECOVER_SWEEP, /* the ledger's orders, told to Redis */
    FLASH_RECOVER_AWAIT, /* the consumer, until every gate is open */
    FLASH_RECOVER_STAGE_COUNT,
};

struct flash_recover_step {
    enum flash_recover_stage stage;
    int64_t generation;
    int64_t done, total; /* SKUs; SWEEP: orders, of 0 where nobody counted them */
    uint64_t took_us;    /* of this stage */
};

struct flash_recover_options {
    struct flash_sight_wish wish;
    bool only_look; /* says what is in need, and changes nothing */
    bool patient;   /* waits a while before it tries again what it could not mend: respite.h */
    /* At the beginning of every stage and as it goes on; false breaks off. */
    bool (*step)(const struct flash_recover_step *step, void *arg);
    /* Waits; false breaks off. */
    bool (*pause)(int ms, void *arg);
    flash_found found; /* what was lost or refused; state APPLIED. May be NULL */
    /* At the end, each SKU that was or is in need; shortages: its orders that the ledger has ever
     * refused. Not of a run that could not begin. May be NULL. */
    void (*sku)(const struct flash_sight_sku *sku, int64_t shortages, void *arg);
    void *arg; /* of all of them; (borrowed) */
};

enum flash_recover_end {
    FLASH_RECOVER_NOTHING,   /* nothing indicates a need */
    FLASH_RECOVER_NEEDED,    /* only_look: something does */
    FLASH_RECOVER_DONE,      /* every gate that was closed is open */
    FLASH_RECOVER_PARTLY,    /* but for SKUs that Redis refuses to recover: damaged */
    FLASH_RECOVER_PUT_OFF,   /* patient: only those are in need, and tried again later */
    FLASH_RECOVER_STOPPED,   /* by step or pause */
    FLASH_RECOVER_OVERTAKEN, /* Redis restarted meanwhile, or another recovery was faster */
    FLASH_RECOVER_LEASE,     /* another one is at it: nothing is done, or no more */
    FLASH_RECOVER_NO_LEDGER,
    FLASH_RECOVER_NO_REDIS,
    FLASH_RECOVER_NO_KAFKA,
    FLASH_RECOVER_END_COUNT,
};

struct flash_recover_done {
    enum flash_recover_end end;
    int64_t generation; /* the new one; 0: it was not raised */
    int64_t skus;       /* the ledger has given to Redis */
    bool unknown;       /* only one SKU is wished for, and it is none of them */
    int64_t in_need;
    int64_t needs[FLASH_NEED_COUNT];
    int64_t lost;   /* entries that are replayed */
    int64_t swept;  /* orders told to Redis */
    int64_t learnt; /* of them: it did not know them */
    int64_t resent; /* entries without verdict, sent again */
    int64_t opened;
    int64_t took_us;
    struct flash_error err; /* the last failure; kind NONE: none */
};

/* One look and, where there is a need, one recovery; blocks. One thread at a time. Logs nothing. */
void flash_recover_run(struct flash_recover *recover, const struct flash_recover_options *options,
                       struct flash_recover_done *ret_done);
/* After a run that found nothing or was put off: raises the ledger's beacon and tells Redis, and
 * notes which engines there are (docs/FORMATS.md). */
FLASH_MUST_CHECK bool flash_recover_beacon(struct flash_recover *recover, struct flash_error *err);

/* "done", "overtaken", …; "close", "sweep", …. Static. */
const char *flash_recover_end_name(enum flash_recover_end end);
const char *flash_recover_stage_name(enum flash_recover_stage stage);

#endif
