/* What the ledger says of one SKU: its stock, its sale and the generation, from one snapshot; and
 * that as JSON. */
#ifndef ADMIN_SKU_H
#define ADMIN_SKU_H

#include "flash/mysql.h"
#include "ledger.h"

#define FLASH_TITLE_ROW_MAX 800 /* bytes of 200 characters */

struct flash_sku_row {
    bool found;
    int64_t sku, base, available, reserved, sold, threshold;
    int64_t version;           /* number of the last inflow */
    bool flagged;              /* something contradicted Redis */
    int64_t loaded_generation; /* 0: Redis was never given it */
    int64_t created_ms, updated_ms;
    int64_t threshold_version; /* ≥ 1 */
    char title[FLASH_TITLE_ROW_MAX + 1];
    int64_t generation;   /* the ledger's G */
    int64_t sale_version; /* 0: no sale, and what follows is void */
    int64_t starts_ms, ends_ms, limit, hold_s, sale_updated_ms;
    bool closed;
    int64_t closed_ms, closed_last, settled_ms; /* of a closed sale; 0: not known yet */
};

/* Without a lock; an absent SKU is found = false. Error kinds: as flash_mysql_query. */
FLASH_MUST_CHECK bool flash_sku_row_read(struct flash_mysql *mysql, int64_t sku,
                                         struct flash_sku_row *ret_row, struct flash_error *err);
/* The same in a transaction of its own, tried again where that can help. LEFT: *ret_row is filled.
 */
FLASH_MUST_CHECK enum flash_ledger_end flash_sku_row_get(struct flash_mysql *mysql, int64_t sku,
                                                         struct flash_sku_row *ret_row,
                                                         struct flash_error *err);
/* The row of job's SKU, for its answer. False: it cannot be read or there is none, and the answer's
 * refusal says so. */
FLASH_MUST_CHECK bool flash_sku_row_show(struct flash_job *job, struct flash_stores *stores,
                                         struct flash_sku_row *ret_row);
/* As read, the stock row locked until the transaction ends; only for SKUs that exist. */
FLASH_MUST_CHECK bool flash_sku_row_lock(struct flash_mysql *mysql, int64_t sku,
                                         struct flash_sku_row *ret_row, struct flash_error *err);

/* A change of the SKU's units, as the answer to who asked for it shows it. */
struct flash_sku_change {
    const char *reference, *reason; /* (borrowed, as all texts here) */
    const char *operator;           /* who asked first */
    int64_t delta;
    int64_t version; /* the stock's, that it made; 0: it has yet to come to the ledger */
    int64_t created_ms;
};

/* "upcoming", "open", "sold-out", "ended" or "closed". */
const char *flash_sku_sale_state(const struct flash_sku_row *row, int64_t now_ms);

/* Owned texts, NULL when memory is short. change: NULL for none. */
char *flash_sku_stock_json(const struct flash_sku_row *row, const struct flash_sku_change *change);
/* {product_id, low_stock_threshold, version}: version is the threshold's. */
char *flash_sku_threshold_json(const struct flash_sku_row *row);
char *flash_sku_sale_json(const struct flash_sku_row *row, int64_t now_ms);

#endif
