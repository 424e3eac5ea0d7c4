/* Looks for untold rows and tells them; see stock_watch.h.
 *
 *     stock, untold = 1 ──a page──▶ flash_stock_tell ──▶ BEGIN; alert_state, alert_outbox;
 *                                   stock.told_*, if it is still what was read; COMMIT
 *
 * The row of stock comes last, so that orders of the SKU wait for one statement and the commit. */
#include "stock_watch.h"

#include <stdlib.h>
#include <string.h>

#include "flash/fault.h"
#include "flash/log.h"
#include "flash/mysql_value.h"
#include "flash/outbox.h"
#include "metrics.h"
#include "stock_level.h"

enum { PAGE = 100 };

struct flash_stock_watch {
    struct flash_config config;
    struct flash_mysql *mysql; /* (borrowed) */
    struct flash_stock_row rows[PAGE];
    int count;
};

bool flash_stock_watch_new(const struct flash_config *config, struct flash_mysql *mysql,
                           struct flash_stock_watch **ret_watch, struct flash_error *err)
{
    struct flash_stock_watch *watch = calloc(1, sizeof(*watch));
    if (!watch) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "stock: out of memory");
    }
    watch->config = *config;
    watch->mysql = mysql;
    *ret_watch = watch;
    return true;
}

void flash_stock_watch_free(struct flash_stock_watch *watch)
{
    if (watch) {
        explicit_bzero(&watch->config, sizeof(watch->config));
        free(watch);
    }
}

/* ---- the page ---- */

static bool take_row(const struct flash_value *cells, int count, void *arg)
{
    enum { SKU, BASE, AVAILABLE, THRESHOLD, VERSION, TOLD, TOLD_VERSION, TOLD_AT, TITLE };
    struct flash_stock_watch *watch = arg;
    struct flash_stock_row *row = &watch->rows[watch->count++];
    size_t len = cells[TITLE].bytes.len;
    (void)count;
    *row = (struct flash_stock_row){.sku = cells[SKU].number,
                                    .base = cells[BASE].number,
                                    .available = cells[AVAILABLE].number,
                                    .threshold = cells[THRESHOLD].number,
                                    .version = cells[VERSION].number,
                                    .told = (enum flash_stock_level)cells[TOLD].number,
                                    .told_version = cells[TOLD_VERSION].number,
                                    .told_at_ms = cells[TOLD_AT].number};
    memcpy(row->title, cells[TITLE].bytes.at, len < sizeof(row->title) ? len : 0);
    return watch->count < PAGE;
}

static bool read_page(struct flash_stock_watch *watch, int64_t after_sku, struct flash_error *err)
{
    const struct flash_value after = {.type = FLASH_COLUMN_INT, .number = after_sku};
    const struct flash_query query = {
        .sql = "SELECT sku, base, available, low_stock_threshold, version, told_level,"
               " told_version, told_at_ms, title FROM stock"
               " WHERE untold = 1 AND sku > ? ORDER BY sku LIMIT 100",
        .params = &after,
        .param_count = 1,
        .column_count = 9,
        .row = take_row,
        .arg = watch,
    };
    watch->count = 0;
    return flash_mysql_connect(watch->mysql, err) && flash_mysql_query(watch->mysql, &query, err);
}

/* ---- one row ---- */

struct told {
    const struct flash_stock_row *row; /* as it was read */
    int64_t now_ms;
    struct flash_alert alerts[FLASH_STOCK_ALERTS];
    bool changed[FLASH_STOCK_ALERTS];
    int count;
};

static bool write_alerts(struct flash_stock_watch *watch, struct told *told,
                         struct flash_error *err)
{
    for (int i = 0; i < told->count; i++) {
        struct flash_alert *alert = &told->alerts[i];
        struct flash_outbox_change change = {.alert = alert};
        for (int channel = 0; channel < FLASH_CHANNEL_COUNT; channel++) {
            enum flash_channel id = (enum flash_channel)channel;
            change.wanted[channel] = flash_alert_channel_on(&watch->config, id) &&
                                     flash_alert_suits(alert, id, &watch->config);
        }
        if (!flash_uuid_new((uint64_t)alert->at_ms, &alert->id, err) ||
            !flash_outbox_write(watch->mysql, &change, &told->changed[i], err)) {
            return false;
        }
    }
    return true;
}

/* *ret_moved false: somebody else has told of the row meanwhile. */
static bool move_told(struct flash_stock_watch *watch, const struct told *told, bool *ret_moved,
                      struct flash_error *err)
{
    const struct flash_stock_row *row = told->row;
    const struct flash_value params[] = {
        flash_value_int(flash_stock_level_of(row)),
        flash_value_int(row->version),
        flash_value_int(told->now_ms),
        flash_value_int(row->sku),
        flash_value_int(row->told),
        flash_value_int(row->told_version),
        flash_value_int(row->told_at_ms),
    };
    int64_t moved = 0;
    if (!flash_mysql_exec(watch->mysql,
                          "UPDATE stock SET told_level = ?, told_version = ?, told_at_ms = ?"
                          " WHERE sku = ? AND told_level = ? AND told_version = ?"
                          " AND told_at_ms = ?",
                          params, 7, &moved, err)) {
        return false;
    }
    *ret_moved = moved == 1;
    return true;
}

static void say(const struct told *told)
{
    for (int i = 0; i < told->count; i++) {
        const struct flash_alert *alert = &told->alerts[i];
        if (told->changed[i]) {
            flash_reconciler_count(METRIC_ALERT_CHANGES, 1);
            FLASH_LOG(INFO, "alert.stock", FLASH_TEXT("key", alert->key),
                      FLASH_TEXT("state", flash_alert_state_name(alert)),
                      FLASH_TEXT("text", alert->text));
        }
    }
}

static bool tell(struct flash_stock_watch *watch, const struct flash_stock_row *row, int64_t now_ms,
                 struct flash_error *err)
{
    struct told told = {.row = row, .now_ms = now_ms};
    bool moved = false;
    told.count = flash_stock_tell(row, now_ms, watch->config.alerts.restock_after_ms, told.alerts);
    if (told.count == 0) {
        return true;
    }
    if (!flash_mysql_begin(watch->mysql, err)) {
        return false;
    }
    if (!write_alerts(watch, &told, err) || !move_told(watch, &told, &moved, err)) {
        flash_mysql_rollback(watch->mysql);
        return false;
    }
    FLASH_FAULT("stock.told");
    if (!moved) {
        flash_mysql_rollback(watch->mysql);
        return true;
    }
    if (!flash_mysql_commit(watch->mysql, err)) {
        return false; /* the row says at the next look whether it was told */
    }
    say(&told);
    return true;
}

bool flash_stock_watch_look(struct flash_stock_watch *watch, int64_t now_ms,
                            struct flash_error *err)
{
    int64_t after_sku = 0;
    do {
        if (!read_page(watch, after_sku, err)) {
            return false;
        }
        for (int i = 0; i < watch->count; i++) {
            if (!tell(watch, &watch->rows[i], now_ms, err)) {
                return false;
            }
            after_sku = watch->rows[i].sku;
        }
    } while (watch->count == PAGE);
    return true;
}
