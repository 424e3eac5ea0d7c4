/* A pass of expiry on request; see pass.h. It changes nothing that would not have changed by
 * itself, so the paper trail is written behind it, and a pass that could not be written down is
 * still answered as done. */
#include "pass.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "flash/log.h"
#include "ledger.h"
#include "reconciler.h"

struct signing {
    const struct flash_job *job;
    const struct flash_pass_counts *counts;
};

static enum flash_work sign_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    const struct signing *signing = arg;
    char detail[96];
    snprintf(detail, sizeof(detail), "expired %" PRId64 " orders of %" PRId64 " SKUs",
             signing->counts->expired, signing->counts->skus);
    const struct flash_change change = {"expiry.pass", 200, detail};
    return flash_ledger_sign(mysql, signing->job, &change, err) ? FLASH_WORK_COMMIT
                                                                : FLASH_WORK_FAILED;
}

static void sign(struct flash_job *job, struct flash_mysql *mysql,
                 const struct flash_pass_counts *counts)
{
    struct signing signing = {job, counts};
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_run(mysql, sign_work, &signing, &err);
    (void)flash_ledger_refusal(end, job, &err); /* logs it */
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
    if (err.kind != FLASH_ERROR_NONE) {
        FLASH_LOG(WARN, "admin.reconciler_away", FLASH_TEXT("error", err.text),
                  FLASH_TEXT("request_id", job->caller.request_id));
    }
    if (pass.refusal == FLASH_REFUSE_NOTHING) {
        sign(job, stores->mysql, &pass.counts);
        answer->status = 200;
        answer->body = counts_json(&pass.counts, 0);
    } else if (pass.refusal == FLASH_REFUSE_STOPPING) {
        answer->detail = "The back office is shutting down. The pass goes on.";
    } else if (pass.counted) {
        answer->members = counts_json(&pass.counts, JSON_EMBED);
    }
}
