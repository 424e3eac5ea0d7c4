/* Passes on request; see pass.h. They change nothing that would not have changed by itself, so the
 * paper trail is written behind them, and one that could not be written down is still answered as
 * done. */
#include "pass.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "flash/log.h"
#include "ledger.h"
#include "reconciler.h"

struct signing {
    const struct flash_job *job;
    const char *action, *detail;
};

static enum flash_work sign_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    const struct signing *signing = arg;
    const struct flash_change change = {signing->action, signing->job->answer.status,
                                        signing->detail};
    return flash_ledger_sign(mysql, signing->job, &change, err) ? FLASH_WORK_COMMIT
                                                                : FLASH_WORK_FAILED;
}

static void sign(struct flash_job *job, struct flash_mysql *mysql, const char *action,
                 const char *detail)
{
    struct signing signing = {job, action, detail};
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_run(mysql, sign_work, &signing, &err);
    (void)flash_ledger_refusal(end, job, &err); /* logs it */
}

static void say_away(const struct flash_job *job, const struct flash_error *err)
{
    if (err->kind != FLASH_ERROR_NONE) {
        FLASH_LOG(WARN, "admin.reconciler_away", FLASH_TEXT("error", err->text),
                  FLASH_TEXT("request_id", job->caller.request_id));
    }
}

static char *counts_json(const struct flash_pass_counts *counts, size_t flags)
{
    json_t *json = json_pack("{s:I, s:I, s:I, s:I, s:b, s:I}", "skus", (json_int_t)counts->skus,
                             "expired", (json_int_t)counts->expired, "queued",
                             (json_int_t)counts->queued, "skipped", (json_int_t)counts->skipped,
                             "complete", counts->complete, "took_ms", (json_int_t)counts->took_ms);
    char *text = json ? json_dumps(json, JSON_COMPACT | flags) : NULL;
    json_decref(json);
    return text;
}

void flash_pass_run(struct flash_job *job, struct flash_stores *stores)
{
    struct flash_answer *answer = &job->answer;
    struct flash_error err = {0};
    struct flash_pass_answer pass = flash_reconciler_ask(stores, &job->caller, &err);
    answer->refusal = pass.refusal;
    say_away(job, &err);
    if (pass.refusal == FLASH_REFUSE_NOTHING) {
        char detail[96];
        snprintf(detail, sizeof(detail), "expired %" PRId64 " orders of %" PRId64 " SKUs",
                 pass.counts.expired, pass.counts.skus);
        answer->status = 200;
        sign(job, stores->mysql, "expiry.pass", detail);
        answer->body = counts_json(&pass.counts, 0);
    } else if (pass.refusal == FLASH_REFUSE_STOPPING) {
        answer->detail = "The back office is shutting down. The pass goes on.";
    } else if (pass.counted) {
        answer->members = counts_json(&pass.counts, JSON_EMBED);
    }
}

void flash_pass_reconcile(struct flash_job *job, struct flash_stores *stores)
{
    struct flash_answer *answer = &job->answer;
    struct flash_error err = {0};
    answer->refusal = flash_reconciler_ask_reconcile(stores, &job->caller, &err);
    say_away(job, &err);
    if (answer->refusal == FLASH_REFUSE_NO_RECONCILER) {
        answer->detail =
            "flash-reconciler does not answer. It reconciles by itself once it is back.";
    } else if (answer->refusal == FLASH_REFUSE_NOTHING) {
        answer->status = 202;
        answer->body = strdup("{\"asked\":true}");
        snprintf(answer->location, sizeof(answer->location), "/v1/reconcile/runs");
        sign(job, stores->mysql, "reconcile.pass", "");
    }
}
