/* The queries of the stock log; see log_rows.h. Which filter leads decides the index: orders and
 * users lead by their reservations, then operators, types, time (deploy/sql/007). */
#include "log_rows.h"

#include <string.h>

#include "ledger.h"

#define SELECT                                                                                     \
    "SELECT l.id, l.created_at_ms, l.type, l.quantity, l.available_before, l.available_after, "    \
    "l.order_id, l.line_count, l.operator, l.reason, l.reference, l.inflow_number, l.entry_id"
/* The index that leads is named: no statistics of a table that grows are to choose another. */
#define OF_SKU(index)                                                                              \
    SELECT ", NULL, NULL, NULL FROM stock_log l FORCE INDEX (stock_log_" index ") "                \
           "WHERE l.sku = ? "
/* from, the last ms of the range, the cursor's ms, the largest id at that ms. */
#define RANGE                                                                                      \
    "AND l.created_at_ms >= ? AND l.created_at_ms <= ? AND (l.created_at_ms < ? OR l.id <= ?) "
#define PAGE "ORDER BY l.created_at_ms DESC, l.id DESC LIMIT ?"
/* An entry may have several lines of one user, each a row of its own: the cursor's line, entry,
 * line. */
#define BELOW_LINE "AND (? = 0 OR l.id <> ? OR l.line_no < ?) "
#define PAGE_OF_LINES "ORDER BY l.created_at_ms DESC, l.id DESC, l.line_no DESC LIMIT ?"
#define ANY_TYPE "AND (? < 0 OR l.type = ?) "
/* The ids by the index alone, then their rows: an operator has few rows of one type among many. */
#define BY_OPERATOR                                                                                \
    SELECT                                                                                         \
    ", NULL, NULL, NULL FROM (SELECT l.id FROM stock_log l "                                       \
    "FORCE INDEX (stock_log_operator) WHERE l.sku = ? AND l.operator = ? " ANY_TYPE RANGE PAGE     \
    ") k STRAIGHT_JOIN stock_log l ON l.id = k.id "                                                \
    "ORDER BY l.created_at_ms DESC, l.id DESC"
#define ANY_OPERATOR "AND (? = '' OR l.operator = ?) "
/* What reservations lead to: the entries that made them, and their transitions. A user's are found
 * by the index of the optional migration 101. */
#define BY_RESERVATION(which)                                                                      \
    "SELECT l.* FROM (" SELECT ", r.order_id AS line_order, r.line_no, r.user_id, l.sku "          \
    "FROM reservation r STRAIGHT_JOIN stock_log l FORCE INDEX (stock_log_entry) "                  \
    "ON l.entry_id = r.entry_id AND l.type = 1 WHERE " which " UNION ALL " SELECT                  \
    ", r.order_id, 0, r.user_id, l.sku "                                                           \
    "FROM reservation r STRAIGHT_JOIN stock_log l FORCE INDEX (stock_log_order) "                  \
    "ON l.order_id = r.order_id WHERE " which                                                      \
    ") l WHERE l.sku = ? " ANY_TYPE ANY_OPERATOR RANGE BELOW_LINE PAGE_OF_LINES

enum log_column {
    ID,
    AT,
    TYPE,
    QUANTITY,
    BEFORE,
    AFTER,
    ORDER,
    LINES,
    OPERATOR,
    REASON,
    REFERENCE,
    INFLOW,
    ENTRY,
    LINE_ORDER,
    LINE,
    USER,
    SKU, /* by reservation only */
};

static void take_entry(const struct flash_value *cell, struct flash_log_row *row)
{
    row->has_entry = !cell->null && cell->bytes.len == sizeof(row->entry.bytes);
    if (row->has_entry) {
        memcpy(row->entry.bytes, cell->bytes.at, sizeof(row->entry.bytes));
    }
}

static bool take_row(const struct flash_value *cells, int count, void *arg)
{
    struct flash_log_rows *rows = arg;
    (void)count;
    if (rows->count == rows->max || rows->lines >= rows->lines_max) {
        rows->cut = true;
        return false;
    }
    struct flash_log_row *row = &rows->rows[rows->count++];
    *row = (struct flash_log_row){.id = cells[ID].number,
                                  .at_ms = cells[AT].number,
                                  .type = cells[TYPE].number,
                                  .quantity = cells[QUANTITY].number,
                                  .before = cells[BEFORE].number,
                                  .after = cells[AFTER].number,
                                  .line_count = cells[LINES].number,
                                  .inflow = cells[INFLOW].null ? 0 : cells[INFLOW].number,
                                  .only_line = cells[LINE].null ? -1 : cells[LINE].number};
    flash_value_copy(&cells[cells[ORDER].null ? LINE_ORDER : ORDER], row->order_id,
                     sizeof(row->order_id));
    flash_value_copy(&cells[OPERATOR], row->operator, sizeof(row->operator));
    flash_value_copy(&cells[REASON], row->reason, sizeof(row->reason));
    flash_value_copy(&cells[REFERENCE], row->reference, sizeof(row->reference));
    flash_value_copy(&cells[USER], row->user, sizeof(row->user));
    take_entry(&cells[ENTRY], row);
    rows->lines += row->type == 1 && row->line_count > 1 ? row->line_count : 1;
    return true;
}

#define PARAMS_MAX 24
struct params {
    struct flash_value values[PARAMS_MAX];
    int count;
};

static void add_int(struct params *params, int64_t number)
{
    params->values[params->count++] = flash_value_int(number);
}

static void add_text(struct params *params, const char *text)
{
    params->values[params->count++] = flash_value_text(text);
}

static void add_any_type(struct params *params, const struct flash_list_form *form)
{
    add_int(params, form->type);
    add_int(params, form->type);
}

static void add_range(struct params *params, const struct flash_list_form *form)
{
    int64_t last = form->to_ms - 1 < form->before_ms ? form->to_ms - 1 : form->before_ms;
    add_int(params, form->from_ms);
    add_int(params, last);
    add_int(params, form->before_ms);
    add_int(params, form->before_line > 0 ? form->before_id : form->before_id - 1);
}

static void add_below_line(struct params *params, const struct flash_list_form *form)
{
    add_int(params, form->before_line > 0 ? form->before_line : 0);
    add_int(params, form->before_id);
    add_int(params, form->before_line);
}

/* The reservations that lead, once for each half of the union, then the SKU and what is left. */
static const char *by_reservation(struct params *params, int64_t sku,
                                  const struct flash_list_form *form,
                                  const struct flash_order_range *range)
{
    for (int half = 0; half < 2; half++) {
        add_text(params, form->order_id[0] ? form->order_id : form->user);
        add_text(params, form->order_id[0] ? form->user : range->first);
        add_text(params, form->order_id[0] ? form->user : range->end);
    }
    add_int(params, sku);
    add_any_type(params, form);
    add_text(params, form->operator);
    add_text(params, form->operator);
    return form->order_id[0]
               ? BY_RESERVATION("r.order_id = ? AND (? = '' OR r.user_id = ?)")
               : BY_RESERVATION("r.user_id = ? AND r.order_id > ? AND r.order_id < ?");
}

static const char *by_sku(struct params *params, int64_t sku, const struct flash_list_form *form)
{
    add_int(params, sku);
    if (form->operator[0]) {
        add_text(params, form->operator);
        add_any_type(params, form);
        return BY_OPERATOR;
    }
    if (form->type >= 0) {
        add_int(params, form->type);
        return OF_SKU("type") "AND l.type = ? " RANGE PAGE;
    }
    return OF_SKU("time") RANGE PAGE;
}

bool flash_log_rows_read(struct flash_mysql *mysql, struct flash_log_rows *rows,
                         struct flash_error *err)
{
    const struct flash_list_form *form = rows->form;
    const struct flash_order_range range = flash_order_range_of(rows->sku);
    struct params params = {.count = 0};
    bool led = form->order_id[0] || form->user[0];
    const char *sql =
        led ? by_reservation(&params, rows->sku, form, &range) : by_sku(&params, rows->sku, form);
    add_range(&params, form);
    if (led) {
        add_below_line(&params, form);
    }
    add_int(&params, rows->max + 1);
    const struct flash_query query = {.sql = sql,
                                      .params = params.values,
                                      .param_count = params.count,
                                      .column_count = led ? SKU + 1 : SKU,
                                      .row = take_row,
                                      .arg = rows};
    rows->count = 0;
    rows->lines = 0;
    rows->cut = false;
    return flash_mysql_query(mysql, &query, err);
}
