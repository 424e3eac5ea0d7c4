/* Rows of reconcile_run and reconcile_finding; see reconcile.h. */
#include "reconcile.h"

#include "flash/mysql_value.h"
#include "ledger.h"
#include "listing.h"

static const struct flash_page_column run_columns[] = {
    {"run_id", FLASH_CELL_ID},         {"mode", FLASH_CELL_TEXT},
    {"state", FLASH_CELL_TEXT},        {"operator", FLASH_CELL_TEXT},
    {"generation", FLASH_CELL_NUMBER}, {"plan_id", FLASH_CELL_ID},
    {"sku", FLASH_CELL_NUMERAL},       {"started_at", FLASH_CELL_TIME},
    {"ended_at", FLASH_CELL_TIME},     {"skus", FLASH_CELL_NUMBER},
    {"entries", FLASH_CELL_NUMBER},    {"settled", FLASH_CELL_NUMBER},
    {"resent", FLASH_CELL_NUMBER},     {"compensated", FLASH_CELL_NUMBER},
    {"findings", FLASH_CELL_NUMBER},   {"exit_code", FLASH_CELL_NUMBER},
    {"detail", FLASH_CELL_TEXT},
};
static const struct flash_page_list runs = {"runs", run_columns, 17};
#define RUN_SELECT                                                                                 \
    "SELECT run_id, mode, state, operator, generation, plan_run_id, sku, started_at_ms, "          \
    "ended_at_ms, skus, entries, settled, resent, compensated, findings, exit_code, detail "       \
    "FROM reconcile_run "
/* Which index leads is said: what is asked for may be rare among very many. */
#define RUN_LIST(index, which)                                                                     \
    RUN_SELECT "FORCE INDEX (" index ") WHERE " which                                              \
               " = ? AND run_id < ? AND (? = '' OR mode = ?) AND (? = '' OR state = ?) "           \
               "ORDER BY run_id DESC LIMIT ?"

static const struct flash_page_column finding_columns[] = {
    {"finding_id", FLASH_CELL_NUMERAL}, {"run_id", FLASH_CELL_ID},
    {"cause", FLASH_CELL_TEXT},         {"state", FLASH_CELL_TEXT},
    {"sku", FLASH_CELL_NUMERAL},        {"entry_id", FLASH_CELL_ID},
    {"order_id", FLASH_CELL_TEXT},      {"partition", FLASH_CELL_NUMBER},
    {"offset", FLASH_CELL_NUMBER},      {"quantity", FLASH_CELL_NUMBER},
    {"age_ms", FLASH_CELL_NUMBER},      {"found_at", FLASH_CELL_TIME},
    {"updated_at", FLASH_CELL_TIME},    {"detail", FLASH_CELL_TEXT},
};
static const struct flash_page_list findings = {"findings", finding_columns, 14};
#define FINDING_LIST(index, which)                                                                 \
    "SELECT id, run_id, cause, state, sku, entry_id, order_id, partition_no, kafka_offset, "       \
    "quantity, age_ms, found_at_ms, updated_at_ms, detail FROM reconcile_finding "                 \
    "FORCE INDEX (" index ") WHERE " which "id < ? AND (? = '' OR cause = ?) "                     \
    "AND (? = '' OR state = ?) ORDER BY id DESC LIMIT ?"

void flash_reconcile_runs(struct flash_job *job, struct flash_stores *stores)
{
    const struct flash_reconcile_form *form = &job->form.reconcile;
    const struct flash_value mode = flash_value_text(form->mode);
    const struct flash_value state = flash_value_text(form->state);
    const struct flash_value params[] = {
        form->state[0] ? state : mode,
        flash_value_uuid(&form->before_run),
        mode,
        mode,
        state,
        state,
    };
    const struct flash_listing listing = {
        .list = &runs,
        .sql = form->state[0]  ? RUN_LIST("reconcile_run_state", "state")
               : form->mode[0] ? RUN_LIST("reconcile_run_mode", "mode")
                               : RUN_LIST("PRIMARY", "''"),
        .params = params,
        .param_count = 6,
        .format = form->format,
        .limit = form->limit,
        .key = flash_listing_key_id};
    flash_listing_answer(job, stores, &listing);
}

struct showing {
    const struct flash_uuid *id;
    struct flash_page page;
};

static bool take_run(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    flash_page_put(arg, cells);
    return false;
}

static enum flash_work show_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct showing *showing = arg;
    const struct flash_value id = flash_value_uuid(showing->id);
    const struct flash_query query = {.sql = RUN_SELECT "WHERE run_id = ?",
                                      .params = &id,
                                      .param_count = 1,
                                      .column_count = 17,
                                      .row = take_run,
                                      .arg = &showing->page};
    flash_page_begin(&showing->page, false);
    return flash_mysql_query(mysql, &query, err) ? FLASH_WORK_LEAVE : FLASH_WORK_FAILED;
}

void flash_reconcile_run(struct flash_job *job, struct flash_stores *stores)
{
    struct showing showing = {.id = &job->form.reconcile.run,
                              .page = {.list = &runs, .format = FLASH_LIST_JSONL}};
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_read(stores->mysql, show_work, &showing, &err);
    job->answer.refusal = flash_ledger_refusal(end, job, &err);
    if (job->answer.refusal == FLASH_REFUSE_NOTHING && showing.page.rows == 0) {
        job->answer.refusal = FLASH_REFUSE_NO_RUN;
    }
    if (job->answer.refusal == FLASH_REFUSE_NOTHING) {
        job->answer.status = 200;
        job->answer.body = flash_page_end(&showing.page, NULL);
    }
    flash_page_drop(&showing.page);
}

/* The list's query; the values of what leads it go to params, and their number to *ret_count. */
static const char *finding_list(const struct flash_reconcile_form *form, struct flash_value *params,
                                int *ret_count)
{
    *ret_count = 0;
    if (form->has_run) {
        params[(*ret_count)++] = flash_value_uuid(&form->run);
    }
    if (form->sku) {
        params[(*ret_count)++] = flash_value_int(form->sku);
    }
    if (form->has_run) {
        return form->sku ? FINDING_LIST("reconcile_finding_run", "run_id = ? AND sku = ? AND ")
                         : FINDING_LIST("reconcile_finding_run", "run_id = ? AND ");
    }
    if (form->sku) {
        return FINDING_LIST("reconcile_finding_sku", "sku = ? AND ");
    }
    if (form->state[0] || form->cause[0]) {
        params[(*ret_count)++] = flash_value_text(form->state[0] ? form->state : form->cause);
        return form->state[0] ? FINDING_LIST("reconcile_finding_state", "state = ? AND ")
                              : FINDING_LIST("reconcile_finding_cause", "cause = ? AND ");
    }
    return FINDING_LIST("PRIMARY", "");
}

void flash_reconcile_findings(struct flash_job *job, struct flash_stores *stores)
{
    const struct flash_reconcile_form *form = &job->form.reconcile;
    struct flash_value params[7];
    int count;
    struct flash_listing listing = {.list = &findings,
                                    .sql = finding_list(form, params, &count),
                                    .params = params,
                                    .format = form->format,
                                    .limit = form->limit,
                                    .key = flash_listing_key_number};
    params[count++] = flash_value_int(form->before_id);
    params[count++] = flash_value_text(form->cause);
    params[count++] = flash_value_text(form->cause);
    params[count++] = flash_value_text(form->state);
    params[count++] = flash_value_text(form->state);
    listing.param_count = count;
    flash_listing_answer(job, stores, &listing);
}
