/* New SKUs, and what the ledger says of them; see stock.h.
 *
 * A SKU begins with inflow number 1: the stock row, the inflow and its line in the stock log are
 * one transaction. A repeat is recognised by what the SKU was created with, not by what is left of
 * it. */
#include "stock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flash/time.h"
#include "ledger.h"
#include "push.h"

#define TYPE_CREATE 11 /* inflow.type, stock_log.type */
#define FIRST_INFLOW 1

struct creating {
    const struct flash_job *job;
    bool exists;   /* an insert has met it */
    bool inserted; /* by a run of ours, maybe one whose COMMIT was not answered */
    bool differs;  /* the SKU is there with other content */
};

static bool insert_stock(struct flash_mysql *mysql, const struct flash_stock_form *form,
                         int64_t now_ms, struct flash_error *err)
{
    const struct flash_value row[] = {
        flash_value_int(form->sku),       flash_value_text(form->title),
        flash_value_int(form->quantity),  flash_value_int(form->quantity),
        flash_value_int(form->threshold), flash_value_int(FIRST_INFLOW),
        flash_value_int(now_ms),          flash_value_int(now_ms),
    };
    return flash_mysql_exec(
        mysql,
        "INSERT INTO stock (sku, title, base, available, low_stock_threshold, "
        "version, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        row, 8, NULL, err);
}

static bool insert_trail(struct flash_mysql *mysql, const struct flash_job *job, int64_t now_ms,
                         struct flash_error *err)
{
    const struct flash_stock_form *form = &job->form.stock;
    const struct flash_value inflow[] = {
        flash_value_int(form->sku),
        flash_value_int(FIRST_INFLOW),
        flash_value_int(TYPE_CREATE),
        flash_value_int(form->quantity),
        flash_value_text(job->caller.operator),
        flash_value_int(now_ms),
    };
    const struct flash_value log[] = {
        flash_value_int(form->sku),      flash_value_int(TYPE_CREATE),
        flash_value_int(form->quantity), flash_value_int(form->quantity),
        flash_value_int(FIRST_INFLOW),   flash_value_text(job->caller.operator),
        flash_value_int(now_ms),
    };
    return flash_mysql_exec(mysql,
                            "INSERT INTO inflow (sku, number, type, quantity, operator, "
                            "created_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
                            inflow, 6, NULL, err) &&
           flash_mysql_exec(mysql,
                            "INSERT INTO stock_log (sku, type, quantity, available_before, "
                            "available_after, inflow_number, operator, created_at_ms) "
                            "VALUES (?, ?, ?, 0, ?, ?, ?, ?)",
                            log, 7, NULL, err);
}

static bool compare(const struct flash_value *cells, int count, void *arg)
{
    struct creating *creating = arg;
    const struct flash_stock_form *form = &creating->job->form.stock;
    (void)count;
    bool same_title = cells[0].bytes.len == strlen(form->title) &&
                      memcmp(cells[0].bytes.at, form->title, cells[0].bytes.len) == 0;
    creating->differs =
        !same_title || cells[1].number != form->threshold || cells[2].number != form->quantity;
    return true;
}

/* Reads what an earlier request, or an earlier run of this one, has left. */
static bool look(struct flash_mysql *mysql, struct creating *creating, struct flash_error *err)
{
    const struct flash_value key = flash_value_int(creating->job->sku);
    const struct flash_query query = {
        .sql = "SELECT s.title, s.low_stock_threshold, i.quantity FROM stock s "
               "JOIN inflow i ON i.sku = s.sku AND i.number = 1 WHERE s.sku = ?",
        .params = &key,
        .param_count = 1,
        .column_count = 3,
        .row = compare,
        .arg = creating};
    creating->differs = true; /* unless a row says otherwise */
    return flash_mysql_query(mysql, &query, err);
}

static enum flash_work create_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct creating *creating = arg;
    const struct flash_stock_form *form = &creating->job->form.stock;
    int64_t now_ms = (int64_t)flash_time_wall_ms();
    char detail[96];
    snprintf(detail, sizeof(detail), "quantity %" PRId64 ", threshold %" PRId64, form->quantity,
             form->threshold);
    const struct flash_change change = {"stock.create", 201, detail};
    if (creating->exists) {
        return look(mysql, creating, err) ? FLASH_WORK_LEAVE : FLASH_WORK_FAILED;
    }
    if (!insert_stock(mysql, form, now_ms, err)) {
        creating->exists = flash_mysql_last_class(mysql) == FLASH_MYSQL_DUPLICATE;
        return FLASH_WORK_FAILED;
    }
    if (!insert_trail(mysql, creating->job, now_ms, err) ||
        !flash_ledger_sign(mysql, creating->job, &change, err)) {
        return FLASH_WORK_FAILED;
    }
    creating->inserted = true;
    return FLASH_WORK_COMMIT;
}

void flash_stock_create(struct flash_job *job, struct flash_stores *stores)
{
    struct creating creating = {.job = job};
    struct flash_answer *answer = &job->answer;
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_run(stores->mysql, create_work, &creating, &err);
    enum flash_refusal refusal = flash_ledger_refusal(end, job, &err);
    if (refusal == FLASH_REFUSE_NOTHING && creating.differs) {
        refusal = FLASH_REFUSE_EXISTS;
    }
    if (!flash_push_change(job, stores, refusal)) {
        return;
    }
    flash_stock_show(job, stores);
    if (answer->refusal == FLASH_REFUSE_NOTHING && creating.inserted) {
        answer->status = 201;
        snprintf(answer->location, sizeof(answer->location), "/inventory/product/%" PRId64,
                 job->sku);
    }
}

void flash_stock_show(struct flash_job *job, struct flash_stores *stores)
{
    struct flash_sku_row row;
    if (flash_sku_row_show(job, stores, &row)) {
        job->answer.status = 200;
        job->answer.version = row.version;
        job->answer.body = flash_sku_stock_json(&row, NULL);
    }
}
