/* Sales and their stock in the order of their SKUs; see sales.h. The state is the ledger's word by
 * the back office's clock, as in sku.c. */
#include "sales.h"

#include <string.h>

#include "flash/time.h"
#include "ledger.h"
#include "listing.h"

enum { UPCOMING, OPEN, SOLD_OUT, ENDED, CLOSED, STATES, ANY = STATES };
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

/* Of the sales in from; the state takes the time twice. */
#define LIST(from)                                                                                 \
    "SELECT v.sku, s.title, v.starts_at_ms, v.ends_at_ms, v.per_user_limit, v.hold_seconds, "      \
    "CASE WHEN v.closed = 1 THEN 4 WHEN ? < v.starts_at_ms THEN 0 WHEN ? >= v.ends_at_ms THEN 3 "  \
    "WHEN s.available > 0 THEN 1 ELSE 2 END, v.version, v.updated_at_ms, v.closed_at_ms, "         \
    "v.settled_at_ms, s.base, s.available, s.reserved, s.sold FROM " from
#define STOCK_OF_SALE "STRAIGHT_JOIN stock s ON s.sku = v.sku "
#define PAGE "WHERE v.sku > ? "
#define END "ORDER BY v.sku LIMIT ?"
/* Those that are looked for are found by few columns: thousands may be looked at for one. */
#define FOUND(from, which)                                                                         \
    LIST("(SELECT v.sku FROM " from PAGE "AND " which END                                          \
         ") k STRAIGHT_JOIN sale v ON v.sku = k.sku " STOCK_OF_SALE "ORDER BY v.sku")
#define NOT_CLOSED "v.closed = 0 AND v.starts_at_ms "
#define RUNNING NOT_CLOSED "<= ? AND v.ends_at_ms > ? "

static const struct {
    const char *sql;
    int times; /* behind the SKU: how often which takes the time */
} lists[] = {
    [UPCOMING] = {FOUND("sale v ", NOT_CLOSED "> ? "), 1},
    [OPEN] = {FOUND("sale v " STOCK_OF_SALE, RUNNING "AND s.available > 0 "), 2},
    [SOLD_OUT] = {FOUND("sale v " STOCK_OF_SALE, RUNNING "AND s.available <= 0 "), 2},
    [ENDED] = {FOUND("sale v ", NOT_CLOSED "<= ? AND v.ends_at_ms <= ? "), 2},
    [CLOSED] = {FOUND("sale v ", "v.closed = 1 "), 0},
    [ANY] = {LIST("sale v " STOCK_OF_SALE PAGE END), 0},
};

static int state_of(const char *word)
{
    int state = UPCOMING;
    while (state < STATES && !(word && strcmp(word, states[state]) == 0)) {
        state++;
    }
    return state;
}

void flash_sales_list(struct flash_job *job, struct flash_stores *stores)
{
    const struct flash_list_form *form = &job->form.list;
    const struct flash_value now = flash_value_int((int64_t)flash_time_wall_ms());
    const struct flash_value params[] = {now, now, flash_value_int(form->after_sku), now, now};
    int state = state_of(form->sale_state);
    const struct flash_listing listing = {.list = &sales,
                                          .sql = lists[state].sql,
                                          .params = params,
                                          .param_count = 3 + lists[state].times,
                                          .format = form->format,
                                          .limit = form->limit,
                                          .key = flash_listing_key_number};
    flash_listing_answer(job, stores, &listing);
}
