/* Sales in the ledger, then in Redis; see sale.h.
 *
 * The stock row's lock makes changes of one SKU's sale come one after the other, each from the
 * version it has read. A request that asks for what is there already changes nothing, whatever its
 * If-Match says: the change it wants has been made (RFC 9110 §13.1.1), most likely by its own first
 * try. */
#include "sale.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "close.h"
#include "flash/time.h"
#include "ledger.h"
#include "push.h"
#include "sku.h"

struct putting {
    const struct flash_job *job;
    bool created; /* by a run of ours, maybe one whose COMMIT was not answered */
    enum flash_refusal refusal;
};

static bool same(const struct flash_sku_row *row, const struct flash_sale_form *form)
{
    return row->sale_version > 0 && !row->closed && row->starts_ms == form->starts_ms &&
           row->ends_ms == form->ends_ms && row->limit == form->limit &&
           row->hold_s == form->hold_s;
}

static bool insert(struct flash_mysql *mysql, const struct flash_job *job, struct flash_error *err)
{
    const struct flash_sale_form *form = &job->form.sale;
    const struct flash_value row[] = {
        flash_value_int(job->sku),      flash_value_int(form->starts_ms),
        flash_value_int(form->ends_ms), flash_value_int(form->limit),
        flash_value_int(form->hold_s),  flash_value_int((int64_t)flash_time_wall_ms()),
    };
    return flash_mysql_exec(mysql,
                            "INSERT INTO sale (sku, starts_at_ms, ends_at_ms, per_user_limit, "
                            "hold_seconds, version, updated_at_ms) VALUES (?, ?, ?, ?, ?, 1, ?)",
                            row, 6, NULL, err);
}

static bool update(struct flash_mysql *mysql, const struct flash_job *job, struct flash_error *err)
{
    const struct flash_sale_form *form = &job->form.sale;
    const struct flash_value row[] = {
        flash_value_int(form->starts_ms),
        flash_value_int(form->ends_ms),
        flash_value_int(form->limit),
        flash_value_int(form->hold_s),
        flash_value_int((int64_t)flash_time_wall_ms()),
        flash_value_int(job->sku),
    };
    return flash_mysql_exec(mysql,
                            "UPDATE sale SET starts_at_ms = ?, ends_at_ms = ?, per_user_limit = ?, "
                            "hold_seconds = ?, updated_at_ms = ?, version = version + 1, "
                            "closed = 0, closed_at_ms = NULL, closed_last = NULL, "
                            "settled_at_ms = NULL "
                            "WHERE sku = ?",
                            row, 6, NULL, err);
}

static bool sign(struct flash_mysql *mysql, const struct flash_job *job, int64_t version,
                 struct flash_error *err)
{
    const struct flash_sale_form *form = &job->form.sale;
    char starts[FLASH_TIME_TEXT], ends[FLASH_TIME_TEXT], detail[200];
    flash_time_format_ms(form->starts_ms, starts);
    flash_time_format_ms(form->ends_ms, ends);
    snprintf(detail, sizeof(detail),
             "version %" PRId64 ", %s to %s, limit %" PRId64 ", hold %" PRId64 " s", version,
             starts, ends, form->limit, form->hold_s);
    const struct flash_change change = {"sale.put", version == 1 ? 201 : 200, detail};
    return flash_ledger_sign(mysql, job, &change, err);
}

static enum flash_work change(struct flash_mysql *mysql, struct putting *putting, int64_t version,
                              struct flash_error *err)
{
    bool written =
        version == 0 ? insert(mysql, putting->job, err) : update(mysql, putting->job, err);
    if (!written || !sign(mysql, putting->job, version + 1, err)) {
        return FLASH_WORK_FAILED;
    }
    putting->created |= version == 0;
    return FLASH_WORK_COMMIT;
}

static enum flash_work put_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct putting *putting = arg;
    const struct flash_sale_form *form = &putting->job->form.sale;
    struct flash_sku_row row;
    putting->refusal = FLASH_REFUSE_NOTHING;
    if (!flash_sku_row_lock(mysql, putting->job->sku, &row, err)) {
        return FLASH_WORK_FAILED;
    }
    if (!row.found) {
        putting->refusal = FLASH_REFUSE_UNKNOWN_SKU;
    } else if (row.closed && form->match.kind == FLASH_MATCH_UNASKED) {
        putting->refusal = FLASH_REFUSE_SALE_CLOSED; /* not by a late repeat of what was before */
    } else if (!same(&row, form) && !flash_form_matches(&form->match, row.sale_version)) {
        putting->refusal = FLASH_REFUSE_VERSION;
    } else if (!same(&row, form)) {
        return change(mysql, putting, row.sale_version, err);
    }
    return FLASH_WORK_LEAVE;
}

void flash_sale_put(struct flash_job *job, struct flash_stores *stores)
{
    struct putting putting = {.job = job};
    struct flash_answer *answer = &job->answer;
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_run(stores->mysql, put_work, &putting, &err);
    enum flash_refusal refusal = flash_ledger_refusal(end, job, &err);
    if (!flash_push_change(job, stores, refusal ? refusal : putting.refusal)) {
        return;
    }
    flash_sale_show(job, stores);
    if (answer->refusal == FLASH_REFUSE_NOTHING && putting.created) {
        answer->status = 201;
        snprintf(answer->location, sizeof(answer->location), "/v1/sales/%" PRId64, job->sku);
    }
}

void flash_sale_show(struct flash_job *job, struct flash_stores *stores)
{
    struct flash_sku_row row;
    if (!flash_sku_row_show(job, stores, &row)) {
        return;
    }
    if (row.sale_version == 0) {
        job->answer.refusal = FLASH_REFUSE_NO_SALE;
    } else {
        flash_close_look(stores, &row);
        job->answer.status = 200;
        job->answer.version = row.sale_version;
        job->answer.body = flash_sku_sale_json(&row, (int64_t)flash_time_wall_ms());
    }
}
