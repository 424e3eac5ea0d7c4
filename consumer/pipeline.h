/* The consumer's one thread: poll → batch → ledger transaction → settle → poll (DESIGN §7).
 *
 * A batch that fails is tried again until it is in, as long as it takes; a message that can never
 * go in becomes a dead letter. If Redis is away the ledger goes on and `acked` stays; once Redis
 * takes settles again the partitions are read again from there. */
#ifndef CONSUMER_PIPELINE_H
#define CONSUMER_PIPELINE_H

#include <stdatomic.h>

#include "flash/config.h"
#include "flash/error.h"

struct flash_pipeline;

/* What readiness and the watchdog look at; written by the pipeline's thread, read by any. */
struct flash_pipeline_health {
    _Atomic bool ledger_ready;   /* the last transaction was committed, or it answers */
    _Atomic bool redis_ready;    /* the last settle was accepted, or nothing was and it answers */
    _Atomic bool kafka_ready;    /* a broker is there, and the last poll was no error */
    _Atomic bool progress_ready; /* positions are as the ledger says; false after a topic was found
                                    changed */
    _Atomic int64_t
        waiting_since_us; /* monotonic: when the batch in hand began, 0: nothing waits */
};

/* Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_pipeline_new(const struct flash_config *config,
                                         struct flash_pipeline **ret_pipeline,
                                         struct flash_error *err);
const struct flash_pipeline_health *flash_pipeline_health(const struct flash_pipeline *pipeline);
/* Runs until stop is true, then finishes the batch in hand or gives it up uncommitted, and returns.
 */
void flash_pipeline_run(struct flash_pipeline *pipeline, const _Atomic bool *stop);
void flash_pipeline_free(struct flash_pipeline *pipeline);

#endif
