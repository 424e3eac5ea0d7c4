/* Whether an engine may still have entries on their way to Kafka that were accepted before a
 * recovery (DESIGN §5.1 rule 16; docs/FORMATS.md, Engines).
 *
 * In quiet times it is noted which workers there are, in memory and in the ledger: a Redis that was
 * emptied does not know it any more, and a worker that hangs does not say so. A recovery puts a
 * question, which every worker that was noted or that is heard has to answer. A worker that does
 * not answer, or a set of workers that nobody noted, is a reason to wait for the window. */
#ifndef RECONCILER_MUSTER_H
#define RECONCILER_MUSTER_H

#include "flash/mysql.h"
#include "flash/redis_sync.h"

#define FLASH_MUSTER_WORKERS 1024 /* with more of them every recovery waits for the window */

struct flash_muster {
    char question[FLASH_UUID_TEXT + 1];
    bool whole; /* the workers are known, as far as anybody can know */
    int count;
    struct {
        char name[FLASH_UUID_TEXT + 1];
        bool answered;
    } workers[FLASH_MUSTER_WORKERS];
};

/* What they are asked through; both borrowed. */
struct flash_muster_desk {
    struct flash_redis_sync *redis;
    struct flash_mysql *mysql;
};

/* Notes who is there. Only in quiet times: what was lost may have taken workers with it. Error
 * kinds: RETRY, UNKNOWN. */
FLASH_MUST_CHECK bool flash_muster_note(struct flash_muster *muster,
                                        const struct flash_muster_desk *desk,
                                        struct flash_error *err);
/* A new question, and of whom an answer is expected: who was noted by this object or, if it has
 * never noted anybody, lately by another. Error kinds: RETRY. */
FLASH_MUST_CHECK bool flash_muster_begin(struct flash_muster *muster,
                                         const struct flash_muster_desk *desk,
                                         struct flash_error *err);
/* Puts the question, as often as one likes, and hears the answers; *ret_all: nothing of before the
 * first time is on its way any more. Error kinds: RETRY, UNKNOWN. */
FLASH_MUST_CHECK bool flash_muster_ask(struct flash_muster *muster,
                                       const struct flash_muster_desk *desk, bool *ret_all,
                                       struct flash_error *err);

#endif
