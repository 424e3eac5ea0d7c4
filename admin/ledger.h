/* Transactions of the back office: started again where that can help, and one row of paper trail
 * for each change. */
#ifndef ADMIN_LEDGER_H
#define ADMIN_LEDGER_H

#include "flash/mysql_value.h"
#include "job.h"

/* What one run of the work came to. */
enum flash_work {
    FLASH_WORK_COMMIT, /* something was changed */
    FLASH_WORK_LEAVE,  /* nothing was, or it must not stay: roll back, done */
    FLASH_WORK_FAILED, /* a statement failed, the connection knows how */
};

/* Runs inside a transaction, maybe several times: arg must stand that. A duplicate key fails the
 * run too; the next one finds what is there. */
typedef enum flash_work (*flash_ledger_work)(struct flash_mysql *mysql, void *arg,
                                             struct flash_error *err);

enum flash_ledger_end {
    FLASH_LEDGER_COMMITTED,
    FLASH_LEDGER_LEFT,    /* the work said LEAVE */
    FLASH_LEDGER_AWAY,    /* nothing happened */
    FLASH_LEDGER_UNKNOWN, /* a COMMIT may have taken effect, and reading back did not work either */
    FLASH_LEDGER_BROKEN,  /* never to be retried: rights, schema, a value the checks refuse */
};

/* Also when a COMMIT was lost: the next run reads what is there, so the work must recognise its own
 * change. err says why when it is AWAY, UNKNOWN or BROKEN. */
FLASH_MUST_CHECK enum flash_ledger_end flash_ledger_run(struct flash_mysql *mysql,
                                                        flash_ledger_work work, void *arg,
                                                        struct flash_error *err);

/* The same for work that only queries, and says LEAVE or FAILED: without a transaction, whose begin
 * and end are two more waits for the ledger and would promise nothing, as in READ COMMITTED each
 * statement has a snapshot of its own. COMMITTED and UNKNOWN do not come. */
FLASH_MUST_CHECK enum flash_ledger_end flash_ledger_read(struct flash_mysql *mysql,
                                                         flash_ledger_work work, void *arg,
                                                         struct flash_error *err);

/* AWAY, UNKNOWN and BROKEN as refusals; NOTHING for the others. Logs err for these three, once. */
enum flash_refusal flash_ledger_refusal(enum flash_ledger_end end, const struct flash_job *job,
                                        const struct flash_error *err);

struct flash_change {
    const char *action; /* "stock.create" */
    int status;         /* that the answer has once the change is in effect */
    const char *detail;
};

/* Writes the change's row into admin_log, inside the transaction that makes it. */
FLASH_MUST_CHECK bool flash_ledger_sign(struct flash_mysql *mysql, const struct flash_job *job,
                                        const struct flash_change *change, struct flash_error *err);

#endif
