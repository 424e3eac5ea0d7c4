/* The ledger of a test of a pass, in place of flash_mysql: what the pass asks for, in memory, and
 * what it writes. Link it instead of flash_mysql. */
#ifndef TESTS_RECONCILER_FAKE_LEDGER_H
#define TESTS_RECONCILER_FAKE_LEDGER_H

#include "flash/mysql.h"

#define FAKE_ROWS 64

struct fake_ledger_verdict {
    struct flash_uuid id;
    int verdict; /* 1 APPLIED, 2 FENCED */
    bool clean;
};

struct fake_ledger_row {
    char order_id[FLASH_ORDER_ID_MAX + 1];
    int state, version, quantity;
    char user[FLASH_USER_MAX + 1];
    struct flash_uuid entry;
};

/* One ledger for all connections. */
struct fake_ledger {
    int64_t generation, sku, applied;
    bool read_only, lease_taken;
    struct fake_ledger_verdict verdicts[FAKE_ROWS];
    struct fake_ledger_row rows[FAKE_ROWS];
    struct flash_uuid markers[FAKE_ROWS];
    int verdict_count, row_count, marker_count;
    char steps[2048];             /* "BEGIN, SELECT stock, …" of transactions */
    const char *failing;          /* the step that fails; NULL: none */
    enum flash_mysql_class class; /* how */
    bool away;                    /* every statement fails */
};

extern struct fake_ledger fake_ledger;

/* Empty, of generation 1, with one SKU, 7. */
void fake_ledger_reset(void);
void fake_ledger_add_verdict(const struct flash_uuid *id, int verdict, bool clean);

#endif
