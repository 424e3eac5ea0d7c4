/* The live audit: Redis and the ledger held against each other while the sale runs (DESIGN §9.3).
 *
 * Why it never cries wolf. Three facts hold in every correct run: an entry is in the journal from
 * the script that took it until a settle that follows its commit (units leave Redis first, come
 * back last); stream ids of a SKU rise; a SKU's log rows are numbered in the order of their
 * commits.
 * - Units. First a mark M in the log, then Redis at one instant t1 (stock, open entries J, youngest
 *   id), then the ledger in one snapshot t2. An entry that changed only one side by then is open at
 *   t1, or younger than t1 and committed by t2, so its log row is behind M. The others are on both
 *   sides or on none. So audit_judge.c's sum is exact, not a bound, whatever is delayed, repeated
 *   or reordered; what cannot be weighed exactly is left out and counted (enum flash_audit_gap).
 * - An entry that was settled: `acked` is read first, then the journal: it may move past an entry
 *   only after Redis has dropped it.
 * - An order. Its record, its row, its record again: if the record has not changed and the entry of
 *   its last change is not open, that entry was settled before, so committed before; and nothing
 *   younger is on its way, for that would have changed the record first. Then row and record are
 *   equal, unless the line is parked, which is asked before the row.
 * - A user's count against the sum of his orders, in one script: all his orders are known if a scan
 *   that began after that script finds no other (audit_users.c).
 * - The ledger by itself: one snapshot.
 * Nothing here rests on a time-out or a clock (but for an inflow's lateness); yet what is found is
 * looked at again, a second apart, and told only if it is there each time, the same. */
#ifndef RECONCILER_AUDIT_H
#define RECONCILER_AUDIT_H

#include "finding.h"
#include "flash/config.h"

#define FLASH_AUDIT_PARTITIONS 256 /* of the topic: those whose progress is looked at */

struct flash_audit;

/* Connections of its own, made when first needed. Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_audit_new(const struct flash_config *config,
                                      struct flash_audit **ret_audit, struct flash_error *err);
void flash_audit_free(struct flash_audit *audit);

struct flash_audit_ask {
    int64_t sku; /* 0: all that were ever loaded into Redis */
    bool full; /* also every order, user and log row, at reconciler.audit_rate, and dead letters */
    flash_found found; /* may be NULL */
    /* Waits until then (monotonic microseconds); false: stop. */
    bool (*pause)(uint64_t until_us, void *arg);
    void *arg; /* of both */
};

struct flash_audit_done {
    int64_t skus;      /* looked at */
    int64_t undecided; /* of them: nothing could be said of their units this time */
    int64_t orders;    /* compared one by one */
    int64_t gone;      /* found by a first look and not by the next ones; 0 is expected */
    int64_t findings, by_cause[FLASH_CAUSE_COUNT];
    int64_t generation; /* of the ledger */
    int64_t took_us;
    bool stopped; /* pause said so */
};

/* One audit; blocks. False: Redis or the ledger does not answer, what was found before was told.
 * Error kinds: RETRY, CONFIG, BUG. */
FLASH_MUST_CHECK bool flash_audit_run(struct flash_audit *audit, const struct flash_audit_ask *ask,
                                      struct flash_audit_done *ret_done, struct flash_error *err);

#endif
