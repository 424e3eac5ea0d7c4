/* The daemon's audits, their metrics and their log lines; see audit_watch.h.
 *
 * What an audit finds is logged when it is not what the last one of its form found, and as rows of
 * the ledger when there is any; a clean audit leaves metrics only. */
#include "audit_watch.h"

#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "flash/log.h"
#include "flash/time.h"
#include "metrics.h"

#define LOGGED_MAX 8 /* findings of one audit that are logged */

enum form { FORM_UNITS, FORM_FULL, FORM_COUNT };

struct flash_audit_watch {
    struct flash_audit *audit;
    uint64_t full_interval_us, next_full_us;
    struct flash_duty *duty;                  /* of the run in hand */
    struct flash_audit_done done[FORM_COUNT]; /* the last that ended well */
    bool away;                                /* the last one did not */
    bool changed;                             /* the run in hand's findings are new */
    int logged;
};

bool flash_audit_watch_new(const struct flash_config *config, struct flash_audit_watch **ret_watch,
                           struct flash_error *err)
{
    struct flash_audit_watch *watch = calloc(1, sizeof(*watch));
    if (!watch) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "audit: out of memory");
    }
    watch->full_interval_us = (uint64_t)config->reconciler.audit_full_interval_ms * 1000;
    watch->next_full_us = flash_time_monotonic_us() + watch->full_interval_us;
    if (!flash_audit_new(config, &watch->audit, err)) {
        flash_audit_watch_free(watch);
        return false;
    }
    *ret_watch = watch;
    return true;
}

void flash_audit_watch_free(struct flash_audit_watch *watch)
{
    if (watch) {
        flash_audit_free(watch->audit);
        free(watch);
    }
}

static bool pause_until(uint64_t until_us, void *arg)
{
    const struct flash_audit_watch *watch = arg;
    return flash_duty_pause(watch->duty, until_us);
}

static void found(const struct flash_finding *finding, void *arg)
{
    struct flash_audit_watch *watch = arg;
    if (watch->logged++ < LOGGED_MAX) {
        FLASH_LOG(WARN, "reconciler.audit_found",
                  FLASH_TEXT("cause", flash_cause_name(finding->cause)),
                  FLASH_INT("sku", finding->sku), FLASH_INT("quantity", finding->quantity),
                  FLASH_TEXT("order", finding->order_id), FLASH_TEXT("detail", finding->detail));
    }
}

/* ---- what is other than before ---- */

static void note_metrics(const struct flash_audit_watch *watch, const struct flash_audit_done *done)
{
    struct flash_metric *metrics = flash_reconciler_metrics;
    for (int cause = 0; cause < FLASH_CAUSE_COUNT; cause++) {
        int64_t units = watch->done[FORM_UNITS].by_cause[cause];
        int64_t full = watch->done[FORM_FULL].by_cause[cause];
        flash_metric_set(&metrics[METRIC_AUDIT_FINDINGS + cause], units > full ? units : full);
    }
    flash_metric_set(&metrics[METRIC_AUDIT_UNDECIDED], done->undecided);
    flash_metric_set(&metrics[METRIC_AUDIT_LAST], (int64_t)(flash_time_wall_ms() / 1000));
    flash_reconciler_count(METRIC_AUDIT_ORDERS, done->orders);
    flash_reconciler_count(METRIC_AUDIT_GONE, done->gone);
}

static void note_end(struct flash_audit_watch *watch, enum form form,
                     const struct flash_audit_done *done)
{
    struct flash_audit_done *before = &watch->done[form];
    bool clean = done->findings == 0;
    flash_reconciler_count(clean ? METRIC_AUDITS_CLEAN : METRIC_AUDITS_FINDINGS, 1);
    flash_metric_observe_us(
        &flash_reconciler_metrics[form == FORM_FULL ? METRIC_AUDIT_FULL_TIME : METRIC_AUDIT_TIME],
        (uint64_t)done->took_us);
    if (clean && before->findings > 0) {
        FLASH_LOG(INFO, "reconciler.audit_clean", FLASH_INT("skus", done->skus),
                  FLASH_INT("full", form == FORM_FULL));
    } else if (memcmp(done->by_cause, before->by_cause, sizeof(done->by_cause)) != 0) {
        FLASH_LOG(WARN, "reconciler.audit_findings", FLASH_INT("findings", done->findings),
                  FLASH_INT("skus", done->skus), FLASH_INT("full", form == FORM_FULL));
    }
    *before = *done;
    note_metrics(watch, done);
}

static void note_away(struct flash_audit_watch *watch, bool away, const struct flash_error *err)
{
    if (away && !watch->away) {
        FLASH_LOG(WARN, "reconciler.audit_away", FLASH_TEXT("error", err->text));
    } else if (!away && watch->away) {
        FLASH_LOG(INFO, "reconciler.audit_back");
    }
    watch->away = away;
}

void flash_audit_watch_run(struct flash_duty *duty, void *arg)
{
    struct flash_audit_watch *watch = arg;
    struct flash_audit_done done;
    struct flash_error err = {0};
    uint64_t now_us = flash_time_monotonic_us();
    enum form form = now_us >= watch->next_full_us ? FORM_FULL : FORM_UNITS;
    const struct flash_audit_ask ask = {
        .full = form == FORM_FULL, .found = found, .pause = pause_until, .arg = watch};
    watch->duty = duty;
    watch->logged = watch->done[form].findings > 0 ? LOGGED_MAX : 0;
    if (form == FORM_FULL) {
        watch->next_full_us = now_us + watch->full_interval_us;
    }
    bool ok = flash_audit_run(watch->audit, &ask, &done, &err);
    if (!ok) {
        flash_reconciler_count(METRIC_AUDITS_AWAY, 1);
    }
    note_away(watch, !ok, &err);
    if (ok && !done.stopped) {
        note_end(watch, form, &done);
    }
}
