/* The ledger transaction of one batch (DESIGN §7, §5.1 rules 4, 9).
 *
 * Order: stock rows locked in SKU order → (careful: what is there already) → judged → verdicts →
 * reservations → stock_log → stock once per SKU → dead letters, markers → consumer_progress →
 * COMMIT. Every writer of a SKU holds its stock row, so what is read after the lock cannot change
 * before the commit. */
#ifndef CONSUMER_LEDGER_H
#define CONSUMER_LEDGER_H

#include "flash/mysql.h"
#include "plan.h"
#include "progress.h"

struct flash_ledger;

enum flash_ledger_outcome {
    FLASH_LEDGER_COMMITTED,
    FLASH_LEDGER_AGAIN, /* nothing was committed, or nobody knows: the whole batch again, carefully
                         */
    FLASH_LEDGER_REFUSED, /* DATA: some message of the batch can never go in */
    FLASH_LEDGER_OUTRUN,  /* progress or generation is not what this consumer read: it is a zombie,
                             or a recovery went by */
    FLASH_LEDGER_FULL,    /* too many lines are parked already: once some have left the table */
    FLASH_LEDGER_BROKEN,  /* BUG: schema or rights are wrong */
};

/* Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_ledger_new(const struct flash_config *config,
                                       struct flash_ledger **ret_ledger, struct flash_error *err);
void flash_ledger_free(struct flash_ledger *ledger);

/* Reads the generation that this consumer works under from now on. */
FLASH_MUST_CHECK bool flash_ledger_read_generation(struct flash_ledger *ledger,
                                                   int64_t *ret_generation,
                                                   struct flash_error *err);
/* Reads a partition's row, made with offset 0 if it is new, into *progress. */
FLASH_MUST_CHECK bool flash_ledger_read_progress(struct flash_ledger *ledger, int partition,
                                                 struct flash_progress *progress,
                                                 struct flash_error *err);
/* Whether the ledger still stands where table says: every assigned partition's row is under the
 * generation last read, at the same applied and no earlier acked. *ret_same: untouched on failure.
 */
FLASH_MUST_CHECK bool flash_ledger_compare_progress(struct flash_ledger *ledger,
                                                    const struct flash_progress_table *table,
                                                    bool *ret_same, struct flash_error *err);
/* Where a partition is to be set back to, and from which state of its row. */
struct flash_ledger_reset {
    int partition;
    int64_t applied; /* as it was read: compare-and-set */
    int64_t offset;
};
/* Its topic was recreated or truncated, or records are gone. */
FLASH_MUST_CHECK bool flash_ledger_reset_progress(struct flash_ledger *ledger,
                                                  const struct flash_ledger_reset *reset,
                                                  struct flash_error *err);

struct flash_ledger_work {
    struct flash_batch *batch;
    struct flash_plan *plan;
    struct flash_progress_table *progress;
    bool careful; /* look for what is there already: a replay, or the plain inserts met a duplicate
                   */
    int64_t now_ms;
};
enum flash_ledger_outcome flash_ledger_write(struct flash_ledger *ledger,
                                             const struct flash_ledger_work *work,
                                             struct flash_error *err);
/* Writes only the progress: acks that no batch carries. */
enum flash_ledger_outcome flash_ledger_write_progress(struct flash_ledger *ledger,
                                                      struct flash_progress_table *progress,
                                                      int64_t now_ms, struct flash_error *err);

/* How many lines are parked. */
FLASH_MUST_CHECK bool flash_ledger_count_parked(struct flash_ledger *ledger, int64_t *ret_count,
                                                struct flash_error *err);

#define FLASH_PARKED_PAGE 64

/* Parked lines whose predecessor has come, by order and entry: of one order in the order in which
 * Redis decided them. */
struct flash_parked_page {
    int count;
    bool last; /* there are none behind them */
    struct flash_parked {
        char order_id[FLASH_ORDER_ID_MAX + 1];
        int line_no;
        struct flash_text value; /* of bytes below */
    } lines[FLASH_PARKED_PAGE];
    size_t bytes_used;
    char bytes[4 * FLASH_ENTRY_BYTES_MAX];
};
/* Reads the lines of order from ("": of the first) and of those behind it, as many as fit. */
FLASH_MUST_CHECK bool flash_ledger_read_parked(struct flash_ledger *ledger, const char *from,
                                               struct flash_parked_page *ret_page,
                                               struct flash_error *err);
/* The parked line in batch leaves the table, unless it was parked again. Called once Redis has
 * taken its settle: before that, a repeat of the line changes nothing and settles it again. */
FLASH_MUST_CHECK bool flash_ledger_unpark(struct flash_ledger *ledger,
                                          const struct flash_batch *batch, struct flash_error *err);

#endif
