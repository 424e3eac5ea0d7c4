/* How far this consumer is, per partition of the orders topic: the ledger's row, and what is not
 * written yet.
 *
 *        acked ≤ settled            applied
 *   ───────┼────────┼──────────────────┼──────▶ offsets
 *          │        │                  └ in the ledger (committed with the batch)
 *          │        └ Redis has accepted every settle below; becomes acked with the next
 * transaction └ where a restart reads from
 *
 * While `behind`, some batch could not be settled: applied goes on, settled stays, and the
 * partition is read again from there once Redis takes settles again (DESIGN §5.1 rule 8, §7). */
#ifndef CONSUMER_PROGRESS_H
#define CONSUMER_PROGRESS_H

#include "batch.h"

struct flash_progress {
    bool assigned;
    int64_t applied, acked; /* as in the ledger's row */
    int64_t settled;        /* ≥ acked */
    int64_t noted;          /* what the group was told of settled */
    int64_t next;           /* one past the last offset of the batch in hand, 0: none in it */
    bool behind;
    bool verify; /* the next message must be the one at acked - 1 (a recreated topic gives no error)
                  */
    bool has_applied_entry, has_settled_entry, has_next_entry, has_acked_entry;
    struct flash_uuid applied_entry, settled_entry, next_entry, acked_entry;
};

struct flash_progress_table {
    struct flash_progress partitions[FLASH_BATCH_PARTITIONS];
};

/* Notes where the batch in hand ends in each partition. */
void flash_progress_collect(struct flash_progress_table *table, const struct flash_batch *batch);
/* The batch's transaction is committed: its ends are applied, what was settled is acked. */
void flash_progress_applied(struct flash_progress_table *table);
/* The batch was settled, or was not. */
void flash_progress_settled(struct flash_progress_table *table, bool accepted);
/* Whether any assigned partition is behind. */
bool flash_progress_behind(const struct flash_progress_table *table);
/* Whether some settled offsets are not acked yet. */
bool flash_progress_owes_ack(const struct flash_progress_table *table);
/* Whether the batch in hand begins before what is applied: it is a replay. */
bool flash_progress_replays(const struct flash_progress_table *table,
                            const struct flash_batch *batch);

#endif
