/* Inflows in the ledger, and from there into Redis; see inflow.h. */
#include "inflow.h"

#include <stdio.h>
#include <string.h>

#include "flash/inflow_replay.h"
#include "flash/inflow_rows.h"
#include "flash/time.h"
#include "ledger.h"
#include "metrics.h"

/* ---- one change by its reference ---- */

struct finding {
    const struct flash_adjust_form *form;
    struct flash_inflow_row *row;
};

static bool text_is(struct flash_text text, const char *other)
{
    return text.len == strlen(other) && memcmp(text.at, other, text.len) == 0;
}

static enum flash_inflow_type type_of(const struct flash_adjust_form *form)
{
    return form->restock ? FLASH_INFLOW_RESTOCK : FLASH_INFLOW_ADJUST;
}

static bool take_found(const struct flash_value *cells, int count, void *arg)
{
    enum { NUMBER, TYPE, QUANTITY, REASON, OPERATOR, CREATED };
    const struct finding *finding = arg;
    const struct flash_adjust_form *form = finding->form;
    struct flash_inflow_row *row = finding->row;
    (void)count;
    row->found = true;
    row->same = cells[TYPE].number == (int64_t)type_of(form) &&
                cells[QUANTITY].number == form->delta && text_is(cells[REASON].bytes, form->reason);
    row->number = cells[NUMBER].number;
    row->created_ms = cells[CREATED].number;
    snprintf(row->operator, sizeof(row->operator), "%.*s", (int)cells[OPERATOR].bytes.len,
             cells[OPERATOR].bytes.at);
    return true;
}

bool flash_inflow_find(struct flash_mysql *mysql, const struct flash_adjust_form *form,
                       struct flash_inflow_row *ret_row, struct flash_error *err)
{
    struct finding finding = {form, ret_row};
    const struct flash_value params[] = {flash_value_int(form->sku),
                                         flash_value_text(form->reference)};
    const struct flash_query query = {
        .sql = "SELECT number, type, quantity, reason, operator, created_at_ms FROM inflow "
               "WHERE sku = ? AND reference = ?",
        .params = params,
        .param_count = 2,
        .column_count = 6,
        .row = take_found,
        .arg = &finding,
    };
    *ret_row = (struct flash_inflow_row){0};
    return flash_mysql_query(mysql, &query, err);
}

/* ---- a new one ---- */

static bool insert_inflow(struct flash_mysql *mysql, const struct flash_job *job, int64_t number,
                          struct flash_error *err)
{
    const struct flash_adjust_form *form = &job->form.adjust;
    const struct flash_value params[] = {
        flash_value_int(form->sku),        flash_value_int(number),
        flash_value_int(type_of(form)),    flash_value_int(form->delta),
        flash_value_text(form->reference), flash_value_text(job->caller.operator),
        flash_value_text(form->reason),    flash_value_int((int64_t)flash_time_wall_ms()),
    };
    return flash_mysql_exec(mysql,
                            "INSERT INTO inflow (sku, number, type, quantity, reference, operator, "
                            "reason, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                            params, 8, NULL, err);
}

static bool insert_log(struct flash_mysql *mysql, const struct flash_job *job,
                       const struct flash_sku_row *row, struct flash_error *err)
{
    const struct flash_adjust_form *form = &job->form.adjust;
    const struct flash_value params[] = {
        flash_value_int(form->sku),
        flash_value_int(type_of(form)),
        flash_value_int(form->delta),
        flash_value_int(row->available),
        flash_value_int(row->available + form->delta),
        flash_value_int(row->version + 1),
        flash_value_text(job->caller.operator),
        flash_value_text(form->reason),
        flash_value_text(form->reference),
        flash_value_int((int64_t)flash_time_wall_ms()),
    };
    return flash_mysql_exec(
        mysql,
        "INSERT INTO stock_log (sku, type, quantity, available_before, available_after, "
        "inflow_number, operator, reason, reference, created_at_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params, 10, NULL, err);
}

bool flash_inflow_add(struct flash_mysql *mysql, const struct flash_job *job,
                      const struct flash_sku_row *row, struct flash_error *err)
{
    const struct flash_adjust_form *form = &job->form.adjust;
    const struct flash_value params[] = {
        flash_value_int(form->delta),
        flash_value_int(form->delta),
        flash_value_int((int64_t)flash_time_wall_ms()),
        flash_value_int(form->sku),
    };
    return insert_inflow(mysql, job, row->version + 1, err) && insert_log(mysql, job, row, err) &&
           flash_mysql_exec(mysql,
                            "UPDATE stock SET base = base + ?, available = available + ?, "
                            "version = version + 1, updated_at_ms = ? WHERE sku = ?",
                            params, 4, NULL, err);
}

/* ---- into Redis ---- */

struct reading {
    struct flash_mysql *mysql;
    int64_t sku;
};

static bool read_page(struct flash_inflow_page *page, void *arg, struct flash_error *err)
{
    const struct reading *reading = arg;
    return flash_inflow_rows_read(reading->mysql, reading->sku, page, err);
}

static void count_applied(const struct flash_inflow *row, int64_t moved, void *arg)
{
    (void)row;
    (void)moved;
    (void)arg;
    flash_admin_count(METRIC_INFLOWS, 1);
}

enum flash_push flash_inflow_push(struct flash_stores *stores, const struct flash_sku_row *row,
                                  struct flash_error *err)
{
    static const enum flash_push pushes[] = {
        [FLASH_INFLOW_UP_TO_DATE] = FLASH_PUSH_DONE,
        [FLASH_INFLOW_LOST] = FLASH_PUSH_NEEDS_RECOVERY,
        [FLASH_INFLOW_GAP] = FLASH_PUSH_BROKEN,
        [FLASH_INFLOW_CORRUPT] = FLASH_PUSH_BROKEN,
        [FLASH_INFLOW_AWAY] = FLASH_PUSH_REDIS_AWAY,
        [FLASH_INFLOW_UNREAD] = FLASH_PUSH_LEDGER_AWAY,
    };
    struct reading reading = {stores->mysql, row->sku};
    struct flash_inflow_page page = {.from = row->version};
    if (!read_page(&page, &reading, err)) {
        return pushes[FLASH_INFLOW_UNREAD];
    }
    if (page.count == 0) {
        flash_error_set(err, FLASH_ERROR_BUG, "the ledger has no last inflow of SKU %lld",
                        (long long)row->sku);
        return FLASH_PUSH_BROKEN;
    }
    const struct flash_inflow_replay replay = {.sku = row->sku,
                                               .generation = row->generation,
                                               .last = &page.rows[page.count - 1],
                                               .read = read_page,
                                               .applied = count_applied,
                                               .arg = &reading};
    return pushes[flash_inflow_replay(stores->redis, &replay, err)];
}
