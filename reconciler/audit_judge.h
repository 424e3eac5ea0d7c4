/* What one look of the audit has read of a SKU, and what is wrong with it. Pure.
 *
 * A look is Redis at one instant (stock and journal), then the ledger in one snapshot that is
 * younger. Why what it finds is no accident of their order: audit.h. */
#ifndef RECONCILER_AUDIT_JUDGE_H
#define RECONCILER_AUDIT_JUDGE_H

#include "audit_list.h"
#include "flash/entry.h"

#define FLASH_AUDIT_ENTRIES 8192 /* open entries of a SKU that a look weighs */
#define FLASH_AUDIT_LATES 128    /* late payments among them */

/* An entry of the journal: Redis' part of it, then the ledger's. */
struct flash_audit_entry {
    struct flash_uuid id;
    enum flash_entry_type type;
    char stream[FLASH_STREAM_ID_TEXT + 1]; /* its id in the journal */
    int64_t units;                         /* of all lines; of a take 0: it is no order's */
    bool sure; /* it was open at the very instant of the stock; else it was open a little before */
    bool gone; /* it was settled before that instant: not to be weighed */
    bool has_verdict, clean, fenced;
    int partition;      /* -1: the verdict is not from Kafka */
    int64_t offset;     /* of its message; -1: none */
    int64_t verdict_ms; /* since the epoch */
    bool passed;    /* the ledger says that it is settled: acked is past it, or a fence is old */
    int64_t logged; /* what it changed the ledger's available by */
    bool logged_known;
};

/* The order of open late payments. While one is open, the order's record is in front of the
 * release that the payment came too late for, whose settle then gives nothing back. */
struct flash_audit_late {
    char ref[FLASH_REF_MAX + 1];
    int64_t units;     /* of its record, if that is half-way out: it still holds them; else 0 */
    bool release_open; /* the release is in the journal, and weighed there */
};

/* Why a look could not be judged. */
enum flash_audit_gap {
    FLASH_AUDIT_GAP_NONE,
    FLASH_AUDIT_GAP_GENERATION, /* Redis and the ledger are of two generations: a recovery */
    FLASH_AUDIT_GAP_BEHIND,     /* more is open, or was just written, than one look weighs */
    FLASH_AUDIT_GAP_PARKED,     /* transitions wait for their predecessors: they have no entry */
    FLASH_AUDIT_GAP_COUNT,
};

struct flash_audit_redis {
    bool absent;     /* Redis does not have the SKU */
    int64_t corrupt; /* entries that cannot be read */
    bool cut;        /* there are more than FLASH_AUDIT_ENTRIES */
    int64_t now_ms;  /* by Redis' clock */
    int64_t available, base, generation, inflow;
    int64_t taken;    /* units of takes whose inflow number it has not met */
    uint64_t last_us; /* of the youngest entry ever made */
    int64_t orders, users, journal;
};

struct flash_audit_ledger {
    int64_t generation;
    int64_t base, available, reserved, sold; /* the stock row */
    int64_t parked;                          /* transitions, now or before Redis was read */
    bool cut;                  /* more log rows were written meanwhile than are read */
    bool has_log, log_follows; /* each row read begins where the one before ended */
    int64_t log_after;         /* of the last row */
    int64_t later; /* what entries of orders changed available by that Redis made after its instant
                    */
    int64_t inflows; /* sum of the inflows up to Redis' number */
    int64_t pending, pending_units, pending_first, pending_since_ms; /* those above; the first */
};

struct flash_audit_look {
    int64_t sku;
    struct flash_audit_redis redis;
    struct flash_audit_ledger ledger;
    struct flash_audit_entry *entries; /* FLASH_AUDIT_ENTRIES have room */
    size_t entry_count;
    struct flash_audit_late lates[FLASH_AUDIT_LATES];
    int late_count;
};

/* Adds what is wrong to list. Returns why nothing could be said of the units, if so; what the
 * ledger's stock row says by itself is judged in any case. */
enum flash_audit_gap flash_audit_judge(const struct flash_audit_look *look,
                                       struct flash_audit_list *list);
/* "generation", "behind", …; NONE: "". Static. */
const char *flash_audit_gap_name(enum flash_audit_gap gap);

#endif
