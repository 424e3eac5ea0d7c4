/* Stock rows in the order of their numbers; see inventory.h. One statement is one snapshot, so
 * available + reserved is what is physically there in every row, whatever is sold meanwhile. */
#include "inventory.h"

#include "ledger.h"
#include "listing.h"

static const struct flash_page_column columns[] = {
    {"product_id", FLASH_CELL_NUMERAL},
    {"title", FLASH_CELL_TEXT},
    {"total", FLASH_CELL_NUMBER},
    {"available", FLASH_CELL_NUMBER},
    {"reserved", FLASH_CELL_NUMBER},
    {"sold", FLASH_CELL_NUMBER},
    {"physical", FLASH_CELL_NUMBER},
    {"low_stock_threshold", FLASH_CELL_NUMBER},
    {"threshold_version", FLASH_CELL_NUMBER},
    {"low_stock", FLASH_CELL_FLAG},
    {"version", FLASH_CELL_NUMBER},
    {"flagged", FLASH_CELL_FLAG},
    {"loaded", FLASH_CELL_FLAG},
    {"created_at", FLASH_CELL_TIME},
    {"updated_at", FLASH_CELL_TIME},
};
static const struct flash_page_list products = {"products", columns,
                                                sizeof(columns) / sizeof(columns[0])};

/* Of the few that are low, sold out or flagged no other is read. */
#define LIST(index, which)                                                                         \
    "SELECT sku, title, base, available, reserved, sold, available + reserved, "                   \
    "low_stock_threshold, threshold_version, low, version, flagged, loaded_generation > 0, "       \
    "created_at_ms, updated_at_ms FROM stock FORCE INDEX (" index ") WHERE " which                 \
    "sku > ? AND (? < 0 OR low = ?) AND (? < 0 OR (available > 0) = ?) "                           \
    "AND (? < 0 OR flagged = ?) AND (? = '' OR LOCATE(?, title) > 0) ORDER BY sku LIMIT ?"

static const char *list_query(const struct flash_list_form *form)
{
    if (form->low_stock == 1 || form->in_stock == 0) { /* no threshold is below 0 */
        return LIST("stock_low", "low = 1 AND ");
    }
    return form->flagged == 1 ? LIST("stock_flagged", "flagged = 1 AND ") : LIST("PRIMARY", "");
}

void flash_inventory_list(struct flash_job *job, struct flash_stores *stores)
{
    const struct flash_list_form *form = &job->form.list;
    const struct flash_value params[] = {
        flash_value_int(form->after_sku), flash_value_int(form->low_stock),
        flash_value_int(form->low_stock), flash_value_int(form->in_stock),
        flash_value_int(form->in_stock),  flash_value_int(form->flagged),
        flash_value_int(form->flagged),   flash_value_text(form->title),
        flash_value_text(form->title),
    };
    const struct flash_listing listing = {.list = &products,
                                          .sql = list_query(form),
                                          .params = params,
                                          .param_count = sizeof(params) / sizeof(params[0]),
                                          .format = form->format,
                                          .limit = form->limit,
                                          .key = flash_listing_key_number};
    flash_listing_answer(job, stores, &listing);
}
