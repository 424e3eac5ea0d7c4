/* One pass of expiry; see expiry.h.
 *
 * A turn is one SKU's way through the pass: its first `offset` due members are those that were met
 * QUEUED and stay. A full call's last member may have stayed because it did not fit, so the next
 * call looks at that one again.
 *
 * A call whose reply was lost may have taken orders; its entry is in the journal then, not sent, as
 * after a crash between the two: the journal is what is reconciled (DESIGN §9.1). After a failed
 * call a PING tells whether Redis is away or only this SKU refused. */
#include "expiry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/time.h"
#include "metrics.h"
#include "pace.h"
#include "publish.h"

#define CALL_COST 1          /* orders that a call is charged for beside those it takes */
#define PASSED_COST 16       /* and for every due entry it passes over */
#define PAUSE_MIN_US 1000    /* shorter waits are put together */
#define PASS_MAX_US 30000000 /* then a new pass takes the list of SKUs anew */
#define ARGS 5

struct turn {
    int64_t sku;
    int64_t offset;
};

struct flash_expiry {
    struct flash_expiry_parts parts;
    struct flash_pace pace;
    struct flash_catalog_list list;
    struct turn *turns;
    size_t turn_capacity;
    _Atomic bool redis_ready;
    _Atomic uint64_t complete_us; /* when the last complete pass began; before it, the start */
};

struct pass {
    struct flash_expiry *expiry;
    struct flash_duty *duty;
    struct flash_expiry_done *done;
    uint64_t began_us;
};

/* What became of one call. */
enum step {
    STEP_DRY, /* nothing more is due */
    STEP_MORE,
    STEP_SKIP, /* this SKU cannot be served now */
    STEP_AWAY, /* Redis does not answer */
};

bool flash_expiry_new(const struct flash_expiry_parts *parts, int64_t rate,
                      struct flash_expiry **ret_expiry, struct flash_error *err)
{
    struct flash_expiry *expiry = calloc(1, sizeof(*expiry));
    if (!expiry) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "expiry: out of memory");
    }
    expiry->parts = *parts;
    flash_pace_init(&expiry->pace, rate);
    expiry->complete_us = flash_time_monotonic_us();
    *ret_expiry = expiry;
    return true;
}

void flash_expiry_free(struct flash_expiry *expiry)
{
    if (expiry) {
        flash_catalog_list_finish(&expiry->list);
        free(expiry->turns);
        free(expiry);
    }
}

/* ---- the round over the SKUs ---- */

static bool begin(struct flash_expiry *expiry)
{
    struct flash_catalog_list *list = &expiry->list;
    if (!flash_catalog_copy(expiry->parts.catalog, list)) {
        return false;
    }
    if (list->count > expiry->turn_capacity) {
        struct turn *turns = reallocarray(expiry->turns, list->count, sizeof(*turns));
        if (!turns) {
            return false;
        }
        expiry->turns = turns;
        expiry->turn_capacity = list->count;
    }
    for (size_t i = 0; i < list->count; i++) {
        expiry->turns[i] = (struct turn){.sku = list->skus[i]};
    }
    return true;
}

static enum step take_due(struct pass *pass, struct turn *turn);

/* Whether the next call may go; else the pass has ended. */
static bool may_go_on(struct pass *pass)
{
    uint64_t now_us = flash_time_monotonic_us(), next_us = pass->expiry->pace.next_us;
    bool early = next_us > now_us && next_us - now_us >= PAUSE_MIN_US;
    if (!flash_duty_pause(pass->duty, early ? next_us : 0)) {
        pass->done->end = FLASH_EXPIRY_STOPPED;
        return false;
    }
    if (now_us - pass->began_us > PASS_MAX_US) {
        pass->done->end = FLASH_EXPIRY_CUT;
        return false;
    }
    return true;
}

/* One call for each open turn; returns how many are still open, which stand first then. */
static size_t go_round(struct pass *pass, size_t open)
{
    struct turn *turns = pass->expiry->turns;
    size_t still = 0;
    for (size_t i = 0; i < open && pass->done->end == FLASH_EXPIRY_COMPLETE && may_go_on(pass);
         i++) {
        enum step step = take_due(pass, &turns[i]);
        if (step == STEP_MORE) {
            turns[still++] = turns[i];
        } else if (step == STEP_SKIP) {
            pass->done->skipped++;
            pass->done->skipped_sku = turns[i].sku;
        } else if (step == STEP_AWAY) {
            pass->done->end = FLASH_EXPIRY_NO_REDIS;
        }
    }
    return still;
}

/* Also when there is no SKU to ask about: readiness rests on it. */
static bool ask_redis(struct pass *pass)
{
    struct flash_expiry *expiry = pass->expiry;
    struct flash_error err;
    expiry->redis_ready = flash_redis_sync_ping(expiry->parts.redis, &err);
    if (!expiry->redis_ready) {
        flash_reconciler_count(METRIC_ERRORS_REDIS, 1);
        pass->done->err = err;
    }
    return expiry->redis_ready;
}

static void go(struct pass *pass)
{
    struct flash_expiry *expiry = pass->expiry;
    struct flash_expiry_done *done = pass->done;
    if (!begin(expiry) || expiry->list.generation == 0) {
        done->end = FLASH_EXPIRY_NO_LEDGER;
        return;
    }
    if (!ask_redis(pass)) {
        done->end = FLASH_EXPIRY_NO_REDIS;
        return;
    }
    if (!flash_producer_ready(expiry->parts.producer)) {
        done->end = FLASH_EXPIRY_NO_KAFKA;
        return;
    }
    done->skus = (int64_t)expiry->list.count;
    size_t open = expiry->list.count;
    while (open > 0 && done->end == FLASH_EXPIRY_COMPLETE) {
        open = go_round(pass, open);
    }
}

static void note(const struct pass *pass)
{
    const struct flash_expiry_done *done = pass->done;
    struct flash_metric *metrics = flash_reconciler_metrics;
    bool complete = done->end == FLASH_EXPIRY_COMPLETE;
    flash_reconciler_count(complete ? METRIC_PASSES_WHOLE : METRIC_PASSES_BROKEN_OFF, 1);
    flash_metric_observe_us(&metrics[METRIC_PASS_LATENCY], (uint64_t)done->took_us);
    if (complete) {
        pass->expiry->complete_us = pass->began_us;
        flash_metric_set(&metrics[METRIC_EXPIRY_QUEUED], done->queued);
        flash_metric_set(&metrics[METRIC_SKUS_SKIPPED], done->skipped);
    }
}

void flash_expiry_pass(struct flash_expiry *expiry, struct flash_duty *duty,
                       struct flash_expiry_done *ret_done)
{
    *ret_done = (struct flash_expiry_done){.end = FLASH_EXPIRY_COMPLETE};
    struct pass pass = {expiry, duty, ret_done, flash_time_monotonic_us()};
    go(&pass);
    ret_done->took_us = (int64_t)(flash_time_monotonic_us() - pass.began_us);
    note(&pass);
}

bool flash_expiry_redis_ready(const struct flash_expiry *expiry)
{
    return expiry->redis_ready;
}

void flash_expiry_note_lag(const struct flash_expiry *expiry)
{
    int64_t lag_us = (int64_t)(flash_time_monotonic_us() - expiry->complete_us);
    flash_metric_set(&flash_reconciler_metrics[METRIC_EXPIRY_LAG], lag_us / 1000);
}

/* ---- one call ---- */

struct arguments {
    struct flash_entry_name name;
    char generation[24], most[24], offset[24];
    const char *argv[ARGS];
    size_t len[ARGS];
};

static bool fill(struct arguments *args, const struct flash_expiry *expiry, const struct turn *turn,
                 struct flash_error *err)
{
    if (!flash_entry_name_new(&args->name, err)) {
        return false;
    }
    snprintf(args->generation, sizeof(args->generation), "%lld",
             (long long)expiry->list.generation);
    snprintf(args->most, sizeof(args->most), "%d", flash_pace_portion(&expiry->pace));
    snprintf(args->offset, sizeof(args->offset), "%lld", (long long)turn->offset);
    const char *const texts[ARGS] = {args->generation, args->name.uuid, args->name.low, args->most,
                                     args->offset};
    for (int i = 0; i < ARGS; i++) {
        args->argv[i] = texts[i];
        args->len[i] = strlen(texts[i]);
    }
    return true;
}

/* Behind a closed gate nothing expires: the recovery opens it, and a later pass takes what is due.
 */
static enum step judge_refusal(struct pass *pass, const struct turn *turn,
                               const struct flash_redis_reply *reply)
{
    struct flash_text word = flash_redis_reply_text(flash_redis_reply_at(reply, 0));
    struct flash_text more = flash_redis_reply_text(flash_redis_reply_at(reply, 1));
    flash_error_set(&pass->done->err, FLASH_ERROR_RETRY, "Redis answers for SKU %lld: %.*s %.*s",
                    (long long)turn->sku, (int)word.len, word.at, (int)more.len, more.at);
    if (flash_redis_reply_is(flash_redis_reply_at(reply, 0), "GENERATION")) {
        flash_duty_ask(pass->expiry->parts.catalog_duty);
    } else if (!flash_redis_reply_is(flash_redis_reply_at(reply, 0), "CLOSED")) {
        flash_reconciler_count(METRIC_ERRORS_REDIS, 1);
    }
    return STEP_SKIP;
}

static void publish(struct pass *pass, const struct turn *turn, const char *uuid,
                    struct flash_text entry)
{
    struct flash_publication publication = {
        .type = FLASH_ENTRY_EXPIRE, .sku = turn->sku, .uuid = uuid, .entry = entry};
    pass->done->entries++;
    if (!flash_publish(pass->expiry->parts.producer, &publication, &pass->done->err)) {
        flash_reconciler_count(METRIC_ERRORS_KAFKA, 1);
    }
}

/* What an OK answer says: OK, entry, µs, journal length, orders, passed over, more. */
static enum step read_answer(struct pass *pass, struct turn *turn, const char *uuid,
                             const struct flash_redis_reply *reply)
{
    struct flash_text entry = flash_redis_reply_text(flash_redis_reply_at(reply, 1));
    int64_t orders = flash_redis_reply_int(flash_redis_reply_at(reply, 4));
    int64_t passed = flash_redis_reply_int(flash_redis_reply_at(reply, 5));
    bool more = flash_redis_reply_int(flash_redis_reply_at(reply, 6)) != 0;
    bool full = orders >= flash_pace_portion(&pass->expiry->pace);
    int64_t queued = full && passed > 0 ? passed - 1 : passed;
    if (entry.len > 0) {
        publish(pass, turn, uuid, entry);
    }
    flash_reconciler_count(METRIC_EXPIRED_ORDERS, orders);
    pass->done->expired += orders;
    pass->done->queued += queued;
    turn->offset += queued;
    return more ? STEP_MORE : STEP_DRY;
}

static enum step take_due(struct pass *pass, struct turn *turn)
{
    struct flash_expiry *expiry = pass->expiry;
    struct flash_expiry_done *done = pass->done;
    int64_t expired = done->expired, queued = done->queued;
    struct arguments args;
    if (!fill(&args, expiry, turn, &done->err)) {
        return STEP_SKIP;
    }
    struct flash_redis_call call = {.script = FLASH_SCRIPT_EXPIRE,
                                    .sku = turn->sku,
                                    .argc = ARGS,
                                    .argv = args.argv,
                                    .argv_len = args.len};
    struct flash_redis_reply *reply;
    uint64_t began_us = flash_time_monotonic_us();
    if (!flash_redis_sync_call(expiry->parts.redis, &call, &reply, &done->err)) {
        flash_reconciler_count(METRIC_ERRORS_REDIS, 1);
        return ask_redis(pass) ? STEP_SKIP : STEP_AWAY;
    }
    flash_metric_observe_us(&flash_reconciler_metrics[METRIC_CALL_LATENCY],
                            flash_time_monotonic_us() - began_us);
    enum step step = flash_redis_reply_is(flash_redis_reply_at(reply, 0), "OK")
                         ? read_answer(pass, turn, args.name.uuid, reply)
                         : judge_refusal(pass, turn, reply);
    flash_redis_reply_free(reply);
    flash_pace_charge(&expiry->pace, began_us,
                      CALL_COST + done->expired - expired + PASSED_COST * (done->queued - queued));
    return step;
}
