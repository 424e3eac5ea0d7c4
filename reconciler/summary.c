/* Sums up and writes the message; see summary.h.
 *
 * The day's row in alert_summary and the messages are one transaction: who inserts the row sends. A
 * clock that shows an hour twice makes no second summary, one that leaves the minute out makes it
 * at the next that there is. */
#include "summary.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/log.h"
#include "flash/mysql_value.h"
#include "flash/outbox.h"
#include "metrics.h"

#define KEY "stock.summary"

struct flash_summary {
    struct flash_config config;
    struct flash_mysql *mysql;     /* (borrowed) */
    int minute;                    /* -1: never */
    struct flash_zone_clock clock; /* of the look in hand */
    char done[FLASH_ZONE_DAY];     /* the last day known to have one */
    char list[FLASH_ALERT_LIST_MAX + 1];
};

bool flash_summary_new(const struct flash_config *config, struct flash_mysql *mysql,
                       struct flash_summary **ret_summary, struct flash_error *err)
{
    struct flash_summary *summary = calloc(1, sizeof(*summary));
    if (!summary) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "summary: out of memory");
    }
    summary->config = *config;
    summary->mysql = mysql;
    summary->minute = flash_config_summary_minute(config);
    *ret_summary = summary;
    return true;
}

void flash_summary_free(struct flash_summary *summary)
{
    if (summary) {
        explicit_bzero(&summary->config, sizeof(summary->config));
        free(summary);
    }
}

/* ---- what there is ---- */

struct counts {
    int64_t low, sold_out;
};

static bool take_counts(const struct flash_value *cells, int count, void *arg)
{
    struct counts *counts = arg;
    (void)count;
    *counts = (struct counts){cells[0].number, cells[1].number};
    return false;
}

static bool take_listed(const struct flash_value *cells, int count, void *arg)
{
    json_t *list = arg;
    struct flash_text title = cells[3].bytes;
    (void)count;
    return json_array_append_new(
               list, json_pack("{s:I, s:s%, s:I, s:I}", "sku", (json_int_t)cells[0].number, "title",
                               title.at, title.len, "available", (json_int_t)cells[1].number,
                               "threshold", (json_int_t)cells[2].number)) == 0;
}

/* The list as text, with as many rows as there is room for, the emptiest first; *ret_listed rows.
 */
static bool write_list(struct flash_summary *summary, json_t *list, int64_t *ret_listed)
{
    size_t len;
    while ((len = json_dumpb(list, summary->list, sizeof(summary->list) - 1, JSON_COMPACT)) >=
           sizeof(summary->list)) {
        json_array_remove(list, json_array_size(list) - 1);
    }
    summary->list[len] = '\0';
    *ret_listed = (int64_t)json_array_size(list);
    return len > 0;
}

static bool read_list(struct flash_summary *summary, int64_t *ret_listed, struct flash_error *err)
{
    json_t *list = json_array();
    const struct flash_query query = {
        .sql = "SELECT sku, available, low_stock_threshold, title FROM stock"
               " WHERE available <= low_stock_threshold AND base > 0"
               " ORDER BY available, sku LIMIT 200",
        .column_count = 4,
        .row = take_listed,
        .arg = list,
    };
    bool read = list && flash_mysql_query(summary->mysql, &query, err);
    if (!list || (read && !write_list(summary, list, ret_listed))) {
        read = flash_error_set(err, FLASH_ERROR_RETRY, "summary: out of memory");
    }
    json_decref(list);
    return read;
}

static bool read_counts(struct flash_summary *summary, struct counts *ret_counts,
                        struct flash_error *err)
{
    const struct flash_query query = {
        .sql = "SELECT COUNT(*), COALESCE(SUM(available = 0), 0) FROM stock"
               " WHERE available <= low_stock_threshold AND base > 0",
        .column_count = 2,
        .row = take_counts,
        .arg = ret_counts,
    };
    return flash_mysql_query(summary->mysql, &query, err);
}

/* ---- the message ---- */

static bool write_day(struct flash_summary *summary, const struct flash_alert *alert,
                      bool *ret_first, struct flash_error *err)
{
    const char *day = summary->clock.day;
    const struct flash_value params[] = {flash_value_text(day), flash_value_uuid(&alert->id),
                                         flash_value_int(alert->at_ms)};
    int64_t rows = 0;
    if (!flash_mysql_exec(summary->mysql,
                          "INSERT INTO alert_summary (day, alert_id, low, sold_out, made_at_ms)"
                          " VALUES (?, ?, 0, 0, ?) ON DUPLICATE KEY UPDATE day = day",
                          params, 3, &rows, err)) {
        return false;
    }
    *ret_first = rows == 1;
    return true;
}

static bool write_message(struct flash_summary *summary, struct flash_alert *alert,
                          struct flash_error *err)
{
    const char *day = summary->clock.day;
    struct flash_outbox_change change = {.alert = alert};
    struct counts counts = {0};
    int64_t listed = 0;
    char text[300], more[80] = "";
    if (!read_counts(summary, &counts, err) || !read_list(summary, &listed, err)) {
        return false;
    }
    if (listed < counts.low) {
        snprintf(more, sizeof(more), "; the %lld with the fewest units are listed",
                 (long long)listed);
    }
    snprintf(text, sizeof(text),
             "%s: %lld SKUs are at or under their threshold, %lld of them sold out%s", day,
             (long long)counts.low, (long long)counts.sold_out, more);
    flash_alert_set_text(alert, text);
    alert->list = summary->list;
    for (int channel = 0; channel < FLASH_CHANNEL_COUNT; channel++) {
        enum flash_channel id = (enum flash_channel)channel;
        change.wanted[channel] = flash_alert_channel_on(&summary->config, id) &&
                                 flash_alert_suits(alert, id, &summary->config);
    }
    const struct flash_value params[] = {flash_value_int(counts.low),
                                         flash_value_int(counts.sold_out), flash_value_text(day)};
    return flash_mysql_exec(summary->mysql,
                            "UPDATE alert_summary SET low = ?, sold_out = ? WHERE day = ?", params,
                            3, NULL, err) &&
           flash_outbox_tell(summary->mysql, &change, err);
}

static bool make(struct flash_summary *summary, int64_t now_ms, struct flash_error *err)
{
    struct flash_alert alert = {
        .key = KEY, .notice = true, .severity = FLASH_SEVERITY_INFO, .at_ms = now_ms};
    bool first = false;
    if (!flash_uuid_new((uint64_t)now_ms, &alert.id, err) ||
        !flash_mysql_connect(summary->mysql, err) || !flash_mysql_begin(summary->mysql, err)) {
        return false;
    }
    if (!write_day(summary, &alert, &first, err) ||
        (first && !write_message(summary, &alert, err)) ||
        !flash_mysql_commit(summary->mysql, err)) {
        flash_mysql_rollback(summary->mysql);
        return false;
    }
    if (first) {
        flash_reconciler_count(METRIC_ALERT_CHANGES, 1);
        FLASH_LOG(INFO, "alert.summary", FLASH_TEXT("text", alert.text));
    }
    return true;
}

bool flash_summary_look(struct flash_summary *summary, int64_t now_ms, struct flash_error *err)
{
    const struct flash_zone_clock *clock = &summary->clock;
    if (summary->minute < 0) {
        return true;
    }
    flash_zone_read(now_ms, &summary->clock);
    if (clock->minute < summary->minute || strcmp(clock->day, summary->done) == 0) {
        return true;
    }
    if (!make(summary, now_ms, err)) {
        return false;
    }
    snprintf(summary->done, sizeof(summary->done), "%s", clock->day);
    return true;
}
