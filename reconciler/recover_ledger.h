/* The ledger's half of a recovery: what it knows, and the raise of the generation (DESIGN §5.1 rule
 * 14). */
#ifndef RECONCILER_RECOVER_LEDGER_H
#define RECONCILER_RECOVER_LEDGER_H

#include "flash/mysql.h"
#include "sight.h"

#define FLASH_RECOVER_PARTITIONS 1024 /* of the orders topic, at most */

/* Reads generation, beacon, and every SKU that was loaded once into an empty sight. Error kinds: as
 * flash_mysql_query. */
FLASH_MUST_CHECK bool flash_recover_read(struct flash_mysql *mysql, struct flash_sight *sight,
                                         struct flash_error *err);
/* Notes in sight which entries with a verdict Redis has lost. */
FLASH_MUST_CHECK bool flash_recover_read_lost(struct flash_mysql *mysql, struct flash_sight *sight,
                                              int64_t window_ms, struct flash_error *err);
enum flash_recover_raised {
    FLASH_RECOVER_RAISED,
    FLASH_RECOVER_OUTRUN, /* somebody else was faster: nothing was done */
    FLASH_RECOVER_FAILED, /* err is filled; after UNKNOWN the next look tells */
};
/* One transaction: generation and beacon raised from what sight saw, every partition's progress
 * taken over, and set back to the first entry that is to be replayed. Into sight goes what the
 * ledger has then. */
FLASH_MUST_CHECK enum flash_recover_raised flash_recover_raise(struct flash_mysql *mysql,
                                                               struct flash_sight *sight,
                                                               const char *topic,
                                                               struct flash_error *err);
/* beacon + 1, if it is still what sight saw; *ret_beacon is what the ledger has then. */
FLASH_MUST_CHECK bool flash_recover_beat(struct flash_mysql *mysql, int64_t beacon,
                                         bool *ret_beaten, struct flash_error *err);

/* Reads the number of the last inflow of the SKUs whose gates wait. Error kinds: as
 * flash_mysql_query. */
FLASH_MUST_CHECK bool flash_recover_read_inflows(struct flash_mysql *mysql,
                                                 struct flash_sight *sight,
                                                 struct flash_error *err);

/* How far the partitions that the ledger knows of are settled. */
struct flash_recover_progress {
    const char *topic; /* (borrowed) */
    int count;
    struct {
        int number;
        int64_t acked;
    } partitions[FLASH_RECOVER_PARTITIONS];
};
FLASH_MUST_CHECK bool flash_recover_read_progress(struct flash_mysql *mysql,
                                                  struct flash_recover_progress *progress,
                                                  struct flash_error *err);
/* The offset of a marker; -1: the consumer has not met it yet. */
FLASH_MUST_CHECK bool flash_recover_read_marker(struct flash_mysql *mysql,
                                                const struct flash_uuid *nonce, int64_t *ret_offset,
                                                struct flash_error *err);
/* How many orders of the SKU there are. */
FLASH_MUST_CHECK bool flash_recover_count(struct flash_mysql *mysql, int64_t sku,
                                          int64_t *ret_orders, struct flash_error *err);
struct flash_recover_refused {
    int64_t orders, since_ms; /* the first of them, by the wall clock; 0: there is none */
};
/* How many of them were refused for lack of stock. */
FLASH_MUST_CHECK bool flash_recover_count_short(struct flash_mysql *mysql, int64_t sku,
                                                struct flash_recover_refused *ret_refused,
                                                struct flash_error *err);

#endif
