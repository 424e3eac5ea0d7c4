/* What a recovery sees of the ledger and of Redis side by side, and what it makes of it (DESIGN
 * §9.4). Pure.
 *
 * Redis is asked before the ledger is read. Everything here goes into the ledger first, so a Redis
 * that is ahead proves that the ledger has fallen back, and a Redis that is behind may only be
 * late: that is why a recovery looks again once it has the lease. */
#ifndef RECONCILER_SIGHT_H
#define RECONCILER_SIGHT_H

#include <stddef.h>

#include "flash/gate.h"
#include "flash/redis.h"

#define FLASH_GENERATION_MAX ((INT64_C(1) << 53) - 1) /* Lua and JavaScript count so far */

enum flash_need {
    FLASH_NEED_NOTHING,
    FLASH_NEED_RESTARTED, /* its gate is open for another server: Redis came back, perhaps older */
    FLASH_NEED_CLOSED, /* no gate or a closed one: orders were forgotten, or a recovery broke off */
    FLASH_NEED_BEHIND, /* Redis has an older generation */
    FLASH_NEED_ABSENT, /* it was loaded once and is not in Redis */
    FLASH_NEED_LEDGER_BACK, /* Redis was told more than the ledger has: the ledger fell back */
    FLASH_NEED_FORCED,      /* somebody wants it */
    FLASH_NEED_COUNT,
};

/* What became of a gate that a recovery has closed. */
enum flash_recover_gate {
    FLASH_RECOVER_UNTRIED,   /* the consumer has not caught up yet */
    FLASH_RECOVER_OLD_ENTRY, /* an entry of an older generation has no verdict yet */
    FLASH_RECOVER_NEGATIVE,  /* more is held than there is: the ledger has still to refuse some */
    FLASH_RECOVER_DAMAGED,   /* Redis refuses the call: it is broken */
    FLASH_RECOVER_GATE_GONE, /* the SKU is of another generation, or gone: another recovery is due
                              */
    FLASH_RECOVER_OPENED,
    FLASH_RECOVER_GATE_COUNT,
};

/* One SKU that was given to Redis at some time. */
struct flash_sight_sku {
    int64_t sku;
    int64_t base, inflow, threshold, sale, starts_ms, ends_ms, limit, hold_s; /* the ledger's */
    char title[FLASH_TITLE_MAX + 1];
    struct {
        bool asked, present;
        int64_t generation, inflow, sale, last_us, beacon;
        enum flash_gate_word gate;
        int64_t gate_generation;
        char gate_more[FLASH_GATE_RUN_ID + 1]; /* run id or cause */
    } redis;
    enum flash_need need;
    bool sweep;            /* all its orders are to be told to Redis */
    int64_t lost;          /* entries of the ledger that ran after the point Redis came back to */
    int64_t lost_us;       /* stream id of the newest of them */
    int64_t lost_first_us; /* and of the oldest */
    int partition;         /* of those entries, -1: none, or several */
    int64_t offset;        /* of the first of them */
    int64_t last_inflow;   /* the ledger's, when its gate was about to be opened */
    int64_t redis_inflow;  /* Redis' then; 0: none, or it is no number */
    bool broken;           /* Redis refused a call about it: left out of this recovery */
    bool opened;           /* this recovery has opened its gate */
    enum flash_recover_gate gate;  /* as it was met last */
    int64_t swept, learnt, resent; /* orders told to Redis, those it did not know; entries */
};

struct flash_sight {
    int64_t generation, beacon;         /* the ledger's */
    char run_id[FLASH_GATE_RUN_ID + 1]; /* of the Redis that was asked */
    struct flash_sight_sku *skus;       /* ascending; owned */
    size_t count, capacity;
};

void flash_sight_finish(struct flash_sight *sight);
/* Room for one more at the end, all zero. NULL: out of memory. */
struct flash_sight_sku *flash_sight_add(struct flash_sight *sight);
/* The SKU's row, or NULL. */
struct flash_sight_sku *flash_sight_find(const struct flash_sight *sight, int64_t sku);
/* Takes over what Redis said of the SKUs of from that sight has too. */
void flash_sight_take_redis(struct flash_sight *sight, const struct flash_sight *from);
/* Reads the answer of lua/look into sku. */
void flash_sight_learn(struct flash_sight_sku *sku, const struct flash_redis_reply *look);

struct flash_sight_wish {
    int64_t sku; /* only this one; 0: all */
    bool force;  /* also where nothing indicates a need */
};
/* Sets need and sweep of every SKU; returns how many are in need of a recovery. */
int flash_sight_judge(struct flash_sight *sight, const struct flash_sight_wish *wish);

/* In need, and its gate is neither open yet nor given up. */
bool flash_sight_waits(const struct flash_sight_sku *sku);

/* An entry that the ledger has a verdict of. */
struct flash_sight_entry {
    int64_t sku, stream_us, offset;
    int partition; /* -1: fenced, it never was in Kafka */
};
/* Notes it if Redis has lost it; window_ms: older losses are swept, not replayed. */
void flash_sight_note_entry(struct flash_sight *sight, const struct flash_sight_entry *entry,
                            int64_t window_ms);
/* Microseconds of Redis' clock up to which nothing can be lost: the newest script of any SKU whose
 * server restarted. What is behind now_us tells nothing: ids go on from a moment when Redis' clock
 * was ahead. 0: nothing is known. */
int64_t flash_sight_safe_us(const struct flash_sight *sight, int64_t now_us);
/* Above the ledger and every SKU in Redis (§5.1 rule 14), and never used before, not even by a
 * recovery whose raise the ledger has lost (ADR 0009): the moment, in microseconds since the epoch.
 * Where that is not above them (a clock was ahead), some number up to a thousand higher. */
int64_t flash_sight_next_generation(const struct flash_sight *sight, int64_t wall_us);
int64_t flash_sight_next_beacon(const struct flash_sight *sight);
/* Whether its gate is open at the end of a recovery, or why not: "open", "old_entry", "damaged", ….
 * Static. */
const char *flash_sight_gate_name(const struct flash_sight_sku *sku);
/* "restarted", "absent", …. Static. */
const char *flash_need_name(enum flash_need need);

#endif
