/* Levels and the alerts that say them; see stock_level.h. */
#include "stock_level.h"

#include <stdio.h>

enum { TEXT_MAX = 1024 };

enum flash_stock_level flash_stock_level_of(const struct flash_stock_row *row)
{
    if (row->available > row->threshold) {
        return FLASH_STOCK_WELL;
    }
    if (row->available > 0) {
        return FLASH_STOCK_LOW;
    }
    return row->base == 0 && row->told == FLASH_STOCK_WELL ? FLASH_STOCK_WELL : FLASH_STOCK_OUT;
}

static struct flash_alert alert_of(const struct flash_stock_row *row, const char *what, bool raised)
{
    struct flash_alert alert = {.raised = raised,
                                .severity = raised ? FLASH_SEVERITY_WARNING : FLASH_SEVERITY_INFO};
    snprintf(alert.key, sizeof(alert.key), "stock.%s.%lld", what, (long long)row->sku);
    return alert;
}

static struct flash_alert sold_out(const struct flash_stock_row *row, bool raised)
{
    char text[TEXT_MAX];
    bool restocked = row->version > row->told_version;
    struct flash_alert alert = alert_of(row, "sold_out", raised);
    if (raised) {
        snprintf(text, sizeof(text), "SKU %lld is sold out%s%s", (long long)row->sku,
                 row->title[0] ? ": " : "", row->title);
    } else {
        snprintf(text, sizeof(text), "SKU %lld %s: %lld available%s%s", (long long)row->sku,
                 restocked ? "is restocked" : "has units again", (long long)row->available,
                 row->title[0] ? ": " : "", row->title);
    }
    flash_alert_set_text(&alert, text);
    return alert;
}

static struct flash_alert low(const struct flash_stock_row *row, bool raised)
{
    char text[TEXT_MAX];
    struct flash_alert alert = alert_of(row, "low", raised);
    snprintf(text, sizeof(text), "SKU %lld is %s: %lld available, the threshold is %lld%s%s",
             (long long)row->sku, raised ? "low" : "not low any more", (long long)row->available,
             (long long)row->threshold, row->title[0] ? ": " : "", row->title);
    flash_alert_set_text(&alert, text);
    return alert;
}

int flash_stock_tell(const struct flash_stock_row *row, int64_t now_ms, int64_t restock_after_ms,
                     struct flash_alert ret_alerts[FLASH_STOCK_ALERTS])
{
    enum flash_stock_level level = flash_stock_level_of(row);
    bool waits = level < row->told && row->version == row->told_version &&
                 now_ms - row->told_at_ms < restock_after_ms;
    int count = 0;
    if (level == row->told || waits) {
        return 0;
    }
    if (level == FLASH_STOCK_OUT) {
        ret_alerts[count++] = sold_out(row, true);
    } else {
        ret_alerts[count++] = sold_out(row, false);
        ret_alerts[count++] = low(row, level == FLASH_STOCK_LOW);
    }
    for (int i = 0; i < count; i++) {
        ret_alerts[i].at_ms = now_ms;
    }
    return count;
}
