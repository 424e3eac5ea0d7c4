/* The ends of operations and the way back for another attempt; see outcome.h. */
#include "outcome.h"

#include <stdio.h>
#include <string.h>

#define HELD_PAUSE_US                                                                              \
    1000u /* before a held poll is repeated: a server that does not hold is not flooded */

static struct flash_bench_lane *lane_of(struct flash_bench_worker *worker,
                                        const struct flash_bench_op *op)
{
    return op->kind == FLASH_BENCH_PAGE ? &worker->pages : &worker->buyers;
}

static void end(struct flash_bench_worker *worker, struct flash_bench_op *op)
{
    flash_bench_pool_give(&lane_of(worker, op)->pool, op);
}

static void measure(struct flash_bench_worker *worker, enum flash_bench_series series,
                    const struct flash_bench_op *op)
{
    uint64_t us = worker->now_us > op->intended_us ? worker->now_us - op->intended_us : 0;
    flash_bench_histogram_add(&worker->tally.series[series], us);
}

static void again(struct flash_bench_worker *worker, struct flash_bench_op *op, uint64_t delay_us)
{
    op->due_us = worker->now_us + delay_us;
    flash_bench_waiting_push(&lane_of(worker, op)->waiting, op);
}

struct names {
    char user[FLASH_USER_MAX], key[FLASH_KEY_MAX];
};

/* Who ordered, and by which key, as expect has it: texts in *names. */
static void name_order(const struct flash_bench_worker *worker, const struct flash_bench_op *op,
                       struct names *names, struct flash_bench_expect *expect)
{
    const struct flash_bench_writer *writer = &worker->shared->writer;
    expect->user = flash_bench_writer_user(writer, op->user, names->user);
    expect->key = flash_bench_writer_key(writer, op->number, names->key);
}

/* The order may exist: it is recorded as unknown for the checker. */
static void end_unknown(struct flash_bench_worker *worker, struct flash_bench_op *op)
{
    struct names names;
    struct flash_bench_expect expect = {.sku = op->sku};
    name_order(worker, op, &names, &expect);
    flash_bench_answer_order_id(&expect, op->order_id);
    flash_bench_record_add(&worker->record, op, "unknown", worker->now_us);
    worker->tally.counts.unknown++;
    end(worker, op);
}

/* The change may have happened. */
static void end_change_unknown(struct flash_bench_worker *worker, struct flash_bench_op *op)
{
    bool pays = op->kind == FLASH_BENCH_PAY;
    flash_bench_record_add(&worker->record, op, pays ? "pay-unknown" : "cancel-unknown",
                           worker->now_us);
    worker->tally.counts.changes_unknown++;
    end(worker, op);
}

static void end_unanswered(struct flash_bench_worker *worker, struct flash_bench_op *op)
{
    if (op->kind == FLASH_BENCH_PAGE) {
        worker->tally.counts.unsettled++;
    } else if (op->kind == FLASH_BENCH_ORDER && op->uncertain) {
        end_unknown(worker, op);
        return;
    } else if (flash_bench_kind_changes(op->kind) && op->uncertain) {
        end_change_unknown(worker, op);
        return;
    } else {
        worker->tally.counts.gave_up++;
    }
    end(worker, op);
}

/* An order page asks until the run ends; everything else as often as --retries allows. */
static void retry(struct flash_bench_worker *worker, struct flash_bench_op *op, int retry_after_s)
{
    if (op->kind != FLASH_BENCH_PAGE && op->attempts > worker->shared->options->retries) {
        end_unanswered(worker, op);
        return;
    }
    worker->tally.counts.retries++;
    again(worker, op,
          flash_bench_retry_delay_us(op->attempts, retry_after_s,
                                     flash_bench_random(&worker->random)));
}

/* An order page opens on an accepted order. */
static void follow(struct flash_bench_worker *worker, const struct flash_bench_op *order,
                   enum flash_state state)
{
    const struct flash_bench_options *options = worker->shared->options;
    struct flash_bench_op *page;
    if (!options->poll || worker->tally.counts.accepted % (uint64_t)options->poll_every != 0) {
        return;
    }
    page = flash_bench_pool_take(&worker->pages.pool);
    if (page == NULL) {
        worker->tally.counts.not_followed++;
        return;
    }
    *page = *order;
    page->kind = FLASH_BENCH_PAGE;
    page->attempts = 0;
    page->uncertain = false;
    if (state == FLASH_STATE_QUEUED) {
        flash_bench_op_tag(page, state);
    }
    worker->tally.counts.followed++;
    again(worker, page, options->poll_wait ? 0 : (uint64_t)options->poll_interval_ms * 1000);
}

static void accepted(struct flash_bench_worker *worker, struct flash_bench_op *op,
                     const struct flash_bench_answer *answer)
{
    memcpy(op->order_id, answer->order_id, sizeof(op->order_id));
    worker->tally.counts.accepted++;
    worker->tally.counts.units += (uint64_t)op->quantity;
    measure(worker, FLASH_BENCH_SERIES_ACCEPTED, op);
    flash_bench_record_add(&worker->record, op, "accepted", worker->now_us);
    flash_bench_known_add(&worker->known, op);
    follow(worker, op, answer->state);
    end(worker, op);
}

static void refused(struct flash_bench_worker *worker, struct flash_bench_op *op,
                    const struct flash_bench_answer *answer)
{
    flash_bench_words_add(&worker->tally.refused, answer->slug, 1);
    measure(worker, FLASH_BENCH_SERIES_REFUSED, op);
    end(worker, op);
}

static void changed(struct flash_bench_worker *worker, struct flash_bench_op *op)
{
    bool pays = op->kind == FLASH_BENCH_PAY;
    worker->tally.counts.paid += pays;
    worker->tally.counts.cancelled += !pays;
    measure(worker, pays ? FLASH_BENCH_SERIES_PAID : FLASH_BENCH_SERIES_CANCELLED, op);
    flash_bench_record_add(&worker->record, op, pays ? "paid" : "cancelled", worker->now_us);
    end(worker, op);
}

static void page_waits(struct flash_bench_worker *worker, struct flash_bench_op *op)
{
    const struct flash_bench_options *options = worker->shared->options;
    op->attempts = 0; /* the pause after a failure starts from its shortest again */
    again(worker, op,
          options->poll_wait ? HELD_PAUSE_US : (uint64_t)options->poll_interval_ms * 1000);
}

static void page_seen(struct flash_bench_worker *worker, struct flash_bench_op *op,
                      enum flash_state state)
{
    if (state == FLASH_STATE_QUEUED) {
        flash_bench_op_tag(op, state);
        page_waits(worker, op);
        return;
    }
    worker->tally.states[state]++;
    if (state == FLASH_STATE_CREATED) {
        measure(worker, FLASH_BENCH_SERIES_CREATED, op);
    }
    end(worker, op);
}

/* A 200 or, with FLASH_STATE_NONE, a 304. */
static void read_done(struct flash_bench_worker *worker, struct flash_bench_op *op,
                      enum flash_state state)
{
    worker->tally.counts.unchanged += state == FLASH_STATE_NONE;
    if (op->kind == FLASH_BENCH_PAGE) {
        worker->tally.counts.polls++;
        if (state == FLASH_STATE_NONE) {
            page_waits(worker, op);
        } else {
            page_seen(worker, op, state);
        }
        return;
    }
    worker->tally.counts.reads++;
    measure(worker,
            op->kind == FLASH_BENCH_WAIT ? FLASH_BENCH_SERIES_WAIT : FLASH_BENCH_SERIES_STATUS, op);
    end(worker, op);
}

static void sample(struct flash_bench_worker *worker, const char *text)
{
    struct flash_bench_tally *tally = &worker->tally;
    if (tally->sample_count < FLASH_BENCH_SAMPLES) {
        snprintf(tally->samples[tally->sample_count++], FLASH_BENCH_SAMPLE_MAX, "%s", text);
    }
}

static void wrong(struct flash_bench_worker *worker, struct flash_bench_op *op,
                  const struct flash_bench_response *response, const char *reason)
{
    char text[FLASH_BENCH_SAMPLE_MAX];
    snprintf(text, sizeof(text), "%s: %s number %llu, user %lld, sku %lld, quantity %d: %d %.*s",
             reason, flash_bench_kind_name(op->kind), (unsigned long long)op->number,
             (long long)op->user, (long long)op->sku, op->quantity, response->status,
             (int)(response->body.len < 300 ? response->body.len : 300), response->body.at);
    sample(worker, text);
    worker->tally.counts.wrong++;
    if (op->kind == FLASH_BENCH_ORDER) {
        end_unknown(worker, op);
    } else if (flash_bench_kind_changes(op->kind)) {
        end_change_unknown(worker, op);
    } else {
        worker->tally.counts.unsettled += op->kind == FLASH_BENCH_PAGE;
        end(worker, op);
    }
}

static void check(const struct flash_bench_worker *worker, const struct flash_bench_op *op,
                  const struct flash_bench_response *response, struct flash_bench_answer *answer)
{
    struct names names;
    struct flash_bench_expect expect = {
        .kind = op->kind,
        .order_id = op->order_id,
        .sku = op->sku,
        .quantity = op->quantity,
        .first = op->attempts == 1 && !worker->shared->options->run_given,
        .conditional = op->etag[0] != '\0',
    };
    if (op->kind == FLASH_BENCH_ORDER && response->status == 202) { /* a refusal names no order */
        name_order(worker, op, &names, &expect);
    }
    flash_bench_answer_check(response, &expect, answer);
}

void flash_bench_outcome_answer(struct flash_bench_worker *worker, struct flash_bench_op *op,
                                const struct flash_bench_response *response)
{
    struct flash_bench_answer answer;
    check(worker, op, response, &answer);
    switch (answer.verdict) {
    case FLASH_BENCH_ACCEPTED:
        accepted(worker, op, &answer);
        break;
    case FLASH_BENCH_REFUSED:
        refused(worker, op, &answer);
        break;
    case FLASH_BENCH_UNCERTAIN:
    case FLASH_BENCH_BUSY:
        op->uncertain |= answer.verdict == FLASH_BENCH_UNCERTAIN;
        flash_bench_words_add(&worker->tally.errors, answer.slug, 1);
        retry(worker, op, response->retry_after_s);
        break;
    case FLASH_BENCH_SEEN:
    case FLASH_BENCH_UNCHANGED:
        read_done(worker, op, answer.state);
        break;
    case FLASH_BENCH_CHANGED:
        changed(worker, op);
        break;
    case FLASH_BENCH_WRONG:
        wrong(worker, op, response, answer.reason);
        break;
    }
}

void flash_bench_outcome_lost(struct flash_bench_worker *worker, struct flash_bench_op *op,
                              const char *word)
{
    flash_bench_words_add(&worker->tally.errors, word, 1);
    op->uncertain = true;
    retry(worker, op, -1);
}

void flash_bench_outcome_abandon(struct flash_bench_worker *worker, struct flash_bench_op *op,
                                 bool in_flight)
{
    op->uncertain |= in_flight;
    end_unanswered(worker, op);
}

void flash_bench_outcome_stray(struct flash_bench_worker *worker, const char *reason)
{
    sample(worker, reason);
    worker->tally.counts.wrong++;
}
