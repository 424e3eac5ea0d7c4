/* Inflows into Redis: what the ledger has numbered, applied there once each and in order (DESIGN
 * §8, docs/FORMATS.md "Inflows and takes").
 *
 * Whoever sees that Redis is behind may bring it up to date, several at once: a number that is
 * there already changes nothing. The ledger's rows come from the caller, who knows the database. */
#ifndef FLASH_INFLOW_REPLAY_H
#define FLASH_INFLOW_REPLAY_H

#include "flash/inflow.h"
#include "flash/redis_sync.h"

/* Fills the page from the ledger. False: err is filled, and given on. */
typedef bool (*flash_inflow_reader)(struct flash_inflow_page *page, void *arg,
                                    struct flash_error *err);

enum flash_inflow_outcome {
    FLASH_INFLOW_UP_TO_DATE, /* Redis has the last number, now or before, or a higher one */
    FLASH_INFLOW_LOST,       /* Redis has no such SKU, or of another generation */
    FLASH_INFLOW_GAP,        /* the ledger's rows have a hole, or do not begin where Redis ends */
    FLASH_INFLOW_CORRUPT,    /* a number in Redis or in a row is not what it must be */
    FLASH_INFLOW_AWAY,       /* Redis did not answer, or refused; it may have applied some */
    FLASH_INFLOW_UNREAD,     /* the reader failed */
};

struct flash_inflow_replay {
    int64_t sku, generation;
    const struct flash_inflow *last; /* the ledger's last row (borrowed) */
    flash_inflow_reader read;        /* for those before it, where Redis lacks more than that one */
    /* Told of each row that was applied by this replay, and the units that moved by it: 0 for a
     * take that Redis knew. May be NULL. */
    void (*applied)(const struct flash_inflow *row, int64_t moved, void *arg);
    void *arg; /* of both */
};

/* Applies what Redis lacks up to replay->last. err says why, unless it is UP_TO_DATE. */
FLASH_MUST_CHECK enum flash_inflow_outcome
flash_inflow_replay(struct flash_redis_sync *redis, const struct flash_inflow_replay *replay,
                    struct flash_error *err);

/* Only the last row, in two halves, for many SKUs in one pipeline: queued for each, then each
 * answer is taken, in order. GAP then: a whole replay is needed. Error kinds of queue: RETRY. */
FLASH_MUST_CHECK bool flash_inflow_queue(struct flash_redis_sync *redis,
                                         const struct flash_inflow_replay *replay,
                                         struct flash_error *err);
FLASH_MUST_CHECK enum flash_inflow_outcome
flash_inflow_take(struct flash_redis_sync *redis, const struct flash_inflow_replay *replay,
                  struct flash_error *err);

#endif
