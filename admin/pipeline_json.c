/* A view of the pipeline as JSON; see pipeline_view.h and docs/API.md. What is not known is null.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "flash/time.h"
#include "pipeline_view.h"

static json_t *known(int64_t number)
{
    return number < 0 ? json_null() : json_integer(number);
}

/* To a tenth. */
static json_t *rate(double per_s)
{
    return per_s < 0 ? json_null() : json_real((double)(int64_t)(per_s * 10 + 0.5) / 10);
}

static json_t *time_of(int64_t ms)
{
    char text[FLASH_TIME_TEXT];
    if (ms <= 0) {
        return json_null();
    }
    flash_time_format_ms(ms, text);
    return json_string(text);
}

static json_t *part(const char *name, const struct flash_pipeline_part *part)
{
    return json_pack("{s:s, s:b, s:s*}", "name", name, "ready", part->ready, "reason",
                     part->ready ? NULL : part->reason);
}

static json_t *parts(const struct flash_pipeline_view *view)
{
    return json_pack("[o, o, o]", part("ledger", &view->ledger), part("redis", &view->redis),
                     part("kafka", &view->kafka));
}

/* ---- the journals ---- */

/* Of all SKUs that are shown; null where Redis has told of none. */
static json_t *journal(const struct flash_pipeline_view *view)
{
    int64_t entries = view->redis.ready ? 0 : FLASH_PIPELINE_UNKNOWN;
    int64_t oldest_ms = FLASH_PIPELINE_UNKNOWN;
    for (int i = 0; view->redis.ready && i < view->sku_count; i++) {
        const struct flash_pipeline_sku *sku = &view->skus[i];
        entries += sku->known ? sku->journal : 0;
        oldest_ms = sku->known && sku->oldest_ms > oldest_ms ? sku->oldest_ms : oldest_ms;
    }
    return json_pack("{s:o, s:o}", "entries", known(entries), "oldest_ms", known(oldest_ms));
}

/* ---- the consumer ---- */

static int64_t lag_of(const struct flash_pipeline_partition *partition)
{
    int64_t next = partition->applied >= 0 ? partition->applied : partition->low;
    if (partition->high < 0) {
        return FLASH_PIPELINE_UNKNOWN;
    }
    return partition->high > next ? partition->high - next : 0;
}

static json_t *partitions(const struct flash_pipeline_view *view, int64_t *ret_lag,
                          int64_t *ret_unsettled)
{
    json_t *array = json_array();
    *ret_lag = view->kafka.ready ? 0 : FLASH_PIPELINE_UNKNOWN;
    *ret_unsettled = 0;
    for (int i = 0; i < view->partition_count; i++) {
        const struct flash_pipeline_partition *partition = &view->partitions[i];
        int64_t lag = lag_of(partition);
        *ret_lag += view->kafka.ready && lag > 0 ? lag : 0;
        *ret_unsettled += partition->applied - partition->acked;
        json_array_append_new(array, json_pack("{s:i, s:o, s:o, s:o, s:o}", "partition", i, "end",
                                               known(partition->high), "applied",
                                               known(partition->applied), "acked",
                                               known(partition->acked), "lag", known(lag)));
    }
    return array;
}

/* ---- the sales ---- */

static json_t *gate(const struct flash_pipeline_sku *sku)
{
    return sku->open ? json_string("open") : json_sprintf("closed: %s", sku->gate_cause);
}

static void add_pulse(json_t *json, const struct flash_pipeline_sku *sku)
{
    bool told = sku->known && sku->loaded;
    json_t *pulse = json_null();
    if (told) {
        pulse = json_pack("{s:I, s:I, s:o, s:I, s:o, s:o}", "available", (json_int_t)sku->available,
                          "orders", (json_int_t)sku->orders, "accepted_per_s",
                          rate(sku->accepted_per_s), "journal", (json_int_t)sku->journal,
                          "oldest_ms", known(sku->oldest_ms), "gate", gate(sku));
    }
    json_object_set_new(json, "redis", pulse);
}

static json_t *sku_json(const struct flash_pipeline_sku *sku, int64_t now_ms)
{
    struct flash_sku_row row = sku->row;
    char id[FLASH_SKU_TEXT_MAX + 1];
    snprintf(id, sizeof(id), "%" PRId64, row.sku);
    if (sku->known && sku->loaded) {
        row.available = sku->available; /* sold out is what Redis says */
    }
    const char *state = flash_sku_sale_state(&row, now_ms);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:b, s:b}", "sku", id,
                  "title", row.title, "state", state, "starts_at", time_of(row.starts_ms),
                  "ends_at", time_of(row.ends_ms), "total", (json_int_t)row.base, "available",
                  (json_int_t)sku->row.available, "reserved", (json_int_t)row.reserved, "sold",
                  (json_int_t)row.sold, "low_stock_threshold", (json_int_t)row.threshold,
                  "low_stock", row.available <= row.threshold, "flagged", row.flagged);
    add_pulse(json, sku);
    return json;
}

static json_t *skus(const struct flash_pipeline_view *view)
{
    json_t *array = json_array();
    for (int i = 0; i < view->sku_count; i++) {
        json_array_append_new(array, sku_json(&view->skus[i], view->at_ms));
    }
    return array;
}

/* ---- what is wrong ---- */

static json_t *audit(const struct flash_pipeline_audit *audit)
{
    char id[FLASH_UUID_TEXT + 1];
    if (!audit->found) {
        return json_null();
    }
    flash_uuid_format(&audit->run, id);
    return json_pack("{s:s, s:s, s:o, s:o, s:I}", "run_id", id, "state", audit->state, "started_at",
                     time_of(audit->started_ms), "ended_at", time_of(audit->ended_ms), "findings",
                     (json_int_t)audit->findings);
}

static json_t *findings(const struct flash_pipeline_view *view)
{
    json_t *by_cause = json_object();
    int64_t open = 0;
    for (int i = 0; i < view->cause_count; i++) {
        open += view->causes[i].count;
        json_object_set_new(by_cause, view->causes[i].name, json_integer(view->causes[i].count));
    }
    return json_pack("{s:I, s:o}", "open", (json_int_t)open, "by_cause", by_cause);
}

static json_t *alerts(const struct flash_pipeline_view *view)
{
    json_t *array = json_array();
    for (int i = 0; i < view->alert_count; i++) {
        const struct flash_pipeline_alert *alert = &view->alerts[i];
        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:o}", "key", alert->key,
                                               "severity", alert->severity, "detail", alert->detail,
                                               "since", time_of(alert->since_ms)));
    }
    return array;
}

char *flash_pipeline_json(const struct flash_pipeline_view *view)
{
    int64_t lag, unsettled;
    json_t *of_partitions = partitions(view, &lag, &unsettled);
    json_t *rates = json_pack("{s:o, s:o}", "accepted_per_s", rate(view->accepted_per_s),
                              "created_per_s", rate(view->created_per_s));
    json_t *consumer = json_pack("{s:o, s:o}", "lag", known(lag), "partitions", of_partitions);
    json_t *json = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:I}, s:o, s:b, s:o, s:o, s:o}", "at",
        time_of(view->at_ms), "interval_ms", known(view->interval_ms), "generation",
        known(view->generation ? view->generation : FLASH_PIPELINE_UNKNOWN), "parts", parts(view),
        "rates", rates, "journal", journal(view), "consumer", consumer, "settle", "lag",
        (json_int_t)unsettled, "skus", skus(view), "more_skus", view->more_skus, "audit",
        audit(&view->audit), "findings", findings(view), "alerts", alerts(view));
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(json);
    return text;
}
