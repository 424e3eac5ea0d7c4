/* The pipeline's loop; see pipeline.h. */
#include "pipeline.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dead.h"
#include "flash/fault.h"
#include "flash/log.h"
#include "flash/time.h"
#include "metrics.h"
#include "pipeline_internal.h"

#define POLL_MS 100 /* how long an idle poll waits */
#define BACKOFF_MIN_MS 20
#define BACKOFF_MAX_MS 1000
#define ACK_IDLE_US 500000 /* acks that no batch carries are written after so long */

/* Waits ms, shortened when the daemon is to stop. */
static void pause_ms(struct flash_pipeline *pipeline, int ms)
{
    for (; ms > 0 && !*pipeline->stop; ms -= 20) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
}

static int next_backoff(int ms)
{
    ms = ms ? ms * 2 : BACKOFF_MIN_MS;
    return ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : ms;
}

/* ---- one batch into the ledger ---- */

static enum flash_ledger_outcome write_once(struct flash_pipeline *pipeline,
                                            struct flash_batch *batch, bool careful,
                                            struct flash_error *err)
{
    uint64_t start_us = flash_time_monotonic_us();
    struct flash_ledger_work work = {
        .batch = batch,
        .plan = &pipeline->plan,
        .progress = &pipeline->progress,
        .careful = careful,
        .now_ms = (int64_t)flash_time_wall_ms(),
    };
    flash_progress_collect(&pipeline->progress, batch);
    enum flash_ledger_outcome outcome = flash_ledger_write(pipeline->ledger, &work, err);
    if (outcome == FLASH_LEDGER_COMMITTED) {
        flash_metric_observe_us(&flash_consumer_metrics[METRIC_COMMIT_LATENCY],
                                flash_time_monotonic_us() - start_us);
    }
    return outcome;
}

/* Somebody was told 202 for it, and its units are back: people are to know. */
static void warn_of_refused_takes(const struct flash_batch *batch)
{
    for (int i = 0; i < batch->line_count; i++) {
        const struct flash_batch_line *line = &batch->lines[i];
        const struct flash_batch_entry *entry = &batch->entries[line->entry];
        const struct flash_batch_row *row = &batch->lines[line->row_at].row;
        if (entry->type == FLASH_ENTRY_TAKE && line->fate == FLASH_LINE_REFUSED &&
            (row->found || row->taken)) {
            FLASH_LOG(WARN, "consumer.take_refused", FLASH_INT("sku", entry->sku),
                      FLASH_TEXT("reference", line->order_id + line->ref_at));
        }
    }
}

static void count_committed(struct flash_pipeline *pipeline, const struct flash_batch *batch)
{
    int dead = 0;
    int64_t oldest_ms = INT64_MAX, now_ms = (int64_t)flash_time_wall_ms();
    for (int i = 0; i < batch->message_count; i++) {
        int64_t at_ms = batch->messages[i].timestamp_ms;
        dead += batch->entries[i].fate == FLASH_FATE_DEAD;
        oldest_ms = at_ms < oldest_ms ? at_ms : oldest_ms;
    }
    flash_consumer_count(METRIC_BATCHES, 1);
    flash_consumer_count(METRIC_ENTRIES_APPLIED, pipeline->plan.applied_entries);
    flash_consumer_count(METRIC_LINES_APPLIED, pipeline->plan.applied_lines);
    flash_consumer_count(METRIC_DUPLICATES, pipeline->plan.duplicates);
    flash_consumer_count(METRIC_SHORTAGES, pipeline->plan.shortages);
    flash_consumer_count(METRIC_REFUSED, pipeline->plan.refused);
    flash_consumer_count(METRIC_REFUSED_TAKES, pipeline->plan.refused_takes);
    flash_consumer_count(METRIC_DEAD_LETTERS, dead);
    flash_metric_set(&flash_consumer_metrics[METRIC_MESSAGE_AGE], now_ms - oldest_ms);
    flash_metric_set(&flash_consumer_metrics[METRIC_LAST_COMMIT], now_ms);
    if (pipeline->plan.refused_takes) {
        warn_of_refused_takes(batch);
    }
    if (pipeline->plan.shortages) {
        FLASH_LOG(ERROR, "consumer.shortage", FLASH_INT("lines", pipeline->plan.shortages));
    }
}

enum flash_ledger_outcome flash_pipeline_write(struct flash_pipeline *pipeline,
                                               struct flash_batch *batch, const char *condemned)
{
    bool careful = flash_progress_replays(&pipeline->progress, batch);
    int backoff_ms = 0;
    for (;;) {
        struct flash_error err = {0};
        if (condemned) {
            flash_batch_condemn(batch, 0, condemned);
        }
        enum flash_ledger_outcome outcome = write_once(pipeline, batch, careful, &err);
        pipeline->health.ledger_ready = outcome != FLASH_LEDGER_AGAIN &&
                                        outcome != FLASH_LEDGER_FULL &&
                                        outcome != FLASH_LEDGER_BROKEN;
        if (outcome == FLASH_LEDGER_COMMITTED) {
            flash_progress_applied(&pipeline->progress);
            count_committed(pipeline, batch);
        }
        if ((outcome != FLASH_LEDGER_AGAIN && outcome != FLASH_LEDGER_BROKEN) || *pipeline->stop) {
            return outcome;
        }
        flash_consumer_count(METRIC_BATCH_RETRIES, 1);
        FLASH_LOG(WARN, "consumer.batch_again", FLASH_TEXT("error", err.text),
                  FLASH_INT("messages", batch->message_count));
        bool met_duplicate = !careful && err.kind == FLASH_ERROR_DATA;
        backoff_ms = met_duplicate ? 0 : next_backoff(backoff_ms);
        pause_ms(pipeline, backoff_ms);
        flash_dead_poll(pipeline->dead); /* whose reports would pile up for as long as it takes */
        careful = true;
        flash_batch_again(batch);
    }
}

/* ---- and into Redis ---- */

enum flash_settled flash_pipeline_settle(struct flash_pipeline *pipeline, struct flash_batch *batch)
{
    struct flash_settle_counts counts;
    struct flash_error err = {0};
    uint64_t start_us = flash_time_monotonic_us();
    bool was_ready = pipeline->health.redis_ready;
    bool accepted = flash_settle(pipeline->settler, batch, &counts, &err);
    flash_progress_settled(&pipeline->progress, accepted);
    flash_consumer_count(METRIC_SETTLED_DROPPED, counts.dropped);
    flash_consumer_count(METRIC_SETTLED_ADOPTED, counts.adopted);
    flash_consumer_count(METRIC_FORGOTTEN, counts.learnt);
    flash_metric_observe_us(&flash_consumer_metrics[METRIC_SETTLE_LATENCY],
                            flash_time_monotonic_us() - start_us);
    pipeline->health.redis_ready = accepted;
    if (!accepted) {
        flash_consumer_count(METRIC_SETTLE_FAILURES, 1);
    }
    if (!accepted && was_ready) {
        FLASH_LOG(WARN, "consumer.not_settled", FLASH_TEXT("error", err.text));
    }
    if (counts.learnt) {
        FLASH_LOG(ERROR, "consumer.redis_had_forgotten", FLASH_INT("orders", counts.learnt));
    }
    if (counts.closed_sku) {
        FLASH_LOG(ERROR, "consumer.gate_closed", FLASH_INT("sku", counts.closed_sku));
    }
    return accepted         ? FLASH_SETTLED_ALL
           : counts.refused ? FLASH_SETTLED_NOT_ALL
                            : FLASH_SETTLED_AWAY;
}

void flash_pipeline_start_over(struct flash_pipeline *pipeline)
{
    flash_consumer_count(METRIC_OUTRUN, 1);
    FLASH_LOG(WARN, "consumer.outrun", FLASH_INT("generation", pipeline->generation));
    pipeline->reposition = true;
}

/* So many lines are parked that what is in hand cannot go in: those whose predecessor has come
 * leave, and the table is counted anew. */
static void make_room(struct flash_pipeline *pipeline)
{
    FLASH_LOG(ERROR, "consumer.too_many_parked", FLASH_INT("lines", pipeline->parked_count));
    uint64_t now_us = flash_time_monotonic_us();
    if (now_us < pipeline->unpark_due_us) {
        pause_ms(pipeline, (int)((pipeline->unpark_due_us - now_us) / 1000) + 1);
    }
    flash_unpark_turn(pipeline, flash_time_monotonic_us());
    pipeline->reposition = true;
}

void flash_pipeline_give_up(struct flash_pipeline *pipeline, enum flash_ledger_outcome outcome)
{
    if (outcome == FLASH_LEDGER_OUTRUN) {
        flash_pipeline_start_over(pipeline);
    } else if (outcome == FLASH_LEDGER_FULL && !*pipeline->stop) {
        make_room(pipeline);
    } else if (!*pipeline->stop) {
        FLASH_LOG(ERROR, "consumer.not_buried", FLASH_INT("outcome", outcome));
        pause_ms(pipeline, POLL_MS);
        pipeline->reposition = true;
    }
}

static void process(struct flash_pipeline *pipeline)
{
    struct flash_batch *batch = &pipeline->batch;
    enum flash_ledger_outcome outcome = flash_pipeline_write(pipeline, batch, NULL);
    if (outcome == FLASH_LEDGER_COMMITTED) {
        FLASH_FAULT("consumer.committed");
        flash_dead_publish(pipeline->dead, batch);
        flash_pipeline_settle(pipeline, batch);
    } else if (outcome == FLASH_LEDGER_REFUSED) {
        flash_apart_process(pipeline);
    } else {
        flash_pipeline_give_up(pipeline, outcome);
    }
    flash_batch_reset(batch);
    pipeline->health.waiting_since_us = 0;
}

/* ---- the loop ---- */

/* Adds what has arrived, up to a full batch: what came while the last one was written is this one,
 * so a slow ledger has large ones. */
static void fill(struct flash_pipeline *pipeline)
{
    while (!*pipeline->stop && !flash_batch_full(&pipeline->batch) && !pipeline->reposition) {
        struct flash_message message;
        struct flash_error err = {0};
        bool idle = !pipeline->batch.message_count && !pipeline->unpark_from[0];
        int wait_ms = idle ? POLL_MS : 0;
        enum flash_poll poll = flash_subscriber_poll(pipeline->subscriber, wait_ms, &message, &err);
        pipeline->health.kafka_ready =
            poll != FLASH_POLL_ERROR && flash_subscriber_ready(pipeline->subscriber);
        if (poll == FLASH_POLL_MESSAGE && flash_positions_accept(pipeline, &message)) {
            flash_consumer_count(METRIC_MESSAGES, 1);
            flash_batch_add(&pipeline->batch, &message);
            if (!pipeline->health.waiting_since_us) {
                pipeline->health.waiting_since_us = (int64_t)flash_time_monotonic_us();
            }
        } else if (poll == FLASH_POLL_OUT_OF_RANGE) {
            flash_positions_out_of_range(pipeline, message.partition);
        } else if (poll == FLASH_POLL_ERROR) {
            FLASH_LOG(WARN, "consumer.kafka", FLASH_TEXT("error", err.text));
            return;
        } else if (poll == FLASH_POLL_EMPTY) {
            return;
        }
    }
}

/* Writes acks that no batch has carried for a while. */
static void ack_idle(struct flash_pipeline *pipeline)
{
    uint64_t now_us = flash_time_monotonic_us();
    struct flash_error err;
    if (!flash_progress_owes_ack(&pipeline->progress)) {
        pipeline->ack_due_us = now_us + ACK_IDLE_US;
        return;
    }
    if (now_us < pipeline->ack_due_us) {
        return;
    }
    pipeline->ack_due_us = now_us + ACK_IDLE_US;
    flash_progress_collect(&pipeline->progress, &pipeline->batch); /* empty: nothing is applied */
    enum flash_ledger_outcome outcome = flash_ledger_write_progress(
        pipeline->ledger, &pipeline->progress, (int64_t)flash_time_wall_ms(), &err);
    if (outcome == FLASH_LEDGER_COMMITTED) {
        flash_progress_applied(&pipeline->progress);
    } else if (outcome == FLASH_LEDGER_OUTRUN) {
        flash_pipeline_start_over(pipeline);
    }
}

void flash_pipeline_run(struct flash_pipeline *pipeline, const _Atomic bool *stop)
{
    pipeline->stop = stop;
    while (!*stop) {
        flash_positions_renew(pipeline);
        fill(pipeline);
        if (pipeline->batch.message_count) {
            process(pipeline);
        } else {
            ack_idle(pipeline);
        }
        flash_positions_note(pipeline);
        flash_anchors_turn(pipeline, flash_time_monotonic_us());
        flash_positions_compare(pipeline, flash_time_monotonic_us());
        flash_positions_catch_up(pipeline, flash_time_monotonic_us());
        flash_unpark_turn(pipeline, flash_time_monotonic_us());
        flash_dead_poll(pipeline->dead);
    }
    pipeline->ack_due_us = pipeline->note_due_us = 0;
    flash_positions_note(pipeline);
    if (!flash_progress_behind(&pipeline->progress)) {
        ack_idle(pipeline);
    }
}

const struct flash_pipeline_health *flash_pipeline_health(const struct flash_pipeline *pipeline)
{
    return &pipeline->health;
}

bool flash_pipeline_new(const struct flash_config *config, struct flash_pipeline **ret_pipeline,
                        struct flash_error *err)
{
    struct flash_pipeline *pipeline = calloc(1, sizeof(*pipeline));
    if (!pipeline || !flash_batch_init(&pipeline->batch, config->consumer.batch_lines) ||
        !flash_batch_init(&pipeline->single, 1) ||
        !flash_plan_init(&pipeline->plan, config->consumer.batch_lines,
                         config->consumer.batch_lines + FLASH_BATCH_LINES)) {
        flash_pipeline_free(pipeline);
        return flash_error_set(err, FLASH_ERROR_RETRY, "pipeline: out of memory");
    }
    pipeline->config = config;
    flash_anchors_init(&pipeline->anchors);
    pipeline->health.redis_ready = pipeline->health.ledger_ready = true;
    pipeline->health.progress_ready = true; /* kafka_ready: once a broker was seen */
    struct flash_subscriber_hooks hooks = {flash_positions_assigned, flash_positions_revoked,
                                           pipeline};
    if (!flash_ledger_new(config, &pipeline->ledger, err) ||
        !flash_settler_new(config, config->consumer.batch_lines, &pipeline->settler, err) ||
        !flash_dead_new(config, &pipeline->dead, err) ||
        !flash_probe_new(config, &pipeline->probe, err) ||
        !flash_subscriber_new(config, &hooks, &pipeline->subscriber, err)) {
        flash_pipeline_free(pipeline);
        return false;
    }
    *ret_pipeline = pipeline;
    return true;
}

void flash_pipeline_free(struct flash_pipeline *pipeline)
{
    if (!pipeline) {
        return;
    }
    flash_batch_finish(&pipeline->batch);
    flash_batch_finish(&pipeline->single);
    flash_subscriber_free(pipeline->subscriber);
    flash_probe_free(pipeline->probe);
    flash_dead_free(pipeline->dead);
    flash_settler_free(pipeline->settler);
    flash_ledger_free(pipeline->ledger);
    flash_plan_finish(&pipeline->plan);
    free(pipeline);
}
