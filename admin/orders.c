/* Orders of the ledger in the order of their ids; see orders.h.
 *
 * The consumer's hot table has no index but its key (DESIGN §7), so a page reads a bounded stretch
 * of keys and keeps what is wanted. Only a user's orders come by an index, where the optional
 * migration 101 has made one. */
#include "orders.h"

#include <stdio.h>
#include <string.h>

#include "flash/state.h"
#include "ledger.h"
#include "listing.h"

#define STRETCH "2000" /* orders looked at for a page */

static const char *const statuses[] = {NULL,      "CREATED",  "PAID",   "CANCELLED",
                                       "EXPIRED", "RETURNED", "FAILED", "FAILED"};
static const char *const reasons[] = {NULL, NULL, NULL, NULL, NULL, NULL, "lost", "shortage"};

static const struct flash_page_column columns[] = {
    {"order_id", FLASH_CELL_TEXT},
    {"sku", FLASH_CELL_NUMERAL},
    {"user_id", FLASH_CELL_TEXT},
    {"quantity", FLASH_CELL_NUMBER},
    {"status", FLASH_CELL_WORD, statuses, 8},
    {"reason", FLASH_CELL_WORD, reasons, 8},
    {"version", FLASH_CELL_NUMBER},
    {"pay_by", FLASH_CELL_TIME_S},
    {"payment_id", FLASH_CELL_TEXT},
    {"entry_id", FLASH_CELL_ID},
    {"updated_at", FLASH_CELL_TIME},
};
#define COLUMNS (int)(sizeof(columns) / sizeof(columns[0]))
static const struct flash_page_list orders = {"orders", columns, COLUMNS};

#define SELECT                                                                                     \
    "SELECT order_id, sku, user_id, qty, state, state, version, due, payment_id, entry_id, "       \
    "updated_at_ms FROM reservation FORCE INDEX ("
#define WANTED                                                                                     \
    "AND order_id > ? AND order_id <= ? AND state >= ? AND state <= ? AND updated_at_ms >= ? "     \
    "AND updated_at_ms < ? ORDER BY order_id LIMIT ?"

struct reading {
    const struct flash_list_form *form;
    char after[FLASH_ORDER_ID_MAX + 1], upto[FLASH_ORDER_ID_MAX + 1];
    char last[FLASH_ORDER_ID_MAX + 1]; /* that was given */
    struct flash_page page;
    bool indexed, bounded, more;
};

static void begin(struct reading *reading)
{
    const struct flash_list_form *form = reading->form;
    const struct flash_order_range range = flash_order_range_of(form->sku);
    bool later = strcmp(form->after_order, range.first) > 0;
    snprintf(reading->after, sizeof(reading->after), "%s", later ? form->after_order : range.first);
    snprintf(reading->upto, sizeof(reading->upto), "%s", range.end);
    reading->indexed = reading->bounded = reading->more = false;
    flash_page_begin(&reading->page, true);
}

static bool see(const struct flash_value *cells, int count, void *arg)
{
    (void)cells;
    (void)count;
    *(bool *)arg = true;
    return false;
}

/* Whether users have an index. */
static bool look_for_index(struct flash_mysql *mysql, struct reading *reading,
                           struct flash_error *err)
{
    const struct flash_query query = {
        .sql = "SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() "
               "AND table_name = 'reservation' AND index_name = 'reservation_user' LIMIT 1",
        .column_count = 1,
        .row = see,
        .arg = &reading->indexed};
    return !reading->form->user[0] || flash_mysql_query(mysql, &query, err);
}

static bool take_bound(const struct flash_value *cells, int count, void *arg)
{
    struct reading *reading = arg;
    (void)count;
    flash_value_copy(&cells[0], reading->upto, sizeof(reading->upto));
    reading->bounded = true;
    return false;
}

/* Where the stretch of keys ends that is looked at. */
static bool find_bound(struct flash_mysql *mysql, struct reading *reading, struct flash_error *err)
{
    const struct flash_value params[] = {flash_value_text(reading->after),
                                         flash_value_text(reading->upto)};
    const struct flash_query query = {.sql = "SELECT order_id FROM reservation WHERE order_id > ? "
                                             "AND order_id < ? ORDER BY order_id "
                                             "LIMIT 1 OFFSET " STRETCH,
                                      .params = params,
                                      .param_count = 2,
                                      .column_count = 1,
                                      .row = take_bound,
                                      .arg = reading};
    return reading->indexed || flash_mysql_query(mysql, &query, err);
}

static bool take_order(const struct flash_value *cells, int count, void *arg)
{
    struct reading *reading = arg;
    (void)count;
    if (reading->page.rows == reading->form->limit) {
        reading->more = true;
        return false;
    }
    flash_page_put(&reading->page, cells);
    flash_value_copy(&cells[0], reading->last, sizeof(reading->last));
    return true;
}

static bool read_orders(struct flash_mysql *mysql, struct reading *reading, struct flash_error *err)
{
    const struct flash_list_form *form = reading->form;
    const struct flash_value params[] = {
        flash_value_text(form->user),       flash_value_text(form->user),
        flash_value_text(reading->after),   flash_value_text(reading->upto),
        flash_value_int(form->status_from), flash_value_int(form->status_to),
        flash_value_int(form->from_ms),     flash_value_int(form->to_ms),
        flash_value_int(form->limit + 1),
    };
    int unused = reading->indexed ? 1 : 0; /* the user is named once where the index leads */
    const struct flash_query query = {
        .sql = reading->indexed ? SELECT "reservation_user) WHERE user_id = ? " WANTED
                                : SELECT "PRIMARY) WHERE (? = '' OR user_id = ?) " WANTED,
        .params = params + unused,
        .param_count = 9 - unused,
        .column_count = COLUMNS,
        .row = take_order,
        .arg = reading};
    return flash_mysql_query(mysql, &query, err);
}

static enum flash_work read_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct reading *reading = arg;
    begin(reading);
    bool ok = look_for_index(mysql, reading, err) && find_bound(mysql, reading, err) &&
              read_orders(mysql, reading, err);
    return ok ? FLASH_WORK_LEAVE : FLASH_WORK_FAILED;
}

void flash_orders_list(struct flash_job *job, struct flash_stores *stores)
{
    const struct flash_list_form *form = &job->form.list;
    struct reading reading = {.form = form, .page = {.list = &orders, .format = form->format}};
    struct flash_answer *answer = &job->answer;
    struct flash_error err = {0};
    char cursor[FLASH_LIST_CURSOR_MAX + 1];
    enum flash_ledger_end end = flash_ledger_read(stores->mysql, read_work, &reading, &err);
    answer->refusal = flash_ledger_refusal(end, job, &err);
    if (answer->refusal != FLASH_REFUSE_NOTHING) {
        flash_page_drop(&reading.page);
        return;
    }
    const char *at = reading.more ? reading.last : reading.upto; /* the whole stretch was seen */
    bool more = reading.more || reading.bounded;
    flash_list_cursor_order((struct flash_text){at, strlen(at)}, cursor);
    answer->status = 200;
    answer->type = flash_page_type(form->format);
    answer->body = flash_page_end(&reading.page, more ? cursor : NULL);
    if (more && form->format != FLASH_LIST_JSON) {
        flash_listing_link(job, cursor);
    }
}
