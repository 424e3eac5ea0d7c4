/* More units: the ledger, then Redis; see adjust.h.
 *
 * The stock row's lock makes the changes of one SKU follow each other, so number n is there before
 * n + 1 is thought of. A request that finds its reference changes nothing, whatever its If-Match
 * says: what it asks for has been done (as for sales, sale.c).
 *
 * A reference may also be that of a take which the ledger has yet to meet: Redis knows. One that
 * begins between the question and the COMMIT is refused by the ledger and given back. */
#include "adjust.h"

#include <inttypes.h>
#include <stdio.h>

#include "ledger.h"
#include "take.h"

struct adjusting {
    const struct flash_job *job;
    struct flash_inflow_row row; /* found: the change is in the ledger, by this request or before */
    bool open;                   /* the reference has a take on its way to the ledger */
    enum flash_refusal refusal;
};

void flash_adjust_detail(const struct flash_adjust_form *form, char ret_detail[FLASH_ADJUST_DETAIL])
{
    snprintf(ret_detail, FLASH_ADJUST_DETAIL, "reference %s, delta %" PRId64 ", reason: %s",
             form->reference, form->delta, form->reason);
}

const char *flash_adjust_action(const struct flash_adjust_form *form)
{
    return form->restock ? "inventory.restock" : "inventory.adjust";
}

static bool sign(struct flash_mysql *mysql, const struct flash_job *job, struct flash_error *err)
{
    char detail[FLASH_ADJUST_DETAIL];
    flash_adjust_detail(&job->form.adjust, detail);
    const struct flash_change change = {flash_adjust_action(&job->form.adjust), 200, detail};
    return flash_ledger_sign(mysql, job, &change, err);
}

/* What stands against the change; NOTHING: it may be made. */
static enum flash_refusal judge(const struct adjusting *adjusting, const struct flash_sku_row *row)
{
    const struct flash_adjust_form *form = &adjusting->job->form.adjust;
    if (adjusting->open) {
        return FLASH_REFUSE_KEY_REUSED;
    }
    if (!flash_form_matches(&form->match, row->version)) {
        return FLASH_REFUSE_VERSION;
    }
    return row->base + form->delta > FLASH_BASE_MAX ? FLASH_REFUSE_TOO_MANY : FLASH_REFUSE_NOTHING;
}

static enum flash_work add_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct adjusting *adjusting = arg;
    const struct flash_job *job = adjusting->job;
    struct flash_sku_row row;
    adjusting->refusal = FLASH_REFUSE_NOTHING;
    if (!flash_sku_row_lock(mysql, job->sku, &row, err) ||
        !flash_inflow_find(mysql, &job->form.adjust, &adjusting->row, err)) {
        return FLASH_WORK_FAILED;
    }
    if (!row.found) {
        adjusting->refusal = FLASH_REFUSE_UNKNOWN_SKU;
    } else if (adjusting->row.found) {
        adjusting->refusal = adjusting->row.same ? FLASH_REFUSE_NOTHING : FLASH_REFUSE_KEY_REUSED;
    } else {
        adjusting->refusal = judge(adjusting, &row);
    }
    if (adjusting->row.found || adjusting->refusal != FLASH_REFUSE_NOTHING) {
        return FLASH_WORK_LEAVE;
    }
    bool added = flash_inflow_add(mysql, job, &row, err) && sign(mysql, job, err) &&
                 flash_inflow_find(mysql, &job->form.adjust, &adjusting->row, err);
    return added ? FLASH_WORK_COMMIT : FLASH_WORK_FAILED;
}

static void add(struct flash_job *job, struct flash_stores *stores)
{
    struct adjusting adjusting = {.job = job, .open = flash_take_is_open(job, stores)};
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_run(stores->mysql, add_work, &adjusting, &err);
    enum flash_refusal refusal = flash_ledger_refusal(end, job, &err);
    if (flash_push_change(job, stores, refusal ? refusal : adjusting.refusal)) {
        flash_adjust_show(job, stores, &adjusting.row);
    }
}

void flash_adjust_run(struct flash_job *job, struct flash_stores *stores)
{
    if (job->form.adjust.delta > 0) {
        add(job, stores);
    } else {
        flash_take_run(job, stores);
    }
}

void flash_adjust_show(struct flash_job *job, struct flash_stores *stores,
                       const struct flash_inflow_row *row)
{
    const struct flash_adjust_form *form = &job->form.adjust;
    struct flash_sku_row stock;
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_sku_row_get(stores->mysql, job->sku, &stock, &err);
    const struct flash_sku_change change = {.reference = form->reference,
                                            .reason = form->reason,
                                            .operator= row->found
                                            ? row->operator: job->caller.operator,
                                            .delta = form->delta,
                                            .version = row->number,
                                            .created_ms = row->created_ms, };
    if (flash_ledger_refusal(end, job, &err) != FLASH_REFUSE_NOTHING) {
        job->answer.refusal = FLASH_REFUSE_OUTCOME_UNKNOWN; /* it is done, and cannot be shown */
    } else {
        job->answer.status = row->found ? 200 : 202;
        job->answer.version = stock.version;
        job->answer.body = flash_sku_stock_json(&stock, &change);
    }
}
