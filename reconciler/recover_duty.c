/* Recovery as a duty; see recover_duty.h. A change of what is found is logged once. */
#include "recover_duty.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "flash/log.h"
#include "flash/time.h"
#include "metrics.h"
#include "recover_record.h"

#define OPERATOR "flash-reconciler"
#define RUNNING "recovery.running"
#define BEACON_US                                                                                  \
    5000000 /* between beacons: what a ledger may fall back by without being noticed */

struct flash_recover_duty {
    struct flash_duty *duty;
    struct flash_duty *here; /* the same, as the thread was given it */
    struct flash_recover *recover;
    struct flash_recover_record *record;
    struct flash_alarms *alarms; /* (borrowed) */
    bool automatic;
    _Atomic bool stopping;
    uint64_t beacon_us; /* the next is due */
    enum flash_recover_end said;
    enum flash_recover_stage said_stage;
    _Atomic int found; /* enum flash_recover_end */
};

static bool step(const struct flash_recover_step *step, void *arg)
{
    struct flash_recover_duty *duty = arg;
    if (step->done == 0 && (step->stage != duty->said_stage || step->stage == 0)) {
        const struct flash_alarm running = {RUNNING, FLASH_SEVERITY_CRITICAL,
                                            "nothing is sold of the SKUs in need until it is done"};
        flash_alarm_raise(duty->alarms, &running);
        FLASH_LOG(WARN, "recover.stage", FLASH_TEXT("stage", flash_recover_stage_name(step->stage)),
                  FLASH_INT("generation", step->generation), FLASH_INT("skus", step->total));
    }
    duty->said_stage = step->stage;
    return !duty->stopping;
}

static bool wait_a_little(int ms, void *arg)
{
    struct flash_recover_duty *duty = arg;
    return !duty->stopping &&
           flash_duty_pause(duty->here, flash_time_monotonic_us() + (uint64_t)ms * 1000);
}

static void log_finding(const struct flash_finding *finding, void *arg)
{
    flash_recover_record_found(((struct flash_recover_duty *)arg)->record, finding);
    flash_reconciler_count(METRIC_RECOVER_FINDINGS, 1);
    FLASH_LOG(ERROR, "recover.finding", FLASH_TEXT("cause", flash_cause_name(finding->cause)),
              FLASH_INT("sku", finding->sku), FLASH_TEXT("detail", finding->detail));
}

static void say(struct flash_recover_duty *duty, const struct flash_recover_done *done)
{
    bool recovered = done->end == FLASH_RECOVER_DONE || done->end == FLASH_RECOVER_PARTLY;
    if (recovered) {
        FLASH_LOG(WARN, "recover.done", FLASH_TEXT("end", flash_recover_end_name(done->end)),
                  FLASH_INT("generation", done->generation), FLASH_INT("skus", done->skus),
                  FLASH_INT("in_need", done->in_need), FLASH_INT("opened", done->opened),
                  FLASH_INT("entries_lost", done->lost), FLASH_INT("orders_swept", done->swept),
                  FLASH_INT("orders_learnt", done->learnt),
                  FLASH_INT("entries_resent", done->resent),
                  FLASH_INT("took_ms", done->took_us / 1000), FLASH_TEXT("error", done->err.text));
    } else if (done->end != duty->said && done->end != FLASH_RECOVER_NOTHING) {
        FLASH_LOG(WARN, "recover.not_done", FLASH_TEXT("end", flash_recover_end_name(done->end)),
                  FLASH_INT("in_need", done->in_need), FLASH_TEXT("error", done->err.text));
    }
    duty->said = done->end;
}

/* What people are told, and what stays in the ledger. */
static void report(struct flash_recover_duty *duty, const struct flash_recover_done *done)
{
    struct flash_error err = {0};
    char text[160];
    bool over = done->end == FLASH_RECOVER_NOTHING || done->end == FLASH_RECOVER_DONE;
    bool unknown = done->generation == 0 && done->in_need == 0; /* it could not even look */
    if (over) {
        flash_alarm_clear(duty->alarms, RUNNING, "every SKU is in order");
    } else if (!unknown) {
        snprintf(text, sizeof(text), "%s: %lld SKUs in need", flash_recover_end_name(done->end),
                 (long long)done->in_need);
        flash_alarm_raise(duty->alarms,
                          &(struct flash_alarm){RUNNING, FLASH_SEVERITY_CRITICAL, text});
    }
    if (!flash_recover_record_write(duty->record, done, OPERATOR, &err)) {
        FLASH_LOG(WARN, "reconciler.not_recorded", FLASH_TEXT("error", err.text));
    }
}

static void beat(struct flash_recover_duty *duty)
{
    struct flash_error err = {0};
    uint64_t now_us = flash_time_monotonic_us();
    if (now_us < duty->beacon_us) {
        return;
    }
    duty->beacon_us = now_us + BEACON_US;
    if (!flash_recover_beacon(duty->recover, &err)) {
        FLASH_LOG(WARN, "recover.no_beacon", FLASH_TEXT("error", err.text));
    }
}

static void look(struct flash_duty *thread, void *arg)
{
    struct flash_recover_duty *duty = arg;
    struct flash_recover_done done;
    const struct flash_recover_options options = {.only_look = !duty->automatic,
                                                  .patient = true,
                                                  .step = step,
                                                  .pause = wait_a_little,
                                                  .found = log_finding,
                                                  .arg = duty};
    duty->here = thread;
    flash_recover_run(duty->recover, &options, &done);
    say(duty, &done);
    report(duty, &done);
    bool recovered = done.end == FLASH_RECOVER_DONE || done.end == FLASH_RECOVER_PARTLY;
    flash_metric_set(&flash_reconciler_metrics[METRIC_RECOVER_IN_NEED],
                     recovered ? done.in_need - done.opened : done.in_need);
    if (recovered) {
        flash_reconciler_count(METRIC_RECOVERIES, 1);
        flash_metric_observe_us(&flash_reconciler_metrics[METRIC_RECOVER_LATENCY],
                                (uint64_t)done.took_us);
    } else if (done.end == FLASH_RECOVER_NOTHING || done.end == FLASH_RECOVER_PUT_OFF) {
        beat(duty);
    }
    duty->found = (int)done.end;
}

bool flash_recover_duty_new(const struct flash_recover_duty_parts *parts,
                            struct flash_recover_duty **ret_duty, struct flash_error *err)
{
    const struct flash_config *config = parts->config;
    struct flash_recover_duty *duty = calloc(1, sizeof(*duty));
    if (!duty) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "recover: out of memory");
    }
    const struct flash_duty_plan plan = {config->reconciler.recover_interval_ms, look, duty};
    duty->alarms = parts->alarms;
    duty->automatic = config->reconciler.recover == FLASH_SWITCH_ON;
    duty->said_stage = FLASH_RECOVER_STAGE_COUNT;
    if (!flash_recover_new(config, parts->producer, &duty->recover, err) ||
        !flash_recover_record_new(config, &duty->record, err) ||
        !flash_duty_new(&plan, &duty->duty, err)) {
        flash_recover_duty_free(duty);
        return false;
    }
    *ret_duty = duty;
    return true;
}

void flash_recover_duty_stop(struct flash_recover_duty *duty)
{
    if (duty) {
        duty->stopping = true;
        flash_duty_stop(duty->duty);
    }
}

bool flash_recover_duty_stopped(struct flash_recover_duty *duty)
{
    return !duty || flash_duty_stopped(duty->duty);
}

void flash_recover_duty_free(struct flash_recover_duty *duty)
{
    if (duty) {
        flash_recover_duty_stop(duty);
        flash_duty_free(duty->duty);
        flash_recover_record_free(duty->record);
        flash_recover_free(duty->recover);
        free(duty);
    }
}

bool flash_recover_duty_ready(const struct flash_recover_duty *duty, const char **ret_reason)
{
    static const char *const reasons[FLASH_RECOVER_END_COUNT] = {
        [FLASH_RECOVER_NEEDED] = "a recovery is needed, and reconciler.recover is off",
        [FLASH_RECOVER_PARTLY] = "some SKUs are damaged in Redis and could not be recovered",
        [FLASH_RECOVER_PUT_OFF] = "some SKUs are damaged in Redis and could not be recovered",
        [FLASH_RECOVER_STOPPED] = "a recovery was broken off",
        [FLASH_RECOVER_OVERTAKEN] = "Redis restarted during a recovery, or another one was faster",
        [FLASH_RECOVER_LEASE] = "another reconciler is recovering",
        [FLASH_RECOVER_NO_LEDGER] = "the ledger does not answer",
        [FLASH_RECOVER_NO_REDIS] = "Redis does not answer",
        [FLASH_RECOVER_NO_KAFKA] = "Kafka does not take the marker",
    };
    *ret_reason = reasons[duty->found];
    return *ret_reason == NULL;
}
