/* What the ledger tells of the pipeline, all of it from one snapshot; see pipeline_view.h.
 *
 * Each question is bounded, whatever the tables hold: so many rows, or so many of the youngest. */
#include <stdio.h>
#include <string.h>

#include "flash/time.h"
#include "pipeline_view.h"

#define ENDED_MS 3600000LL /* a sale that ended longer ago is not shown */

static const char skus_query[] =
    "SELECT s.sku, s.base, s.available, s.reserved, s.sold, s.low_stock_threshold, s.version, "
    "s.flagged, s.title, v.starts_at_ms, v.ends_at_ms, v.per_user_limit, v.closed "
    "FROM sale v JOIN stock s ON s.sku = v.sku WHERE v.ends_at_ms > ? "
    "ORDER BY CASE WHEN v.closed = 1 OR v.ends_at_ms <= ? THEN 2 WHEN v.starts_at_ms > ? THEN 1 "
    "ELSE 0 END, ABS(v.starts_at_ms - ?), s.sku LIMIT 101";

static const char log_query[] =
    "SELECT COALESCE(SUM(CASE WHEN type = 1 THEN line_count ELSE 0 END), 0), MAX(id) "
    "FROM stock_log WHERE id > ?";

static const char audit_query[] =
    "SELECT run_id, state, started_at_ms, COALESCE(ended_at_ms, 0), findings FROM "
    "(SELECT run_id, mode, state, started_at_ms, ended_at_ms, findings FROM reconcile_run "
    "ORDER BY run_id DESC LIMIT 1000) r WHERE mode = 'audit' ORDER BY run_id DESC LIMIT 1";

static const char causes_query[] =
    "SELECT cause, COUNT(*) FROM (SELECT cause, state FROM reconcile_finding ORDER BY id DESC "
    "LIMIT 10000) f WHERE state = 'open' GROUP BY cause ORDER BY COUNT(*) DESC, cause LIMIT 16";

static const char alerts_query[] = "SELECT alert_key, severity, detail, since_ms FROM alert_state "
                                   "WHERE state = 'raised' ORDER BY since_ms DESC LIMIT 32";

/* One question of the snapshot. */
struct asking {
    struct flash_mysql *mysql;
    struct flash_pipeline_view *view;
    struct flash_error *err;
    int64_t recorded; /* order lines, by the log */
};

struct question {
    const char *sql;
    struct flash_value params[4];
    int param_count, column_count;
    flash_mysql_row row;
};

static bool ask(struct asking *asking, const struct question *question)
{
    const struct flash_query query = {.sql = question->sql,
                                      .params = question->params,
                                      .param_count = question->param_count,
                                      .column_count = question->column_count,
                                      .row = question->row,
                                      .arg = asking};
    return flash_mysql_query(asking->mysql, &query, asking->err);
}

/* Cut to fit between characters. */
static void copy(char *to, size_t size, const struct flash_value *cell)
{
    size_t len = cell->bytes.len < size ? cell->bytes.len : size - 1;
    while (len < cell->bytes.len && len > 0 &&
           ((unsigned char)cell->bytes.at[len] & 0xC0) == 0x80) {
        len--;
    }
    memcpy(to, cell->bytes.at, len);
    to[len] = '\0';
}

static bool take_generation(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    ((struct asking *)arg)->view->generation = cells[0].number;
    return true;
}

static bool take_sku(const struct flash_value *cells, int count, void *arg)
{
    struct flash_pipeline_view *view = ((struct asking *)arg)->view;
    (void)count;
    if (view->sku_count == FLASH_PIPELINE_SKUS) {
        view->more_skus = true;
        return false;
    }
    struct flash_pipeline_sku *sku = &view->skus[view->sku_count++];
    struct flash_sku_row *row = &sku->row;
    int64_t *const numbers[] = {&row->sku,  &row->base,      &row->available, &row->reserved,
                                &row->sold, &row->threshold, &row->version};
    *sku = (struct flash_pipeline_sku){.row.found = true};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        *numbers[i] = cells[i].number;
    }
    row->flagged = cells[7].number != 0;
    copy(row->title, sizeof(row->title), &cells[8]);
    row->starts_ms = cells[9].number;
    row->ends_ms = cells[10].number;
    row->limit = cells[11].number;
    row->closed = cells[12].number != 0;
    return true;
}

static bool take_progress(const struct flash_value *cells, int count, void *arg)
{
    struct flash_pipeline_view *view = ((struct asking *)arg)->view;
    (void)count;
    int64_t number = cells[0].number;
    if (number < 0 || number >= FLASH_TOPIC_PARTITIONS_MAX) {
        return true;
    }
    while (view->partition_count <= number) {
        view->partitions[view->partition_count++] =
            (struct flash_pipeline_partition){FLASH_PIPELINE_UNKNOWN, FLASH_PIPELINE_UNKNOWN,
                                              FLASH_PIPELINE_UNKNOWN, FLASH_PIPELINE_UNKNOWN};
    }
    view->partitions[number].applied = cells[1].number;
    view->partitions[number].acked = cells[2].number;
    return true;
}

static bool take_log(const struct flash_value *cells, int count, void *arg)
{
    struct asking *asking = arg;
    (void)count;
    asking->recorded = cells[0].number;
    asking->view->log_id = cells[1].null ? asking->view->log_id : cells[1].number;
    return true;
}

static bool take_log_end(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    ((struct asking *)arg)->view->log_id = cells[0].number;
    return true;
}

static bool take_audit(const struct flash_value *cells, int count, void *arg)
{
    struct flash_pipeline_audit *audit = &((struct asking *)arg)->view->audit;
    (void)count;
    audit->found = cells[0].bytes.len == sizeof(audit->run.bytes);
    if (audit->found) {
        memcpy(audit->run.bytes, cells[0].bytes.at, sizeof(audit->run.bytes));
    }
    copy(audit->state, sizeof(audit->state), &cells[1]);
    audit->started_ms = cells[2].number;
    audit->ended_ms = cells[3].number;
    audit->findings = cells[4].number;
    return true;
}

static bool take_cause(const struct flash_value *cells, int count, void *arg)
{
    struct flash_pipeline_view *view = ((struct asking *)arg)->view;
    (void)count;
    struct flash_pipeline_cause *cause = &view->causes[view->cause_count++];
    copy(cause->name, sizeof(cause->name), &cells[0]);
    cause->count = cells[1].number;
    return view->cause_count < FLASH_PIPELINE_CAUSES;
}

static bool take_alert(const struct flash_value *cells, int count, void *arg)
{
    struct flash_pipeline_view *view = ((struct asking *)arg)->view;
    (void)count;
    struct flash_pipeline_alert *alert = &view->alerts[view->alert_count++];
    copy(alert->key, sizeof(alert->key), &cells[0]);
    copy(alert->severity, sizeof(alert->severity), &cells[1]);
    copy(alert->detail, sizeof(alert->detail), &cells[2]);
    alert->since_ms = cells[3].number;
    return view->alert_count < FLASH_PIPELINE_ALERTS;
}

/* What was recorded since the view before; without one, only where the log ends. */
static bool ask_log(struct asking *asking)
{
    struct flash_pipeline_view *view = asking->view;
    const struct question since = {log_query, {flash_value_int(view->log_id)}, 1, 2, take_log};
    const struct question end = {
        "SELECT COALESCE(MAX(id), 0) FROM stock_log", {{0}}, 0, 1, take_log_end};
    view->created_per_s = FLASH_PIPELINE_UNKNOWN;
    if (view->log_id == FLASH_PIPELINE_UNKNOWN) {
        view->log_us = view->at_us;
        return ask(asking, &end);
    }
    if (!ask(asking, &since)) {
        return false;
    }
    uint64_t passed_us = view->at_us - view->log_us;
    if (passed_us > 0 && passed_us <= FLASH_PIPELINE_INTERVAL_MAX_US) {
        view->created_per_s = (double)asking->recorded * 1e6 / (double)passed_us;
    }
    view->log_us = view->at_us;
    return true;
}

static bool ask_all(struct asking *asking, const char *topic)
{
    int64_t now_ms = asking->view->at_ms;
    const struct question questions[] = {
        {"SELECT generation FROM generation WHERE id = 1", {{0}}, 0, 1, take_generation},
        {skus_query,
         {flash_value_int(now_ms - ENDED_MS), flash_value_int(now_ms), flash_value_int(now_ms),
          flash_value_int(now_ms)},
         4,
         13,
         take_sku},
        {"SELECT partition_no, applied, acked FROM consumer_progress WHERE topic = ?",
         {flash_value_text(topic)},
         1,
         3,
         take_progress},
        {audit_query, {{0}}, 0, 5, take_audit},
        {causes_query, {{0}}, 0, 2, take_cause},
        {alerts_query, {{0}}, 0, 4, take_alert},
    };
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        if (!ask(asking, &questions[i])) {
            return false;
        }
    }
    return ask_log(asking);
}

bool flash_pipeline_read_ledger(struct flash_stores *stores, struct flash_pipeline_view *ret_view,
                                struct flash_error *err)
{
    struct asking asking = {stores->mysql, ret_view, err, 0};
    ret_view->sku_count = ret_view->partition_count = ret_view->cause_count = 0;
    ret_view->alert_count = 0;
    ret_view->more_skus = false;
    ret_view->audit = (struct flash_pipeline_audit){0};
    bool ok = flash_mysql_begin_snapshot(stores->mysql, err) &&
              ask_all(&asking, stores->config->kafka.topic);
    flash_mysql_rollback(stores->mysql);
    return ok;
}
