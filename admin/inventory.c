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

#define SELECT                                                                                     \
    "SELECT s.sku, title, base, available, reserved, sold, available + reserved, "                 \
    "low_stock_threshold, threshold_version, low, version, flagged, loaded_generation > 0, "       \
    "created_at_ms, updated_at_ms FROM "
/* Of the few that are low, sold out or flagged no other is read. */
#define LIST(index, which)                                                                         \
    SELECT "stock s FORCE INDEX (" index ") WHERE " which                                          \
           "sku > ? AND (? < 0 OR low = ?) AND (? < 0 OR (available > 0) = ?) "                    \
           "AND (? < 0 OR flagged = ?) AND (? = '' OR LOCATE(?, title) > 0) ORDER BY sku LIMIT ?"
/* Of all that are looked at for a title nothing else is read. */
static const char by_title[] =
    SELECT "(SELECT sku FROM stock FORCE INDEX (PRIMARY) WHERE sku > ? AND LOCATE(?, title) > 0 "
           "ORDER BY sku LIMIT ?) k STRAIGHT_JOIN stock s ON s.sku = k.sku ORDER BY s.sku";

static const char *list_query(const struct flash_list_form *form)
{
    if (form->low_stock == 1 || form->in_stock == 0) { /* no threshold is below 0 */
        return LIST("stock_low", "low = 1 AND ");
    }
    return form->flagged == 1 ? LIST("stock_flagged", "flagged = 1 AND ") : LIST("PRIMARY", "");
}

static void answer(struct flash_job *job, struct flash_stores *stores,
                   const struct flash_listing *query)
{
    struct flash_listing listing = *query;
    listing.list = &products;
    listing.format = job->form.list.format;
    listing.limit = job->form.list.limit;
    listing.key = flash_listing_key_number;
    flash_listing_answer(job, stores, &listing);
}

static void list_titled(struct flash_job *job, struct flash_stores *stores)
{
    const struct flash_list_form *form = &job->form.list;
    const struct flash_value params[] = {flash_value_int(form->after_sku),
                                         flash_value_text(form->title)};
    answer(job, stores,
           &(struct flash_listing){.sql = by_title, .params = params, .param_count = 2});
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
    bool by_title_alone =
        form->title[0] && form->low_stock < 0 && form->in_stock < 0 && form->flagged < 0;
    if (by_title_alone) {
        list_titled(job, stores);
        return;
    }
    answer(job, stores,
           &(struct flash_listing){.sql = list_query(form),
                                   .params = params,
                                   .param_count = sizeof(params) / sizeof(params[0])});
}
