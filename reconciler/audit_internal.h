/* What the files of the audit share: its connections, its pace, and the parts of one run. */
#ifndef RECONCILER_AUDIT_INTERNAL_H
#define RECONCILER_AUDIT_INTERNAL_H

#include "audit.h"
#include "audit_judge.h"
#include "flash/mysql_value.h"
#include "flash/redis_sync.h"
#include "pace.h"

/* Orders of one call and rows of one query by key: an order whose entry is open costs Redis up to
 * 20 us, as its entry is read, the others 2. */
#define FLASH_AUDIT_PAGE 64

struct flash_audit {
    struct flash_redis_sync *redis;
    struct flash_mysql *mysql;
    char topic[100];
    struct flash_pace pace;
    const struct flash_audit_ask *ask; /* of the run in hand (borrowed) */
    struct flash_audit_done *done;     /* the same */
    struct flash_audit_look look;
    bool decided; /* the last look said something of the units */
    int64_t acked[FLASH_AUDIT_PARTITIONS];
    struct flash_value *keys;  /* FLASH_AUDIT_ENTRIES */
    struct flash_entry *entry; /* decoded, one at a time */
};

/* Waits until so many more orders may be looked at; false: the run is to stop. */
FLASH_MUST_CHECK bool flash_audit_may_go_on(struct flash_audit *audit, int64_t orders);

/* audit->look's part of Redis. Error kinds: RETRY, UNKNOWN: Redis does not answer. */
FLASH_MUST_CHECK bool flash_audit_read_redis(struct flash_audit *audit, int64_t sku,
                                             struct flash_error *err);
/* Before it: the place in the SKU's log from which on its rows are read, parked lines, and how far
 * the consumer has settled. */
FLASH_MUST_CHECK bool flash_audit_mark_ledger(struct flash_audit *audit, int64_t sku,
                                              int64_t *ret_log_id, struct flash_error *err);
/* After it: the ledger's part, in one snapshot. Error kinds of both: as flash_mysql_query. */
FLASH_MUST_CHECK bool flash_audit_read_ledger(struct flash_audit *audit, int64_t log_id,
                                              struct flash_error *err);

/* What the ledger says of a SKU by itself, all rows of it, in one snapshot of its own. */
FLASH_MUST_CHECK bool flash_audit_books(struct flash_audit *audit, int64_t sku,
                                        struct flash_audit_list *list, struct flash_error *err);
/* Messages that could never be applied. */
FLASH_MUST_CHECK bool flash_audit_dead(struct flash_audit *audit, struct flash_audit_list *list,
                                       struct flash_error *err);
/* Every order of a SKU in Redis and in the ledger, and every user's count. */
FLASH_MUST_CHECK bool flash_audit_orders(struct flash_audit *audit, int64_t sku,
                                         struct flash_audit_list *list, struct flash_error *err);

#endif
