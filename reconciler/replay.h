/* How a recovery knows that the consumer has caught up, and what it does about entries that nobody
 * sent (DESIGN §5.1 rule 16).
 *
 * A marker is sent to every partition after the generation was raised. Once all of them are applied
 * and acked, everything in the log before them is in the ledger, and Redis was told of it under the
 * new generation. What is left in a journal of an older generation is then not in the log before
 * the marker, or its settle was lost: it is sent again, the same bytes, which is harmless at any
 * time and makes the consumer settle it. */
#ifndef RECONCILER_REPLAY_H
#define RECONCILER_REPLAY_H

#include "flash/kafka.h"
#include "flash/redis_sync.h"
#include "recover_ledger.h"

struct flash_replay {
    struct flash_mysql *mysql;       /* (borrowed) */
    struct flash_producer *producer; /* (borrowed) */
    int64_t generation;              /* the new one */
    struct {
        struct flash_uuid nonce;
        int64_t offset; /* -1: not applied yet */
        bool done;      /* applied and acked */
    } markers[FLASH_RECOVER_PARTITIONS];
    bool applied;                            /* all of them, at the last look */
    struct flash_recover_progress sent, now; /* a marker each; what was read last */
};

/* Sends a marker to every partition that the ledger knows of. Error kinds: RETRY, BUG, CONFIG. */
FLASH_MUST_CHECK bool flash_replay_send_markers(struct flash_replay *replay,
                                                struct flash_error *err);
/* *ret_done: all of them are applied and acked. Without any partition nothing is ever proven:
 * false.
 */
FLASH_MUST_CHECK bool flash_replay_look(struct flash_replay *replay, bool *ret_done,
                                        struct flash_error *err);

struct flash_replay_again {
    struct flash_redis_sync *redis; /* (borrowed) */
    int64_t sku;
};
/* Sends the SKU's entries of older generations again; *ret_sent counts them. Error kinds: RETRY,
 * UNKNOWN, BUG. */
FLASH_MUST_CHECK bool flash_replay_send_again(struct flash_replay *replay,
                                              const struct flash_replay_again *again,
                                              int64_t *ret_sent, struct flash_error *err);

#endif
