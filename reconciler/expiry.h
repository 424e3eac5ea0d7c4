/* Expiry: orders whose time to pay is over are taken, SKU by SKU, and told to the ledger through
 * Kafka.
 *
 * A pass goes round all SKUs with a sale, one script call each, until no SKU has more that is due,
 * at the pace of reconciler.expiry_rate. What is due is decided in Redis by Redis' clock
 * (lua/expire), so any number of reconcilers may do this at once. Orders that are still QUEUED are
 * passed over: only their entry's verdict makes them CREATED.
 *
 *     lua/expire: CREATED ─▶ EXPIRING, entry in the journal ──▶ Kafka ──▶ consumer: EXPIRED, units
 * back ──▶ lua/settle */
#ifndef RECONCILER_EXPIRY_H
#define RECONCILER_EXPIRY_H

#include "catalog.h"
#include "duty.h"
#include "flash/kafka.h"
#include "flash/redis_sync.h"

struct flash_expiry;

/* All borrowed. */
struct flash_expiry_parts {
    struct flash_redis_sync *redis; /* the pass' own */
    struct flash_producer *producer;
    struct flash_catalog *catalog;
    struct flash_duty *catalog_duty; /* asked when Redis has another generation */
};

FLASH_MUST_CHECK bool flash_expiry_new(const struct flash_expiry_parts *parts, int64_t rate,
                                       struct flash_expiry **ret_expiry, struct flash_error *err);
void flash_expiry_free(struct flash_expiry *expiry);

enum flash_expiry_end {
    FLASH_EXPIRY_COMPLETE,  /* nothing more is due, but for what was skipped or queued */
    FLASH_EXPIRY_CUT,       /* more is due; the next pass goes on, with a fresh list of SKUs */
    FLASH_EXPIRY_STOPPED,   /* the daemon stops */
    FLASH_EXPIRY_NO_LEDGER, /* it has not been read yet, so nothing is known */
    FLASH_EXPIRY_NO_KAFKA, /* entries could not be sent now: their orders had better stay payable */
    FLASH_EXPIRY_NO_REDIS, /* it does not answer */
};

struct flash_expiry_done {
    enum flash_expiry_end end;
    int64_t skus;        /* looked at */
    int64_t skipped;     /* of them: absent in Redis, of another generation, or refused */
    int64_t skipped_sku; /* one of these */
    int64_t expired;     /* orders taken */
    int64_t entries;     /* they are in */
    int64_t queued;      /* entries that are due and QUEUED */
    int64_t took_us;
    struct flash_error err; /* of the last call that failed; kind NONE: none did */
};

/* One pass, on the duty's thread. Logs nothing; counts. */
void flash_expiry_pass(struct flash_expiry *expiry, struct flash_duty *duty,
                       struct flash_expiry_done *ret_done);
/* Whether Redis answered in the last pass. Any thread. */
bool flash_expiry_redis_ready(const struct flash_expiry *expiry);
/* Sets the gauge of the lag; any thread, as often as the gauge is to be right. */
void flash_expiry_note_lag(const struct flash_expiry *expiry);

#endif
