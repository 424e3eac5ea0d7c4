/* One pass after the other; see reconcile_duty.h. The lock guards `health`; all else is the duty's
 * thread's. */
#include "reconcile_duty.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "duty.h"
#include "flash/log.h"
#include "flash/time.h"
#include "reconcile.h"
#include "reconcile_metrics.h"
#include "runs.h"

#define OPERATOR "flash-reconciler"
#define REST 3              /* times as long as a pass worked, it rests */
#define REST_MIN_US 5000ULL /* shorter rests are put together */

struct flash_reconcile_duty {
    const struct flash_config *config;
    struct flash_reconcile *reconcile;
    struct flash_runs *runs;
    struct flash_duty *thread;
    struct flash_duty *running; /* the same, inside a run */
    struct flash_reconcile_done done;
    struct flash_uuid run_id;
    uint64_t owed_us; /* rest that was not taken yet */
    struct {
        enum flash_reconcile_end end;
        bool record_failed;
    } said; /* a change is logged once */
    pthread_mutex_t lock;
    struct flash_reconcile_health health;
};

/* ---- during a pass ---- */

static void note_record(struct flash_reconcile_duty *duty, bool ok, const struct flash_error *err)
{
    if (!ok && !duty->said.record_failed) {
        FLASH_LOG(WARN, "reconciler.not_recorded", FLASH_TEXT("error", err->text));
    }
    duty->said.record_failed = !ok;
}

/* The first finding of a pass begins its run. */
static void record(const struct flash_finding *finding, void *arg)
{
    struct flash_reconcile_duty *duty = arg;
    struct flash_error err = {0};
    const struct flash_run_start start = {
        .mode = FLASH_RUN_RUN, .operator= OPERATOR, .generation = duty->done.generation};
    bool ok =
        flash_runs_open(duty->runs) || flash_runs_begin(duty->runs, &start, &duty->run_id, &err);
    note_record(duty, ok && flash_runs_add(duty->runs, finding, &err), &err);
}

static bool rest(const struct flash_reconcile_step *step, void *arg)
{
    struct flash_reconcile_duty *duty = arg;
    duty->owed_us += step->took_us * REST;
    uint64_t until_us = 0;
    if (duty->owed_us >= REST_MIN_US) {
        until_us = flash_time_monotonic_us() + duty->owed_us;
        duty->owed_us = 0;
    }
    return flash_duty_pause(duty->running, until_us);
}

/* ---- after it ---- */

static void end_run(struct flash_reconcile_duty *duty)
{
    static const enum flash_run_state states[FLASH_RECONCILE_END_COUNT] = {
        [FLASH_RECONCILE_COMPLETE] = FLASH_RUN_DONE,
        [FLASH_RECONCILE_STOPPED] = FLASH_RUN_STOPPED,
        [FLASH_RECONCILE_GUARD] = FLASH_RUN_STOPPED,
        [FLASH_RECONCILE_NO_KAFKA] = FLASH_RUN_DONE,
        [FLASH_RECONCILE_NO_LEDGER] = FLASH_RUN_FAILED,
        [FLASH_RECONCILE_NO_REDIS] = FLASH_RUN_FAILED,
        [FLASH_RECONCILE_LEASE] = FLASH_RUN_DONE,
    };
    const struct flash_reconcile_done *done = &duty->done;
    struct flash_error err = {0};
    const struct flash_run_end end = {
        .state = states[done->end],
        .skus = done->skus,
        .entries = done->entries,
        .settled = done->settled,
        .resent = done->resent,
        .compensated = done->compensated,
        .exit_code = flash_reconcile_exit_code(done),
        .detail = done->end == FLASH_RECONCILE_COMPLETE ? "" : done->err.text,
    };
    note_record(duty, flash_runs_end(duty->runs, &end, &err), &err);
}

static bool is_trouble(enum flash_reconcile_end end)
{
    return end != FLASH_RECONCILE_COMPLETE && end != FLASH_RECONCILE_STOPPED &&
           end != FLASH_RECONCILE_LEASE;
}

static void say(struct flash_reconcile_duty *duty)
{
    const struct flash_reconcile_done *done = &duty->done;
    const char *end = flash_reconcile_end_name(done->end);
    if (done->end != duty->said.end && is_trouble(done->end)) {
        FLASH_LOG(WARN, "reconciler.pass", FLASH_TEXT("end", end),
                  FLASH_TEXT("error", done->err.text), FLASH_INT("late", done->late));
    } else if (done->end != duty->said.end) {
        FLASH_LOG(INFO, "reconciler.pass", FLASH_TEXT("end", end));
    }
    duty->said.end = done->end;
    if (done->settled + done->resent + done->compensated > 0) {
        FLASH_LOG(INFO, "reconciler.reconciled", FLASH_INT("settled", done->settled),
                  FLASH_INT("sent_again", done->resent),
                  FLASH_INT("compensated", done->compensated), FLASH_INT("late", done->late),
                  FLASH_INT("took_ms", done->took_us / 1000));
    }
}

static void set_health(struct flash_reconcile_duty *duty)
{
    const struct flash_reconcile_done *done = &duty->done;
    pthread_mutex_lock(&duty->lock);
    snprintf(duty->health.pass, sizeof(duty->health.pass), "%s",
             is_trouble(done->end) ? done->err.text : "");
    snprintf(duty->health.proof, sizeof(duty->health.proof), "%s",
             done->topic.kind != FLASH_ERROR_NONE ? done->topic.text : "");
    pthread_mutex_unlock(&duty->lock);
}

static void run(struct flash_duty *running, void *arg)
{
    struct flash_reconcile_duty *duty = arg;
    const struct flash_reconcile_options options = {
        .depth = FLASH_RECONCILE_ACT, .found = record, .step = rest, .arg = duty};
    duty->running = running;
    flash_reconcile_pass(duty->reconcile, &options, &duty->done);
    if (flash_runs_open(duty->runs)) {
        end_run(duty);
    }
    flash_reconcile_metrics_note(&duty->done, (int64_t)flash_time_wall_ms());
    set_health(duty);
    say(duty);
}

/* ---- start and end ---- */

bool flash_reconcile_duty_new(const struct flash_config *config, struct flash_producer *producer,
                              struct flash_reconcile_duty **ret_duty, struct flash_error *err)
{
    struct flash_reconcile_duty *duty = calloc(1, sizeof(*duty));
    if (!duty) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "reconcile: out of memory");
    }
    duty->config = config;
    pthread_mutex_init(&duty->lock, NULL);
    const struct flash_duty_plan plan = {config->reconciler.interval_ms, run, duty};
    if (!flash_reconcile_new(config, producer, &duty->reconcile, err) ||
        !flash_runs_new(config, &duty->runs, err) || !flash_duty_new(&plan, &duty->thread, err)) {
        flash_reconcile_duty_free(duty);
        return false;
    }
    *ret_duty = duty;
    return true;
}

void flash_reconcile_duty_stop(struct flash_reconcile_duty *duty)
{
    if (duty) {
        flash_duty_stop(duty->thread);
    }
}

bool flash_reconcile_duty_stopped(struct flash_reconcile_duty *duty)
{
    return !duty || flash_duty_stopped(duty->thread);
}

void flash_reconcile_duty_free(struct flash_reconcile_duty *duty)
{
    if (duty) {
        flash_duty_free(duty->thread);
        flash_runs_free(duty->runs);
        flash_reconcile_free(duty->reconcile);
        pthread_mutex_destroy(&duty->lock);
        free(duty);
    }
}

void flash_reconcile_duty_health(struct flash_reconcile_duty *duty,
                                 struct flash_reconcile_health *ret_health)
{
    pthread_mutex_lock(&duty->lock);
    *ret_health = duty->health;
    pthread_mutex_unlock(&duty->lock);
}
