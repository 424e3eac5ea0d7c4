/* Where each partition is read from: the ledger's acked, one message earlier, so that the topic can
 * be recognised.
 *
 * A topic that was deleted and made anew, and has grown past the stored position, gives no error at
 * all: so the message at acked - 1 is read again and its entry id compared with the one the ledger
 * kept (DESIGN §7). Whatever is found changed is read from its beginning: verdicts make every
 * replay harmless. */
#include <string.h>

#include "flash/log.h"
#include "flash/time.h"
#include "metrics.h"
#include "pipeline_internal.h"

#define DROPPED_MAX 4096 /* messages dropped before the positions are asked for again */
#define LET_GO_MS 100
#define COMPARE_US 1000000
#define PROBE_US 500000 /* how often a Redis that refused is asked again */
#define LOOK_US 1000000 /* how often one that refused nothing is asked whether it is there */
#define CATCH_UP_MAX_US 64000000 /* between two times that came to nothing */
#define NOTE_US 500000           /* a commit costs the broker as much as a fetch: not one a batch */

/* Raised while positions were read: what was read before may have been set back since, and would
 * be put forward again under the new generation. All but those of kept are read anew. */
static void forget_positions(struct flash_pipeline *pipeline, int kept)
{
    for (int p = 0; p < FLASH_BATCH_PARTITIONS; p++) {
        if (p != kept && pipeline->progress.partitions[p].assigned) {
            pipeline->progress.partitions[p].assigned = false;
            pipeline->reposition = true;
        }
    }
}

bool flash_positions_assigned(int partition, int64_t *ret_offset, void *arg)
{
    struct flash_pipeline *pipeline = arg;
    struct flash_error err;
    if (partition < 0 || partition >= FLASH_BATCH_PARTITIONS) {
        FLASH_LOG(ERROR, "consumer.too_many_partitions", FLASH_INT("partition", partition));
        return false;
    }
    struct flash_progress *progress = &pipeline->progress.partitions[partition];
    int64_t before = pipeline->generation, first = 0;
    if (!flash_ledger_read_generation(pipeline->ledger, &first, &err) ||
        !flash_ledger_read_progress(pipeline->ledger, partition, progress, &err)) {
        if (!pipeline->no_position) { /* it is asked for with every poll */
            FLASH_LOG(WARN, "consumer.no_position", FLASH_INT("partition", partition),
                      FLASH_TEXT("error", err.text));
        }
        pipeline->no_position = true;
        pipeline->health.ledger_ready = false;
        return false;
    }
    if (!flash_ledger_read_generation(pipeline->ledger, &pipeline->generation, &err)) {
        progress->assigned = false;
        return false;
    }
    flash_settle_under(pipeline->settler, pipeline->generation);
    pipeline->no_position = false;
    pipeline->health.ledger_ready = true;
    if (first != pipeline->generation || (before && before != pipeline->generation)) {
        forget_positions(pipeline, first == pipeline->generation ? partition : -1);
    }
    progress->verify = progress->acked > 0 && progress->has_acked_entry;
    flash_anchors_begin(pipeline, partition);
    *ret_offset = progress->acked == 0 ? FLASH_OFFSET_BEGINNING
                  : progress->verify   ? progress->acked - 1
                                       : progress->acked;
    FLASH_LOG(INFO, "consumer.assigned", FLASH_INT("partition", partition),
              FLASH_INT("acked", progress->acked), FLASH_INT("applied", progress->applied),
              FLASH_INT("generation", pipeline->generation));
    return true;
}

void flash_positions_revoked(int partition, bool lost, void *arg)
{
    struct flash_pipeline *pipeline = arg;
    if (partition >= 0 && partition < FLASH_BATCH_PARTITIONS) {
        pipeline->progress.partitions[partition].assigned = false;
        FLASH_LOG(INFO, "consumer.revoked", FLASH_INT("partition", partition),
                  FLASH_INT("lost", lost));
    }
}

void flash_positions_set_back(struct flash_pipeline *pipeline, int partition, int64_t offset,
                              const char *what)
{
    struct flash_progress *progress = &pipeline->progress.partitions[partition];
    struct flash_error err = {0};
    struct flash_ledger_reset reset = {partition, progress->applied, offset};
    bool done = flash_ledger_reset_progress(pipeline->ledger, &reset, &err);
    flash_consumer_count(METRIC_TOPIC_CHANGES, 1);
    FLASH_LOG(ERROR, "consumer.topic_changed", FLASH_INT("partition", partition),
              FLASH_TEXT("found", what), FLASH_INT("applied", progress->applied),
              FLASH_INT("acked", progress->acked), FLASH_INT("read_again_from", offset),
              FLASH_TEXT("error", done ? "" : err.text));
    pipeline->health.progress_ready = done;
    pipeline->reposition = true;
}

bool flash_positions_same_entry(struct flash_pipeline *pipeline,
                                const struct flash_message *message, const struct flash_uuid *id)
{
    struct flash_error err;
    return flash_entry_decode(message->value, pipeline->batch.scratch, &err) &&
           memcmp(pipeline->batch.scratch->id.bytes, id->bytes, sizeof(id->bytes)) == 0;
}

bool flash_positions_accept(struct flash_pipeline *pipeline, struct flash_message *message)
{
    bool ours = message->partition >= 0 && message->partition < FLASH_BATCH_PARTITIONS &&
                pipeline->progress.partitions[message->partition].assigned;
    if (!ours) {
        flash_message_free(message);
        return false;
    }
    struct flash_progress *progress = &pipeline->progress.partitions[message->partition];
    if (!progress->verify) {
        return true;
    }
    progress->verify = false;
    bool first = message->offset == progress->acked - 1;
    if (first && flash_positions_same_entry(pipeline, message, &progress->acked_entry)) {
        pipeline->health.progress_ready = true;
    } else if (first) {
        flash_positions_set_back(pipeline, message->partition, 0,
                                 "another message at the stored position");
    } else {
        flash_positions_set_back(pipeline, message->partition, 0,
                                 "no message at the stored position");
    }
    flash_message_free(message);
    return false;
}

void flash_positions_out_of_range(struct flash_pipeline *pipeline, int partition)
{
    struct flash_watermarks kept;
    struct flash_error err;
    if (partition < 0 || partition >= FLASH_BATCH_PARTITIONS ||
        !flash_subscriber_watermarks(pipeline->subscriber, partition, &kept, &err)) {
        pipeline->reposition = true; /* asked again with the next assignment */
        return;
    }
    bool gone = kept.low > pipeline->progress.partitions[partition].acked;
    flash_positions_set_back(pipeline, partition, kept.low,
                             gone ? "records were deleted before they were read"
                                  : "the log is shorter than it was");
}

/* The partitions are being taken away, which a poll has to let happen. What it brings is dropped:
 * all is read again from the positions asked for next. */
static void let_go(struct flash_pipeline *pipeline)
{
    struct flash_message message;
    struct flash_error err;
    for (int i = 0; i < DROPPED_MAX; i++) {
        if (flash_subscriber_poll(pipeline->subscriber, LET_GO_MS, &message, &err) !=
            FLASH_POLL_MESSAGE) {
            return;
        }
        flash_message_free(&message);
    }
}

void flash_positions_renew(struct flash_pipeline *pipeline)
{
    struct flash_error err;
    if (!pipeline->reposition) {
        return;
    }
    flash_consumer_count(METRIC_REPOSITIONS, 1);
    pipeline->reposition = false;
    for (int p = 0; p < FLASH_BATCH_PARTITIONS; p++) {
        pipeline->progress.partitions[p].assigned = false; /* each until it is read */
    }
    if (!flash_subscriber_reposition(pipeline->subscriber, &err)) {
        pipeline->reposition = true;
        FLASH_LOG(WARN, "consumer.not_repositioned", FLASH_TEXT("error", err.text));
        let_go(pipeline);
    }
}

struct answer_events {
    const char *away, *back;
};

/* Notes whether a server answered, and says when that is new. */
static void note_answer(_Atomic bool *ready, bool answered, const struct answer_events *events,
                        const struct flash_error *err)
{
    bool was_ready = atomic_exchange(ready, answered);
    if (was_ready && !answered) {
        FLASH_LOG(WARN, events->away, FLASH_TEXT("error", err->text));
    } else if (!was_ready && answered) {
        FLASH_LOG(INFO, events->back);
    }
}

void flash_positions_compare(struct flash_pipeline *pipeline, uint64_t now_us)
{
    static const struct answer_events events = {"consumer.ledger_away", "consumer.ledger_back"};
    struct flash_error err;
    bool same = true;
    bool begun = pipeline->compare_due_us > 0;
    if (now_us < pipeline->compare_due_us || pipeline->reposition) {
        return;
    }
    pipeline->compare_due_us = now_us + COMPARE_US;
    if (!begun) {
        return;
    }
    bool there = flash_ledger_compare_progress(pipeline->ledger, &pipeline->progress, &same, &err);
    note_answer(&pipeline->health.ledger_ready, there, &events, &err);
    if (!same) {
        flash_pipeline_start_over(pipeline);
    }
}

/* Starts over if the ledger's generation has been raised. */
static void check_generation(struct flash_pipeline *pipeline)
{
    int64_t generation;
    struct flash_error err;
    if (flash_ledger_read_generation(pipeline->ledger, &generation, &err) &&
        generation != pipeline->generation) {
        pipeline->reposition = true;
    }
}

/* Whether every partition that is behind stands where it stood the last time: what is refused would
 * be refused again. Notes where they stand now. */
static bool came_to_nothing(struct flash_pipeline *pipeline)
{
    bool nothing = true;
    for (int p = 0; p < FLASH_BATCH_PARTITIONS; p++) {
        const struct flash_progress *progress = &pipeline->progress.partitions[p];
        if (progress->assigned && progress->behind) {
            nothing = nothing && pipeline->caught_up_from[p] == progress->settled + 1;
            pipeline->caught_up_from[p] = progress->settled + 1;
        }
    }
    return nothing;
}

/* Nothing is settled before a sale, and a Redis that is not there is to be known before it. */
static void look_at_redis(struct flash_pipeline *pipeline, uint64_t now_us)
{
    static const struct answer_events events = {"consumer.redis_away", "consumer.redis_back"};
    struct flash_error err;
    if (now_us - pipeline->looked_us < LOOK_US) {
        return;
    }
    pipeline->looked_us = now_us;
    bool there = flash_settle_answers(pipeline->settler, &err);
    note_answer(&pipeline->health.redis_ready, there, &events, &err);
}

/* A SKU may be refused though an empty settle of it is not: what is to be adopted cannot be. Then
 * each time waits twice as long as the one before, or new messages would never be reached. */
void flash_positions_catch_up(struct flash_pipeline *pipeline, uint64_t now_us)
{
    struct flash_error err;
    if (!flash_progress_behind(&pipeline->progress)) {
        look_at_redis(pipeline, now_us);
        return;
    }
    if (now_us - pipeline->probed_us < PROBE_US) {
        return;
    }
    pipeline->probed_us = now_us;
    if (now_us < pipeline->catch_up_due_us || !flash_settle_possible(pipeline->settler, &err)) {
        check_generation(pipeline);
        return;
    }
    uint64_t wait_us = came_to_nothing(pipeline) ? 2 * pipeline->catch_up_wait_us : PROBE_US;
    pipeline->catch_up_wait_us = wait_us < CATCH_UP_MAX_US ? wait_us : CATCH_UP_MAX_US;
    pipeline->catch_up_due_us = now_us + pipeline->catch_up_wait_us;
    pipeline->health.redis_ready = wait_us == PROBE_US;
    pipeline->reposition = true;
}

void flash_positions_note(struct flash_pipeline *pipeline)
{
    uint64_t now_us = flash_time_monotonic_us();
    if (now_us < pipeline->note_due_us) {
        return;
    }
    pipeline->note_due_us = now_us + NOTE_US;
    for (int p = 0; p < FLASH_BATCH_PARTITIONS; p++) {
        struct flash_progress *progress = &pipeline->progress.partitions[p];
        if (progress->assigned && progress->settled > progress->noted) {
            flash_subscriber_note(pipeline->subscriber, p, progress->settled);
            progress->noted = progress->settled;
        }
    }
}
