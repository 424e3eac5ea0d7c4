/* The audits of the daemon, what they log and what they record; see audit_duty.h.
 *
 * What an audit finds is logged and becomes a run with its findings in the ledger when it is other
 * than what the last audit of its form found; a clean audit leaves metrics only. */
#include "audit_duty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_list.h"
#include "audit_metrics.h"
#include "duty.h"
#include "flash/log.h"
#include "flash/time.h"
#include "runs.h"

#define OPERATOR "flash-reconciler"
#define LOGGED_MAX 8 /* findings of one audit that are logged */

struct flash_audit_duty {
    struct flash_audit *audit;
    struct flash_runs *runs;
    struct flash_alarms *alarms; /* (borrowed) */
    struct flash_duty *thread;
    struct flash_duty *running; /* the same, inside a run */
    uint64_t full_interval_us, next_full_us;
    struct flash_audit_list found; /* of the audit in hand */
    struct {
        int64_t by_cause[FLASH_AUDIT_FORM_COUNT][FLASH_CAUSE_COUNT];
        bool away, record_failed;
    } said; /* a change is logged once */
};

/* ---- during an audit ---- */

static bool pause_until(uint64_t until_us, void *arg)
{
    const struct flash_audit_duty *duty = arg;
    return flash_duty_pause(duty->running, until_us);
}

static void take_finding(const struct flash_finding *finding, void *arg)
{
    struct flash_audit_duty *duty = arg;
    flash_audit_list_add(&duty->found, finding, "%s", finding->detail);
}

/* ---- after it ---- */

static void note_record(struct flash_audit_duty *duty, bool ok, const struct flash_error *err)
{
    if (!ok && !duty->said.record_failed) {
        FLASH_LOG(WARN, "reconciler.not_recorded", FLASH_TEXT("error", err->text));
    }
    duty->said.record_failed = !ok;
}

static void record(struct flash_audit_duty *duty, const struct flash_audit_done *done)
{
    const struct flash_run_whole whole = {
        .start = {.mode = FLASH_RUN_AUDIT, .operator= OPERATOR, .generation = done->generation},
        .end = {.state = FLASH_RUN_DONE, .skus = done->skus, .exit_code = 1, .detail = ""},
        .findings = duty->found.at,
        .finding_count = duty->found.count,
    };
    struct flash_error err = {0};
    note_record(duty, flash_runs_write(duty->runs, &whole, &err), &err);
}

static void say(const struct flash_audit_duty *duty, enum flash_audit_form form,
                const struct flash_audit_done *done)
{
    if (done->findings == 0) {
        FLASH_LOG(INFO, "reconciler.audit_clean", FLASH_INT("full", form == FLASH_AUDIT_FULL));
        return;
    }
    FLASH_LOG(WARN, "reconciler.audit_findings", FLASH_INT("findings", done->findings),
              FLASH_INT("full", form == FLASH_AUDIT_FULL));
    for (size_t i = 0; i < duty->found.count && i < LOGGED_MAX; i++) {
        const struct flash_finding *finding = &duty->found.at[i];
        FLASH_LOG(WARN, "reconciler.audit_found",
                  FLASH_TEXT("cause", flash_cause_name(finding->cause)),
                  FLASH_INT("sku", finding->sku), FLASH_INT("quantity", finding->quantity),
                  FLASH_TEXT("order", finding->order_id), FLASH_TEXT("detail", finding->detail));
    }
}

/* Both forms speak: what the last full audit found stands until the next one. */
static void alarm(struct flash_audit_duty *duty)
{
    int64_t by_cause[FLASH_CAUSE_COUNT] = {0}, findings = 0;
    char text[200] = "";
    size_t len = 0;
    for (int form = 0; form < FLASH_AUDIT_FORM_COUNT; form++) {
        for (int cause = 0; cause < FLASH_CAUSE_COUNT; cause++) {
            by_cause[cause] += duty->said.by_cause[form][cause];
        }
    }
    for (int cause = 0; cause < FLASH_CAUSE_COUNT; cause++) {
        findings += by_cause[cause];
        if (by_cause[cause] > 0 && len < sizeof(text)) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %lld", len ? ", " : "",
                                    flash_cause_name(cause), (long long)by_cause[cause]);
        }
    }
    if (findings > 0) {
        const struct flash_alarm found = {"audit.findings", FLASH_SEVERITY_CRITICAL, text};
        flash_alarm_raise(duty->alarms, &found);
    } else {
        flash_alarm_clear(duty->alarms, "audit.findings", "the last audits found nothing");
    }
}

static void note_end(struct flash_audit_duty *duty, enum flash_audit_form form,
                     const struct flash_audit_done *done)
{
    int64_t *before = duty->said.by_cause[form];
    flash_audit_metrics_note(form, done, (int64_t)flash_time_wall_ms());
    if (memcmp(before, done->by_cause, sizeof(done->by_cause)) != 0) {
        say(duty, form, done);
        if (done->findings > 0) {
            record(duty, done);
        }
    }
    memcpy(before, done->by_cause, sizeof(done->by_cause));
    alarm(duty);
}

static void note_away(struct flash_audit_duty *duty, bool away, const struct flash_error *err)
{
    if (away && !duty->said.away) {
        FLASH_LOG(WARN, "reconciler.audit_away", FLASH_TEXT("error", err->text));
    } else if (!away && duty->said.away) {
        FLASH_LOG(INFO, "reconciler.audit_back");
    }
    duty->said.away = away;
}

static void run(struct flash_duty *running, void *arg)
{
    struct flash_audit_duty *duty = arg;
    struct flash_audit_done done;
    struct flash_error err = {0};
    uint64_t now_us = flash_time_monotonic_us();
    enum flash_audit_form form =
        now_us >= duty->next_full_us ? FLASH_AUDIT_FULL : FLASH_AUDIT_UNITS;
    const struct flash_audit_ask ask = {
        .full = form == FLASH_AUDIT_FULL, .found = take_finding, .pause = pause_until, .arg = duty};
    duty->running = running;
    flash_audit_list_clear(&duty->found);
    if (form == FLASH_AUDIT_FULL) {
        duty->next_full_us = now_us + duty->full_interval_us;
    }
    bool ok = flash_audit_run(duty->audit, &ask, &done, &err);
    note_away(duty, !ok, &err);
    if (!ok) {
        flash_audit_metrics_note_away();
    } else if (!done.stopped) {
        note_end(duty, form, &done);
    }
}

/* ---- start and end ---- */

bool flash_audit_duty_new(const struct flash_config *config, struct flash_alarms *alarms,
                          struct flash_audit_duty **ret_duty, struct flash_error *err)
{
    struct flash_audit_duty *duty = calloc(1, sizeof(*duty));
    if (!duty) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "audit: out of memory");
    }
    duty->alarms = alarms;
    duty->full_interval_us = (uint64_t)config->reconciler.audit_full_interval_ms * 1000;
    duty->next_full_us = flash_time_monotonic_us() + duty->full_interval_us;
    flash_audit_metrics_register();
    const struct flash_duty_plan plan = {config->reconciler.audit_interval_ms, run, duty};
    if (!flash_audit_new(config, &duty->audit, err) || !flash_runs_new(config, &duty->runs, err) ||
        !flash_duty_new(&plan, &duty->thread, err)) {
        flash_audit_duty_free(duty);
        return false;
    }
    *ret_duty = duty;
    return true;
}

void flash_audit_duty_stop(struct flash_audit_duty *duty)
{
    if (duty) {
        flash_duty_stop(duty->thread);
    }
}

void flash_audit_duty_free(struct flash_audit_duty *duty)
{
    if (duty) {
        flash_duty_free(duty->thread);
        flash_runs_free(duty->runs);
        flash_audit_free(duty->audit);
        flash_audit_list_finish(&duty->found);
        free(duty);
    }
}
