/* Closing sales; see close.h.
 *
 * In the ledger the window's end becomes now, by Redis' clock or ours, whichever is earlier; so
 * whoever brings Redis up to date, also a recovery, closes it. lua/reserve refuses from the moment
 * Redis has it.
 *
 *     closed ──Redis has that version──▶ `closed_last`: no order has a later stream id ──▶ settled:
 * none of them is in the journal (payments and cancels may be)
 */
#include "close.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flash/log.h"
#include "flash/time.h"
#include "ledger.h"
#include "push.h"
#include "sale.h"

#define LOOK_EVERY_MS 50

struct closing {
    const struct flash_job *job;
    int64_t now_ms;
    enum flash_refusal refusal;
};

/* ---- the ledger ---- */

static bool update(struct flash_mysql *mysql, const struct closing *closing,
                   const struct flash_sku_row *row, struct flash_error *err)
{
    char ends[FLASH_TIME_TEXT], detail[160];
    flash_time_format_ms(row->ends_ms, ends);
    int64_t end_ms = closing->now_ms < row->ends_ms ? closing->now_ms : row->ends_ms;
    int64_t start_ms = row->starts_ms < end_ms ? row->starts_ms : end_ms - 1;
    snprintf(detail, sizeof(detail), "version %" PRId64 ", its end was %s", row->sale_version + 1,
             ends);
    const struct flash_value values[] = {
        flash_value_int(start_ms),          flash_value_int(end_ms),
        flash_value_int(closing->now_ms),   flash_value_int((int64_t)flash_time_wall_ms()),
        flash_value_int(closing->job->sku),
    };
    const struct flash_change change = {"sale.close", 200, detail};
    return flash_mysql_exec(mysql,
                            "UPDATE sale SET closed = 1, starts_at_ms = ?, ends_at_ms = ?, "
                            "closed_at_ms = ?, closed_last = NULL, settled_at_ms = NULL, "
                            "updated_at_ms = ?, version = version + 1 WHERE sku = ?",
                            values, 5, NULL, err) &&
           flash_ledger_sign(mysql, closing->job, &change, err);
}

static enum flash_work close_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct closing *closing = arg;
    struct flash_sku_row row;
    closing->refusal = FLASH_REFUSE_NOTHING;
    if (!flash_sku_row_lock(mysql, closing->job->sku, &row, err)) {
        return FLASH_WORK_FAILED;
    }
    if (!row.found || row.sale_version == 0) {
        closing->refusal = row.found ? FLASH_REFUSE_NO_SALE : FLASH_REFUSE_UNKNOWN_SKU;
    } else if (!row.closed) {
        if (!flash_form_matches(&closing->job->form.close.match, row.sale_version)) {
            closing->refusal = FLASH_REFUSE_VERSION;
        } else {
            return update(mysql, closing, &row, err) ? FLASH_WORK_COMMIT : FLASH_WORK_FAILED;
        }
    }
    return FLASH_WORK_LEAVE;
}

/* ---- whether it is settled ---- */

struct noting {
    int64_t sku, version, last;
    int64_t settled_ms; /* 0: not yet */
};

static enum flash_work note_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    const struct noting *noting = arg;
    const struct flash_value settled = {
        .type = FLASH_COLUMN_INT, .null = noting->settled_ms == 0, .number = noting->settled_ms};
    const struct flash_value values[] = {flash_value_int(noting->last), settled,
                                         flash_value_int(noting->sku),
                                         flash_value_int(noting->version)};
    return flash_mysql_exec(mysql,
                            "UPDATE sale SET closed_last = COALESCE(closed_last, ?), "
                            "settled_at_ms = COALESCE(settled_at_ms, ?) "
                            "WHERE sku = ? AND version = ? AND closed = 1",
                            values, 4, NULL, err)
               ? FLASH_WORK_COMMIT
               : FLASH_WORK_FAILED;
}

/* Up to which µs orders can have been accepted: known once Redis has the version that closes. */
static bool learn_last(struct flash_stores *stores, struct flash_sku_row *row,
                       struct flash_error *err)
{
    enum { SALE = 5, LAST = 6 }; /* docs/FORMATS.md, sight */
    const struct flash_redis_call call = {.script = FLASH_SCRIPT_SIGHT, .sku = row->sku};
    struct flash_redis_reply *reply = NULL;
    if (row->closed_last > 0) {
        return true;
    }
    if (!flash_redis_sync_call(stores->redis, &call, &reply, err)) {
        return false;
    }
    bool told = flash_redis_reply_is(flash_redis_reply_at(reply, 0), "OK") &&
                flash_redis_reply_int(flash_redis_reply_at(reply, SALE)) >= row->sale_version;
    int64_t last = flash_redis_reply_int(flash_redis_reply_at(reply, LAST));
    row->closed_last = told ? (last > 0 ? last : 1) : 0;
    flash_redis_reply_free(reply);
    return told;
}

/* Whether no entry up to then is open. */
static bool nothing_open(struct flash_stores *stores, const struct flash_sku_row *row,
                         struct flash_error *err)
{
    enum { OLDEST = 3 }; /* docs/FORMATS.md, status */
    const struct flash_redis_call question = flash_push_question(row->sku);
    struct flash_redis_reply *reply = NULL;
    if (!flash_redis_sync_call(stores->redis, &question, &reply, err)) {
        return false;
    }
    struct flash_text oldest = flash_redis_reply_text(flash_redis_reply_at(reply, OLDEST));
    bool ok = flash_redis_reply_is(flash_redis_reply_at(reply, 0), "OK") &&
              (oldest.len == 0 ||
               flash_redis_reply_int(flash_redis_reply_at(reply, OLDEST)) > row->closed_last);
    flash_redis_reply_free(reply);
    return ok;
}

void flash_close_look(struct flash_stores *stores, struct flash_sku_row *row)
{
    struct flash_error err = {0};
    if (!row->closed || row->settled_ms > 0 || !learn_last(stores, row, &err)) {
        return;
    }
    row->settled_ms = nothing_open(stores, row, &err) ? (int64_t)flash_time_wall_ms() : 0;
    struct noting noting = {row->sku, row->sale_version, row->closed_last, row->settled_ms};
    if (flash_ledger_run(stores->mysql, note_work, &noting, &err) != FLASH_LEDGER_COMMITTED) {
        FLASH_LOG(WARN, "admin.close_not_noted", FLASH_INT("sku", row->sku),
                  FLASH_TEXT("error", err.text));
    }
}

/* ---- the job ---- */

static void rest(void)
{
    const struct timespec pause = {0, LOOK_EVERY_MS * 1000000L};
    nanosleep(&pause, NULL);
}

/* Looks until it is settled, the wait is over, or the daemon hurries. */
static void await_settled(struct flash_job *job, struct flash_stores *stores)
{
    uint64_t end_us = flash_time_monotonic_us() + (uint64_t)job->form.close.wait_s * 1000000;
    struct flash_sku_row row;
    struct flash_error err = {0};
    for (;;) {
        if (flash_sku_row_get(stores->mysql, job->sku, &row, &err) != FLASH_LEDGER_LEFT ||
            !row.found) {
            return;
        }
        flash_close_look(stores, &row);
        if (!row.closed || row.settled_ms > 0 || flash_time_monotonic_us() >= end_us ||
            *stores->hurry) {
            return;
        }
        rest();
    }
}

static void await_and_show(struct flash_job *job, struct flash_stores *stores)
{
    await_settled(job, stores);
    free(job->answer.body);
    job->answer.body = NULL;
    flash_sale_show(job, stores);
}

/* Redis' clock, if it answers and is behind ours: its window must be over at once. */
static int64_t closing_time(struct flash_stores *stores, int64_t sku)
{
    enum { NOW = 1 }; /* docs/FORMATS.md, status */
    int64_t now_ms = (int64_t)flash_time_wall_ms();
    const struct flash_redis_call question = flash_push_question(sku);
    struct flash_redis_reply *reply = NULL;
    struct flash_error err = {0};
    if (flash_redis_sync_call(stores->redis, &question, &reply, &err)) {
        int64_t there_ms = flash_redis_reply_int(flash_redis_reply_at(reply, NOW)) / 1000;
        now_ms = there_ms > 0 && there_ms < now_ms ? there_ms : now_ms;
        flash_redis_reply_free(reply);
    }
    return now_ms;
}

void flash_close_run(struct flash_job *job, struct flash_stores *stores)
{
    struct closing closing = {.job = job, .now_ms = closing_time(stores, job->sku)};
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_run(stores->mysql, close_work, &closing, &err);
    enum flash_refusal refusal = flash_ledger_refusal(end, job, &err);
    if (flash_push_change(job, stores, refusal ? refusal : closing.refusal)) {
        flash_sale_show(job, stores);
        job->then = job->form.close.wait_s > 0 && job->answer.body ? await_and_show : NULL;
    }
}
