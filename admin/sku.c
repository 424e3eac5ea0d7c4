/* A SKU's rows in the ledger; see sku.h. */
#include "sku.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "flash/time.h"

#define SKU_COLUMNS                                                                                \
    "SELECT s.sku, s.base, s.available, s.reserved, s.sold, s.low_stock_threshold, s.version, "    \
    "s.flagged, s.loaded_generation, s.created_at_ms, s.updated_at_ms, s.title, g.generation, "    \
    "COALESCE(v.version, 0), v.starts_at_ms, v.ends_at_ms, v.per_user_limit, v.hold_seconds, "     \
    "v.updated_at_ms, v.closed, s.threshold_version, COALESCE(v.closed_at_ms, 0), "                \
    "COALESCE(v.closed_last, 0), COALESCE(v.settled_at_ms, 0) "                                    \
    "FROM stock s JOIN generation g ON g.id = 1 LEFT JOIN sale v ON v.sku = s.sku "                \
    "WHERE s.sku = ?"
#define COLUMN_COUNT 24

static bool take_row(const struct flash_value *cells, int count, void *arg)
{
    struct flash_sku_row *row = arg;
    (void)count;
    int64_t *const numbers[] = {&row->sku,  &row->base,      &row->available, &row->reserved,
                                &row->sold, &row->threshold, &row->version};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        *numbers[i] = cells[i].number;
    }
    row->found = true;
    row->flagged = cells[7].number != 0;
    row->loaded_generation = cells[8].number;
    row->created_ms = cells[9].number;
    row->updated_ms = cells[10].number;
    snprintf(row->title, sizeof(row->title), "%.*s", (int)cells[11].bytes.len, cells[11].bytes.at);
    row->generation = cells[12].number;
    row->sale_version = cells[13].number;
    row->starts_ms = cells[14].number;
    row->ends_ms = cells[15].number;
    row->limit = cells[16].number;
    row->hold_s = cells[17].number;
    row->sale_updated_ms = cells[18].number;
    row->closed = cells[19].number != 0;
    row->threshold_version = cells[20].number;
    row->closed_ms = cells[21].number;
    row->closed_last = cells[22].number;
    row->settled_ms = cells[23].number;
    return true;
}

static bool read_row(struct flash_mysql *mysql, const char *sql, struct flash_sku_row *row,
                     struct flash_error *err)
{
    const struct flash_value key = flash_value_int(row->sku);
    const struct flash_query query = {.sql = sql,
                                      .params = &key,
                                      .param_count = 1,
                                      .column_count = COLUMN_COUNT,
                                      .row = take_row,
                                      .arg = row};
    return flash_mysql_query(mysql, &query, err);
}

bool flash_sku_row_read(struct flash_mysql *mysql, int64_t sku, struct flash_sku_row *ret_row,
                        struct flash_error *err)
{
    *ret_row = (struct flash_sku_row){.sku = sku};
    return read_row(mysql, SKU_COLUMNS, ret_row, err);
}

static enum flash_work read_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct flash_sku_row *row = arg;
    return flash_sku_row_read(mysql, row->sku, row, err) ? FLASH_WORK_LEAVE : FLASH_WORK_FAILED;
}

enum flash_ledger_end flash_sku_row_get(struct flash_mysql *mysql, int64_t sku,
                                        struct flash_sku_row *ret_row, struct flash_error *err)
{
    ret_row->sku = sku;
    return flash_ledger_read(mysql, read_work, ret_row, err);
}

bool flash_sku_row_show(struct flash_job *job, struct flash_stores *stores,
                        struct flash_sku_row *ret_row)
{
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_sku_row_get(stores->mysql, job->sku, ret_row, &err);
    enum flash_refusal refusal = flash_ledger_refusal(end, job, &err);
    if (refusal == FLASH_REFUSE_NOTHING && !ret_row->found) {
        refusal = FLASH_REFUSE_UNKNOWN_SKU;
    }
    job->answer.refusal = refusal;
    return refusal == FLASH_REFUSE_NOTHING;
}

static bool seen(const struct flash_value *cells, int count, void *arg)
{
    (void)cells;
    (void)count;
    (void)arg;
    return true;
}

bool flash_sku_row_lock(struct flash_mysql *mysql, int64_t sku, struct flash_sku_row *ret_row,
                        struct flash_error *err)
{
    const struct flash_value key = flash_value_int(sku);
    const struct flash_query lock = {.sql = "SELECT sku FROM stock WHERE sku = ? FOR UPDATE",
                                     .params = &key,
                                     .param_count = 1,
                                     .column_count = 1,
                                     .row = seen};
    return flash_mysql_query(mysql, &lock, err) && flash_sku_row_read(mysql, sku, ret_row, err);
}

const char *flash_sku_sale_state(const struct flash_sku_row *row, int64_t now_ms)
{
    if (row->closed) {
        return "closed";
    }
    if (now_ms < row->starts_ms) {
        return "upcoming";
    }
    if (now_ms >= row->ends_ms) {
        return "ended";
    }
    return row->available > 0 ? "open" : "sold-out";
}

static json_t *time_json(int64_t ms)
{
    char text[FLASH_TIME_TEXT];
    flash_time_format_ms(ms, text);
    return json_string(text);
}

static char *dump(json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

static json_t *change_json(const struct flash_sku_change *change)
{
    json_t *json = json_pack("{s:s, s:I, s:s, s:s, s:s}", "reference", change->reference, "delta",
                             (json_int_t)change->delta, "reason", change->reason, "operator",
                             change->operator, "status", change->version ? "applied" : "pending");
    if (change->version) {
        json_object_set_new(json, "version", json_integer(change->version));
        json_object_set_new(json, "created_at", time_json(change->created_ms));
    }
    return json;
}

char *flash_sku_stock_json(const struct flash_sku_row *row, const struct flash_sku_change *change)
{
    char id[FLASH_SKU_TEXT_MAX + 1];
    snprintf(id, sizeof(id), "%lld", (long long)row->sku);
    return dump(json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:b, s:b, s:o, s:o, s:o*}",
        "product_id", id, "title", row->title, "total", (json_int_t)row->base, "available",
        (json_int_t)row->available, "reserved", (json_int_t)row->reserved, "sold",
        (json_int_t)row->sold, "physical", (json_int_t)(row->available + row->reserved),
        "low_stock_threshold", (json_int_t)row->threshold, "threshold_version",
        (json_int_t)row->threshold_version, "low_stock", row->available <= row->threshold,
        "version", (json_int_t)row->version, "flagged", row->flagged, "loaded",
        row->loaded_generation > 0, "created_at", time_json(row->created_ms), "updated_at",
        time_json(row->updated_ms), "change", change ? change_json(change) : NULL));
}

char *flash_sku_threshold_json(const struct flash_sku_row *row)
{
    char id[FLASH_SKU_TEXT_MAX + 1];
    snprintf(id, sizeof(id), "%lld", (long long)row->sku);
    return dump(json_pack("{s:s, s:I, s:I}", "product_id", id, "low_stock_threshold",
                          (json_int_t)row->threshold, "version",
                          (json_int_t)row->threshold_version));
}

char *flash_sku_sale_json(const struct flash_sku_row *row, int64_t now_ms)
{
    char id[FLASH_SKU_TEXT_MAX + 1];
    snprintf(id, sizeof(id), "%lld", (long long)row->sku);
    json_t *stock =
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "total", (json_int_t)row->base, "available",
                  (json_int_t)row->available, "reserved", (json_int_t)row->reserved, "sold",
                  (json_int_t)row->sold, "physical", (json_int_t)(row->available + row->reserved));
    json_t *sale = json_pack(
        "{s:s, s:s, s:o, s:o, s:I, s:I, s:s, s:I, s:o, s:o, s:o}", "sku", id, "title", row->title,
        "starts_at", time_json(row->starts_ms), "ends_at", time_json(row->ends_ms),
        "per_user_limit", (json_int_t)row->limit, "hold_seconds", (json_int_t)row->hold_s, "state",
        flash_sku_sale_state(row, now_ms), "version", (json_int_t)row->sale_version, "updated_at",
        time_json(row->sale_updated_ms), "server_time", time_json(now_ms), "stock", stock);
    if (row->closed) {
        json_object_set_new(sale, "closed_at", time_json(row->closed_ms));
        json_object_set_new(sale, "settled", json_boolean(row->settled_ms > 0));
    }
    if (row->closed && row->settled_ms > 0) {
        json_object_set_new(sale, "settled_at", time_json(row->settled_ms));
    }
    return dump(sale);
}
