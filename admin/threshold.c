/* Thresholds in the ledger, then in Redis; see threshold.h. As for sales (sale.c): a request that
 * asks for what is there already changes nothing, whatever its If-Match says. */
#include "threshold.h"

#include <inttypes.h>
#include <stdio.h>

#include "flash/time.h"
#include "ledger.h"
#include "push.h"

struct putting {
    const struct flash_job *job;
    enum flash_refusal refusal;
};

static bool update(struct flash_mysql *mysql, const struct flash_job *job,
                   const struct flash_sku_row *row, struct flash_error *err)
{
    const struct flash_value values[] = {flash_value_int(job->form.threshold.threshold),
                                         flash_value_int((int64_t)flash_time_wall_ms()),
                                         flash_value_int(job->sku)};
    char detail[96];
    snprintf(detail, sizeof(detail), "version %" PRId64 ", threshold %" PRId64 " to %" PRId64,
             row->threshold_version + 1, row->threshold, job->form.threshold.threshold);
    const struct flash_change change = {"inventory.threshold", 200, detail};
    return flash_mysql_exec(mysql,
                            "UPDATE stock SET low_stock_threshold = ?, updated_at_ms = ?, "
                            "threshold_version = threshold_version + 1 WHERE sku = ?",
                            values, 3, NULL, err) &&
           flash_ledger_sign(mysql, job, &change, err);
}

static enum flash_work put_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct putting *putting = arg;
    const struct flash_threshold_form *form = &putting->job->form.threshold;
    struct flash_sku_row row;
    putting->refusal = FLASH_REFUSE_NOTHING;
    if (!flash_sku_row_lock(mysql, putting->job->sku, &row, err)) {
        return FLASH_WORK_FAILED;
    }
    if (!row.found) {
        putting->refusal = FLASH_REFUSE_UNKNOWN_SKU;
    } else if (row.threshold != form->threshold) {
        if (!flash_form_matches(&form->match, row.threshold_version)) {
            putting->refusal = FLASH_REFUSE_VERSION;
        } else {
            bool updated = update(mysql, putting->job, &row, err);
            return updated ? FLASH_WORK_COMMIT : FLASH_WORK_FAILED;
        }
    }
    return FLASH_WORK_LEAVE;
}

void flash_threshold_put(struct flash_job *job, struct flash_stores *stores)
{
    struct putting putting = {.job = job};
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_run(stores->mysql, put_work, &putting, &err);
    enum flash_refusal refusal = flash_ledger_refusal(end, job, &err);
    if (flash_push_change(job, stores, refusal ? refusal : putting.refusal)) {
        flash_threshold_show(job, stores);
    }
}

void flash_threshold_show(struct flash_job *job, struct flash_stores *stores)
{
    struct flash_sku_row row;
    if (flash_sku_row_show(job, stores, &row)) {
        job->answer.status = 200;
        job->answer.version = row.threshold_version;
        job->answer.body = flash_sku_threshold_json(&row);
    }
}
