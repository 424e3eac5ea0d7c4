/* Sales and their stock in the order of their SKUs; see sales.h. The state is the ledger's word by
 * the back office's clock, as in sku.c. */
#include "sales.h"

#include <string.h>

#include "flash/time.h"
#include "ledger.h"
#include "listing.h"

enum { UPCOMING, OPEN, SOLD_OUT, ENDED, CLOSED, STATES };
static const char *const states[STATES] = {"upcoming", "open", "sold-out", "ended", "closed"};

static const struct flash_page_column columns[] = {
    {"sku", FLASH_CELL_NUMERAL},
    {"title", FLASH_CELL_TEXT},
    {"starts_at", FLASH_CELL_TIME},
    {"ends_at", FLASH_CELL_TIME},
    {"per_user_limit", FLASH_CELL_NUMBER},
    {"hold_seconds", FLASH_CELL_NUMBER},
    {"state", FLASH_CELL_WORD, states, STATES},
    {"version", FLASH_CELL_NUMBER},
    {"updated_at", FLASH_CELL_TIME},
    {"closed_at", FLASH_CELL_TIME},
    {"settled_at", FLASH_CELL_TIME},
    {"total", FLASH_CELL_NUMBER},
    {"available", FLASH_CELL_NUMBER},
    {"reserved", FLASH_CELL_NUMBER},
    {"sold", FLASH_CELL_NUMBER},
};
static const struct flash_page_list sales = {"sales", columns,
                                             sizeof(columns) / sizeof(columns[0])};

#define STATE                                                                                      \
    "(CASE WHEN v.closed = 1 THEN 4 WHEN ? < v.starts_at_ms THEN 0 WHEN ? >= v.ends_at_ms THEN 3 " \
    "WHEN s.available > 0 THEN 1 ELSE 2 END)"
/* What the sale's row alone says: with it no stock row of any other state is read. */
#define BY_SALE                                                                                    \
    "(CASE WHEN v.closed = 1 THEN 4 WHEN ? < v.starts_at_ms THEN 0 WHEN ? >= v.ends_at_ms THEN 3 " \
    "ELSE 1 END)"
static const char list_query[] =
    "SELECT v.sku, s.title, v.starts_at_ms, v.ends_at_ms, v.per_user_limit, v.hold_seconds, " STATE
    ", v.version, v.updated_at_ms, v.closed_at_ms, v.settled_at_ms, s.base, s.available, "
    "s.reserved, s.sold FROM sale v STRAIGHT_JOIN stock s ON s.sku = v.sku WHERE v.sku > ? "
    "AND (? < 0 OR " BY_SALE " = ?) AND (? < 0 OR " STATE " = ?) ORDER BY v.sku LIMIT ?";

static int state_code(const char *word)
{
    for (int i = 0; word && i < STATES; i++) {
        if (strcmp(word, states[i]) == 0) {
            return i;
        }
    }
    return FLASH_LIST_ANY;
}

void flash_sales_list(struct flash_job *job, struct flash_stores *stores)
{
    const struct flash_list_form *form = &job->form.list;
    const struct flash_value now = flash_value_int((int64_t)flash_time_wall_ms());
    const struct flash_value state = flash_value_int(state_code(form->sale_state));
    const struct flash_value by_sale =
        flash_value_int(state.number == SOLD_OUT ? OPEN : (int)state.number);
    const struct flash_value params[] = {
        now, now,   flash_value_int(form->after_sku), by_sale, now, now, by_sale, state, now,
        now, state,
    };
    const struct flash_listing listing = {.list = &sales,
                                          .sql = list_query,
                                          .params = params,
                                          .param_count = sizeof(params) / sizeof(params[0]),
                                          .format = form->format,
                                          .limit = form->limit,
                                          .key = flash_listing_key_number};
    flash_listing_answer(job, stores, &listing);
}
