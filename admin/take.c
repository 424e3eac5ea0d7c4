/* Units leave Redis, then the ledger; see take.h.
 *
 *     Redis up to date ──▶ reference in the ledger? ──yes──▶ 200, as it was done
 *                                │ no
 *                                ▼
 *                           admin_log: who asks for what
 *                                ▼
 *                           lua/take ──▶ entry to Kafka ──▶ 202: the journal has it
 *                                │ the reference has an open take: 202 again, nothing is sent
 *                                ▼
 *                           sold out, another version: refused, nothing was done
 *
 * A take that has gone through between the look and the script is taken a second time, refused by
 * the ledger for its reference, and given back. What the ledger cannot be told here is told by the
 * journal. */
#include "take.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adjust.h"
#include "flash/fault.h"
#include "flash/log.h"
#include "ledger.h"
#include "metrics.h"
#include "publish.h"

#define ARGS 8
#define NUMBER_TEXT 24

struct taking {
    struct flash_job *job;
    struct flash_sku_row sku;
    struct flash_inflow_row row;
    enum flash_refusal refusal;
};

/* ---- the ledger's word ---- */

static enum flash_work look_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct taking *taking = arg;
    const struct flash_adjust_form *form = &taking->job->form.adjust;
    taking->refusal = FLASH_REFUSE_NOTHING;
    if (!flash_sku_row_read(mysql, form->sku, &taking->sku, err) ||
        !flash_inflow_find(mysql, form, &taking->row, err)) {
        return FLASH_WORK_FAILED;
    }
    if (!taking->sku.found) {
        taking->refusal = FLASH_REFUSE_UNKNOWN_SKU;
    } else if (taking->row.found) {
        taking->refusal = taking->row.same ? FLASH_REFUSE_NOTHING : FLASH_REFUSE_KEY_REUSED;
    } else if (!flash_form_matches(&form->match, taking->sku.version)) {
        taking->refusal = FLASH_REFUSE_VERSION;
    }
    return FLASH_WORK_LEAVE;
}

static enum flash_refusal look(struct taking *taking, struct flash_stores *stores)
{
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_run(stores->mysql, look_work, taking, &err);
    enum flash_refusal refusal = flash_ledger_refusal(end, taking->job, &err);
    return refusal == FLASH_REFUSE_NOTHING ? taking->refusal : refusal;
}

/* ---- the script ---- */

static bool is(const struct flash_redis_reply *reply, const char *word)
{
    return flash_redis_reply_is(flash_redis_reply_at(reply, 0), word);
}

/* Whether an open take, `<µs>-<r>:<quantity>:<reason>`, is the one that is asked for. */
static bool same_take(struct flash_text took, const struct flash_adjust_form *form)
{
    char wanted[FLASH_REASON_MAX + NUMBER_TEXT + 2];
    const char *colon = took.len ? memchr(took.at, ':', took.len) : NULL;
    int len = snprintf(wanted, sizeof(wanted), "%" PRId64 ":%s", -form->delta, form->reason);
    size_t rest = colon ? (size_t)(took.at + took.len - colon - 1) : 0;
    return colon && rest == (size_t)len && memcmp(colon + 1, wanted, rest) == 0;
}

static enum flash_refusal unexpected(const struct taking *taking,
                                     const struct flash_redis_reply *reply)
{
    struct flash_text word = flash_redis_reply_text(flash_redis_reply_at(reply, 0));
    struct flash_text what = flash_redis_reply_text(flash_redis_reply_at(reply, 1));
    char text[80];
    snprintf(text, sizeof(text), "%.*s %.*s", (int)word.len, word.at, (int)what.len, what.at);
    FLASH_LOG(ERROR, "admin.take_refused", FLASH_TEXT("answer", text),
              FLASH_INT("sku", taking->job->sku));
    bool other = is(reply, "GENERATION") || is(reply, "ABSENT") || is(reply, "CLOSED");
    return other ? FLASH_REFUSE_NEEDS_RECOVERY : FLASH_REFUSE_INTERNAL;
}

/* The answer's meaning; an entry that was made is sent. */
static enum flash_refusal judge(struct taking *taking, struct flash_stores *stores,
                                const struct flash_redis_reply *reply, const char *uuid)
{
    struct flash_text more = flash_redis_reply_text(flash_redis_reply_at(reply, 1));
    if (is(reply, "OK")) {
        FLASH_FAULT("take.taken");
        const struct flash_publication entry = {taking->job->sku, uuid, more};
        flash_publish_take(stores->producer, &entry);
        flash_admin_count(METRIC_TAKES, 1);
        return FLASH_REFUSE_NOTHING;
    }
    if (is(reply, "TAKEN")) {
        return same_take(more, &taking->job->form.adjust) ? FLASH_REFUSE_NOTHING
                                                          : FLASH_REFUSE_KEY_REUSED;
    }
    if (is(reply, "SOLD_OUT")) {
        char members[48];
        snprintf(members, sizeof(members), "\"available\":%" PRId64,
                 flash_redis_reply_int(flash_redis_reply_at(reply, 1)));
        taking->job->answer.members = strdup(members);
        return FLASH_REFUSE_SOLD_OUT;
    }
    return is(reply, "MOVED") ? FLASH_REFUSE_VERSION : unexpected(taking, reply);
}

static enum flash_refusal take(struct taking *taking, struct flash_stores *stores)
{
    const struct flash_adjust_form *form = &taking->job->form.adjust;
    char generation[NUMBER_TEXT], quantity[NUMBER_TEXT], rests_on[NUMBER_TEXT] = "";
    struct flash_entry_name name;
    struct flash_redis_reply *reply = NULL;
    struct flash_error err = {0};
    snprintf(generation, sizeof(generation), "%" PRId64, taking->sku.generation);
    snprintf(quantity, sizeof(quantity), "%" PRId64, -form->delta);
    if (form->match.kind == FLASH_MATCH_VERSION) {
        snprintf(rests_on, sizeof(rests_on), "%" PRId64, form->match.version);
    }
    if (!flash_entry_name_new(&name, &err)) {
        return FLASH_REFUSE_INTERNAL;
    }
    const char *argv[ARGS] = {
        generation,   name.uuid, name.low, form->reference, taking->job->caller.operator, quantity,
        form->reason, rests_on};
    size_t len[ARGS];
    for (int i = 0; i < ARGS; i++) {
        len[i] = strlen(argv[i]);
    }
    const struct flash_redis_call call = {
        .script = FLASH_SCRIPT_TAKE, .sku = form->sku, .argc = ARGS, .argv = argv, .argv_len = len};
    if (!flash_redis_sync_call(stores->redis, &call, &reply, &err)) {
        FLASH_LOG(WARN, "admin.redis_away", FLASH_TEXT("error", err.text),
                  FLASH_INT("sku", form->sku));
        return err.kind == FLASH_ERROR_UNKNOWN ? FLASH_REFUSE_OUTCOME_UNKNOWN
                                               : FLASH_REFUSE_REDIS_AWAY;
    }
    enum flash_refusal refusal = judge(taking, stores, reply, name.uuid);
    flash_redis_reply_free(reply);
    return refusal;
}

bool flash_take_is_open(const struct flash_job *job, struct flash_stores *stores)
{
    const char *const argv[] = {job->form.adjust.reference};
    const size_t len[] = {strlen(argv[0])};
    const struct flash_redis_call call = {
        .script = FLASH_SCRIPT_TAKEN, .sku = job->sku, .argc = 1, .argv = argv, .argv_len = len};
    struct flash_redis_reply *reply = NULL;
    struct flash_error err;
    if (!flash_redis_sync_call(stores->redis, &call, &reply, &err)) {
        return false; /* the push that follows says so */
    }
    bool open = flash_redis_reply_text(flash_redis_reply_at(reply, 1)).len > 0;
    flash_redis_reply_free(reply);
    return open;
}

/* ---- the job ---- */

#define TAKEN 202

struct trail {
    const struct flash_job *job;
    int status; /* what is to be said of the request */
};

static bool take_number(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    *(int64_t *)arg = cells[0].number;
    return false;
}

/* The log is only appended to: its last row for a reference says how it stands, whoever asked. The
 * SKU's row is locked so that two who ask at the same time do not both write. */
static enum flash_work sign_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct trail *trail = arg;
    const struct flash_job *job = trail->job;
    char detail[FLASH_ADJUST_DETAIL];
    flash_adjust_detail(&job->form.adjust, detail);
    const struct flash_change change = {flash_adjust_action(&job->form.adjust), trail->status,
                                        detail};
    const struct flash_value params[] = {flash_value_int(job->sku), flash_value_text(change.action),
                                         flash_value_text(detail)};
    int64_t sku = 0, status = 0;
    const struct flash_query lock = {.sql = "SELECT sku FROM stock WHERE sku = ? FOR UPDATE",
                                     .params = params,
                                     .param_count = 1,
                                     .column_count = 1,
                                     .row = take_number,
                                     .arg = &sku};
    const struct flash_query query = {
        .sql = "SELECT status FROM admin_log WHERE sku = ? AND action = ? AND detail = ?"
               " ORDER BY id DESC LIMIT 1",
        .params = params,
        .param_count = 3,
        .column_count = 1,
        .row = take_number,
        .arg = &status,
    };
    if (!flash_mysql_query(mysql, &lock, err) || !flash_mysql_query(mysql, &query, err)) {
        return FLASH_WORK_FAILED;
    }
    if (status == trail->status) {
        return FLASH_WORK_LEAVE;
    }
    return flash_ledger_sign(mysql, job, &change, err) ? FLASH_WORK_COMMIT : FLASH_WORK_FAILED;
}

static enum flash_refusal write_trail(struct trail *trail, struct flash_stores *stores)
{
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_run(stores->mysql, sign_work, trail, &err);
    return flash_ledger_refusal(end, trail->job, &err); /* logs it */
}

/* The paper trail comes first: what dies between it and the script leaves a row of who asked, and
 * what Redis has taken never lacks one. A refusal is a row after it. */
static enum flash_refusal sign_and_take(struct taking *taking, struct flash_stores *stores)
{
    struct trail trail = {.job = taking->job, .status = TAKEN};
    if (write_trail(&trail, stores) != FLASH_REFUSE_NOTHING) {
        return FLASH_REFUSE_LEDGER_AWAY;
    }
    FLASH_FAULT("take.signed");
    enum flash_refusal refusal = take(taking, stores);
    if (refusal != FLASH_REFUSE_NOTHING && refusal != FLASH_REFUSE_OUTCOME_UNKNOWN) {
        trail.status = flash_answer_refusal_status(refusal);
        (void)write_trail(&trail, stores);
    }
    return refusal;
}

/* Nothing is recorded of a take that Redis was not asked for. */
static enum flash_refusal not_asked(enum flash_push push, const struct flash_job *job,
                                    const struct flash_error *err)
{
    enum flash_refusal refusal = flash_push_refusal(push, job, err);
    return push == FLASH_PUSH_REDIS_AWAY    ? FLASH_REFUSE_REDIS_AWAY
           : push == FLASH_PUSH_LEDGER_AWAY ? FLASH_REFUSE_LEDGER_AWAY
                                            : refusal;
}

void flash_take_run(struct flash_job *job, struct flash_stores *stores)
{
    struct taking taking = {.job = job};
    struct flash_error err = {0};
    enum flash_push push = flash_push_sku(stores, job->sku, &err);
    enum flash_refusal refusal = look(&taking, stores);
    if (refusal == FLASH_REFUSE_NOTHING && !taking.row.found) {
        refusal =
            push == FLASH_PUSH_DONE ? sign_and_take(&taking, stores) : not_asked(push, job, &err);
    }
    job->answer.refusal = refusal;
    if (refusal == FLASH_REFUSE_NEEDS_RECOVERY) {
        job->answer.detail = "Redis has lost this SKU or is of another generation. Nothing was "
                             "taken; ask again after the recovery.";
    } else if (refusal == FLASH_REFUSE_NOTHING) {
        struct trail trail = {.job = job, .status = TAKEN}; /* another's refusal may be the last */
        (void)write_trail(&trail, stores);
        flash_adjust_show(job, stores, &taking.row);
    }
}
