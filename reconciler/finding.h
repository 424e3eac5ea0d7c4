/* What a comparison of Redis, Kafka and the ledger can find, in words (DESIGN §9).
 *
 * A finding is about units of one SKU, and as far as known about an entry or an order. Its cause is
 * a word of one table, the same in the ledger's reconcile_finding, in every report and in the
 * metrics. */
#ifndef RECONCILER_FINDING_H
#define RECONCILER_FINDING_H

#include "flash/ids.h"

enum flash_cause {
    FLASH_CAUSE_LOST,      /* an entry, proven not to be in the log (DESIGN §9.1) */
    FLASH_CAUSE_LATE,      /* an entry past its threshold of which nothing is proven: Kafka or the
                              consumer is behind */
    FLASH_CAUSE_UNSETTLED, /* the ledger has the entry's verdict, its journal still has the entry */
    FLASH_CAUSE_SHORTAGE,  /* orders the ledger had no stock for: Redis had lost writes */
    FLASH_CAUSE_DUPLICATE, /* an order in two entries, or a message met again after compensation */
    FLASH_CAUSE_DRIFT_UP,  /* Redis offers more units than the ledger and the witnesses explain */
    FLASH_CAUSE_DRIFT_DOWN, /* fewer */
    FLASH_CAUSE_FORGOTTEN,  /* an order the ledger has and Redis does not, or has an older one of */
    FLASH_CAUSE_PHANTOM,    /* an order Redis has without an entry or a row to explain it */
    FLASH_CAUSE_USER_COUNT, /* a user's count is not the sum of what his orders hold */
    FLASH_CAUSE_COUNTER,    /* stock's available, reserved, sold and base do not add up with its
                               reservations */
    FLASH_CAUSE_LOG,        /* stock_log does not sum to the stock row, or its rows do not follow */
    FLASH_CAUSE_INFLOW,     /* an inflow of the ledger that Redis has not applied */
    FLASH_CAUSE_STUCK,      /* an order half-way between two states for longer than it may be */
    FLASH_CAUSE_PARKED,     /* a transition whose predecessor the ledger has not seen */
    FLASH_CAUSE_DEAD,       /* a message that could never be applied */
    FLASH_CAUSE_COUNT,
};

enum flash_finding_state {
    FLASH_FINDING_OPEN,
    FLASH_FINDING_PLANNED, /* in a plan that was not applied yet */
    FLASH_FINDING_APPLIED, /* mended by this program */
    FLASH_FINDING_REFUSED, /* the guard or a stale plan stopped it */
    FLASH_FINDING_GONE,    /* looked for again, and not there any more */
    FLASH_FINDING_STATE_COUNT,
};

#define FLASH_FINDING_DETAIL 400

struct flash_finding {
    enum flash_cause cause;
    enum flash_finding_state state;
    int64_t sku;
    bool has_entry;
    struct flash_uuid entry;
    char order_id[FLASH_ORDER_ID_MAX + 1]; /* empty: none */
    int partition;                         /* -1: not known */
    int64_t offset;                        /* -1: not known */
    int64_t quantity;                      /* units of stock it is about, signed */
    int64_t age_ms;                        /* by Redis' clock; 0: none */
    char detail[FLASH_FINDING_DETAIL];     /* one line for people: what was met, what was done */
};

/* "lost", "drift_up", …: as in reconcile_finding.cause. Static. */
const char *flash_cause_name(enum flash_cause cause);
/* "open", …: as in reconcile_finding.state. Static. */
const char *flash_finding_state_name(enum flash_finding_state state);

/* Who is told about findings; the finding is borrowed during the call. */
typedef void (*flash_found)(const struct flash_finding *finding, void *arg);

#endif
