/* When a SKU's stock is news: the levels of deploy/sql/008_stock_alerts.sql, and which alerts a
 * change of level raises and clears. Pure.
 *
 *     well ──▶ low ──▶ out      worse: told at once
 *     well ◀── low ◀── out      better: at once after a restock; else once it has lasted, since
 * units of expired orders come and go at the end of a sale
 *
 * "stock.low.<sku>" is raised at or under the threshold and cleared above it;
 * "stock.sold_out.<sku>" is raised at none and cleared by some. */
#ifndef RECONCILER_STOCK_LEVEL_H
#define RECONCILER_STOCK_LEVEL_H

#include "flash/alert.h"

enum flash_stock_level { FLASH_STOCK_WELL, FLASH_STOCK_LOW, FLASH_STOCK_OUT };

/* A row of the ledger's stock. */
struct flash_stock_row {
    int64_t sku, base, available, threshold, version;
    enum flash_stock_level told; /* what people know */
    int64_t told_version, told_at_ms;
    char title[801]; /* UTF-8; empty: none */
};

enum flash_stock_level flash_stock_level_of(const struct flash_stock_row *row);

#define FLASH_STOCK_ALERTS 2

/* What to tell of the row at now_ms; 0 alerts: nothing now. Which of them is a change is for
 * alert_state to say. The ids are the caller's. */
int flash_stock_tell(const struct flash_stock_row *row, int64_t now_ms, int64_t restock_after_ms,
                     struct flash_alert ret_alerts[FLASH_STOCK_ALERTS]);

#endif
