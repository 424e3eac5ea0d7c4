/* What the files of the ledger transaction share. */
#ifndef CONSUMER_LEDGER_INTERNAL_H
#define CONSUMER_LEDGER_INTERNAL_H

#include "flash/mysql_value.h"
#include "ledger.h"

#define FLASH_PARKED_MAX 100000 /* lines; past that the consumer waits rather than park more */
#define FLASH_LEDGER_COLUMNS 13 /* of the widest bulk insert */

struct flash_ledger {
    struct flash_mysql *mysql;
    char topic[100];
    int64_t generation;
    int64_t parked; /* rows in table parked at the last count, less what has left it */
    bool full;      /* the batch in hand would park more than there may be */
    int row_max;
    uint64_t owner;                                 /* token of the last batch */
    int64_t *numbers[FLASH_LEDGER_COLUMNS];         /* row_max each */
    struct flash_text *bytes[FLASH_LEDGER_COLUMNS]; /* row_max each */
    int *order;                                     /* row_max line indices */
    struct flash_value *keys;                       /* row_max */
};

/* ledger_look.c: what the ledger has already of the batch's entries and lines. */
FLASH_MUST_CHECK bool flash_ledger_look(struct flash_ledger *ledger, struct flash_batch *batch,
                                        struct flash_error *err);
/* ledger_rows.c: verdicts, reservations, stock_log as bulk inserts. */
FLASH_MUST_CHECK bool flash_ledger_insert_rows(struct flash_ledger *ledger,
                                               const struct flash_ledger_work *work,
                                               struct flash_error *err);
/* ledger_takes.c: which references of the batch's takes the ledger has; after flash_ledger_look. */
FLASH_MUST_CHECK bool flash_ledger_look_takes(struct flash_ledger *ledger,
                                              struct flash_batch *batch, struct flash_error *err);
/* ledger_takes.c: the inflow of the take in row log of the plan's log, and that row. */
FLASH_MUST_CHECK bool flash_ledger_insert_take(struct flash_ledger *ledger,
                                               const struct flash_ledger_work *work,
                                               const struct flash_plan_log *log,
                                               struct flash_error *err);
/* ledger_losers.c: refunds of refused payments, and lines parked until their predecessor is there.
 */
FLASH_MUST_CHECK bool flash_ledger_write_losers(struct flash_ledger *ledger,
                                                const struct flash_ledger_work *work,
                                                struct flash_error *err);
/* ledger_progress.c: the compare-and-set rows. *ret_held is false when one did not match. */
FLASH_MUST_CHECK bool flash_ledger_move_progress(struct flash_ledger *ledger,
                                                 const struct flash_ledger_work *work,
                                                 bool *ret_held, struct flash_error *err);

#endif
