/* Queries of the back office's lists; see list_form.h. */
#include "list_form.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flash/percent.h"
#include "flash/time.h"
#include "form.h"
#include "query.h"

const char *const flash_log_types[FLASH_LOG_TYPES] = {
    [1] = "reserve", [2] = "pay",     [3] = "cancel",   [4] = "expire",  [5] = "return",
    [6] = "take",    [11] = "create", [12] = "restock", [13] = "adjust",
};

static const char *const sale_states[] = {"upcoming", "open", "sold-out", "ended", "closed"};

/* The ledger's codes of the states that have a status' name. */
static const struct {
    const char *name;
    int64_t from, to;
} statuses[] = {
    {"CREATED", 1, 1}, {"PAID", 2, 2},     {"CANCELLED", 3, 3},
    {"EXPIRED", 4, 4}, {"RETURNED", 5, 5}, {"FAILED", 6, 7},
};

#define COUNT(rows) (int)(sizeof(rows) / sizeof((rows)[0]))

static bool text_is(struct flash_text text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

/* ---- values ---- */

/* true or false, written so. */
static bool read_flag(struct flash_text value, int *flag)
{
    *flag = text_is(value, "true");
    return *flag || text_is(value, "false");
}

static bool read_low_stock(struct flash_text value, void *arg)
{
    return read_flag(value, &((struct flash_list_form *)arg)->low_stock);
}

static bool read_in_stock(struct flash_text value, void *arg)
{
    return read_flag(value, &((struct flash_list_form *)arg)->in_stock);
}

static bool read_flagged(struct flash_text value, void *arg)
{
    return read_flag(value, &((struct flash_list_form *)arg)->flagged);
}

/* A limit is written as a SKU is: a positive number, one way only. */
static bool read_limit(struct flash_text value, void *arg)
{
    struct flash_list_form *form = arg;
    form->whole = false;
    return flash_sku_parse(value, &form->limit) && form->limit <= FLASH_LIST_LIMIT_MAX;
}

static bool read_sku(struct flash_text value, void *arg)
{
    return flash_sku_parse(value, &((struct flash_list_form *)arg)->sku);
}

/* Percent-encoded; 1 to size - 1 bytes without NUL. */
static bool read_text(struct flash_text value, char *ret_text, size_t size)
{
    ssize_t len = flash_percent_decode_value(value, ret_text, size - 1);
    if (len <= 0 || memchr(ret_text, '\0', (size_t)len)) {
        ret_text[0] = '\0';
        return false;
    }
    ret_text[len] = '\0';
    return true;
}

static bool read_title(struct flash_text value, void *arg)
{
    struct flash_list_form *form = arg;
    return read_text(value, form->title, sizeof(form->title));
}

static bool read_user(struct flash_text value, void *arg)
{
    struct flash_list_form *form = arg;
    return read_text(value, form->user, sizeof(form->user)) &&
           flash_user_valid((struct flash_text){form->user, strlen(form->user)});
}

static bool read_operator(struct flash_text value, void *arg)
{
    struct flash_list_form *form = arg;
    return read_text(value, form->operator, sizeof(form->operator));
}

static bool read_order(struct flash_text value, void *arg)
{
    return flash_form_order_id(value, ((struct flash_list_form *)arg)->order_id);
}

static bool read_type(struct flash_text value, void *arg)
{
    struct flash_list_form *form = arg;
    for (int code = 0; code < FLASH_LOG_TYPES; code++) {
        if (flash_log_types[code] && text_is(value, flash_log_types[code])) {
            form->type = code;
            return true;
        }
    }
    return false;
}

static bool read_status(struct flash_text value, void *arg)
{
    struct flash_list_form *form = arg;
    for (int i = 0; i < COUNT(statuses); i++) {
        if (text_is(value, statuses[i].name)) {
            form->status_from = statuses[i].from;
            form->status_to = statuses[i].to;
            return true;
        }
    }
    return false;
}

static bool read_sale_state(struct flash_text value, void *arg)
{
    struct flash_list_form *form = arg;
    for (int i = 0; i < COUNT(sale_states); i++) {
        if (text_is(value, sale_states[i])) {
            form->sale_state = sale_states[i];
            return true;
        }
    }
    return false;
}

static bool read_time(struct flash_text value, int64_t *ret_ms)
{
    char text[64];
    return read_text(value, text, sizeof(text)) && flash_time_parse(text, strlen(text), ret_ms) &&
           *ret_ms >= 0;
}

static bool read_from(struct flash_text value, void *arg)
{
    return read_time(value, &((struct flash_list_form *)arg)->from_ms);
}

static bool read_to(struct flash_text value, void *arg)
{
    return read_time(value, &((struct flash_list_form *)arg)->to_ms);
}

static bool read_view(struct flash_text value, void *arg)
{
    struct flash_list_form *form = arg;
    form->lines = text_is(value, "lines");
    return form->lines || text_is(value, "entries");
}

/* ---- cursors ---- */

static bool read_sku_cursor(struct flash_text value, void *arg)
{
    return flash_sku_parse(value, &((struct flash_list_form *)arg)->after_sku);
}

static bool digits(struct flash_text text, int64_t *ret_number)
{
    *ret_number = 0;
    if (text.len == 0 || text.len > 18) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
        *ret_number = *ret_number * 10 + (text.at[i] - '0');
    }
    return true;
}

/* `<ms>-<id>-<line>` */
static bool read_log_cursor(struct flash_text value, void *arg)
{
    struct flash_list_form *form = arg;
    int64_t *const numbers[] = {&form->before_ms, &form->before_id, &form->before_line};
    const char *at = value.at, *end = value.at + value.len;
    for (int i = 0; i < 3; i++) {
        const char *dash = at < end ? memchr(at, '-', (size_t)(end - at)) : NULL;
        const char *stop = dash && i < 2 ? dash : end;
        if (at >= end || !digits((struct flash_text){at, (size_t)(stop - at)}, numbers[i])) {
            return false;
        }
        at = stop + 1;
    }
    return true;
}

void flash_list_cursor_log(int64_t ms, int64_t id, int64_t line,
                           char ret_cursor[FLASH_LIST_CURSOR_MAX + 1])
{
    snprintf(ret_cursor, FLASH_LIST_CURSOR_MAX + 1, "%" PRId64 "-%" PRId64 "-%" PRId64, ms, id,
             line);
}

static const char hex[] = "0123456789abcdef";

void flash_list_cursor_order(struct flash_text order_id, char ret_cursor[FLASH_LIST_CURSOR_MAX + 1])
{
    char *out = ret_cursor;
    for (size_t i = 0; i < order_id.len && i < FLASH_ORDER_ID_MAX; i++) {
        *out++ = hex[(unsigned char)order_id.at[i] >> 4];
        *out++ = hex[(unsigned char)order_id.at[i] & 15];
    }
    *out = '\0';
}

/* The bytes of an order id, in hexadecimal: it may hold what a query must not. */
static bool read_order_cursor(struct flash_text value, void *arg)
{
    struct flash_list_form *form = arg;
    char text[FLASH_ORDER_ID_MAX * 3], *out = text;
    if (value.len % 2 || value.len > FLASH_LIST_CURSOR_MAX) {
        return false;
    }
    for (size_t i = 0; i < value.len; i += 2) {
        *out++ = '%';
        *out++ = value.at[i];
        *out++ = value.at[i + 1];
    }
    return flash_form_order_id((struct flash_text){text, (size_t)(out - text)}, form->after_order);
}

/* ---- the tables ---- */

#define LIMIT                                                                                      \
    {                                                                                              \
        "limit", read_limit, "limit must be a number from 1 to 500, given once."                   \
    }
#define CURSOR(read)                                                                               \
    {                                                                                              \
        "cursor", read, "cursor must be the next_cursor of an earlier answer, given once."         \
    }
#define USER                                                                                       \
    {                                                                                              \
        "user", read_user, "user must be a user's id, percent-encoded, given once."                \
    }
#define FROM                                                                                       \
    {                                                                                              \
        "from", read_from, "from must be a time as in RFC 3339, not before 1970, given once."      \
    }
#define TO                                                                                         \
    {                                                                                              \
        "to", read_to, "to must be a time as in RFC 3339, not before 1970, given once."            \
    }

static const struct flash_parameter stock_rows[] = {
    {"low_stock", read_low_stock, "low_stock must be true or false, given once."},
    {"in_stock", read_in_stock, "in_stock must be true or false, given once."},
    {"flagged", read_flagged, "flagged must be true or false, given once."},
    {"title", read_title, "title must be 1 to 200 bytes, percent-encoded, given once."},
    LIMIT,
    CURSOR(read_sku_cursor),
};

static const struct flash_parameter low_stock_rows[] = {LIMIT, CURSOR(read_sku_cursor)};

static const struct flash_parameter sale_rows[] = {
    {"state", read_sale_state,
     "state must be upcoming, open, sold-out, ended or closed, given once."},
    LIMIT,
    CURSOR(read_sku_cursor),
};

static const struct flash_parameter order_rows[] = {
    {"sku", read_sku, "sku must be a number of decimal digits, given once."},
    USER,
    {"status", read_status,
     "status must be CREATED, PAID, CANCELLED, EXPIRED, RETURNED or FAILED, given once."},
    FROM,
    TO,
    LIMIT,
    CURSOR(read_order_cursor),
};

static const struct flash_parameter log_rows[] = {
    {"type", read_type,
     "type must be reserve, pay, cancel, expire, return, take, create, restock or adjust, given "
     "once."},
    {"order", read_order, "order must be an order's id, percent-encoded, given once."},
    USER,
    {"operator", read_operator, "operator must be 1 to 64 bytes, percent-encoded, given once."},
    FROM,
    TO,
    {"view", read_view, "view must be entries or lines, given once."},
    LIMIT,
    CURSOR(read_log_cursor),
};

static bool read_list(const struct flash_parameters *parameters, struct flash_text query,
                      struct flash_list_form *ret_form, const char **ret_detail)
{
    struct flash_list_form form = {
        .limit = FLASH_LIST_LIMIT_DEFAULT,
        .whole = true,
        .low_stock = FLASH_LIST_ANY,
        .in_stock = FLASH_LIST_ANY,
        .flagged = FLASH_LIST_ANY,
        .type = FLASH_LIST_ANY,
        .status_from = INT64_MIN,
        .status_to = INT64_MAX,
        .to_ms = INT64_MAX,
        .before_ms = INT64_MAX,
        .before_id = INT64_MAX,
    };
    if (!flash_parameters_read(parameters, query, &form, ret_detail)) {
        return false;
    }
    if (form.from_ms >= form.to_ms) {
        *ret_detail = "from must be before to.";
        return false;
    }
    *ret_form = form;
    return true;
}

bool flash_list_form_stock(struct flash_text query, struct flash_list_form *ret_form,
                           const char **ret_detail)
{
    static const struct flash_parameters all = {
        stock_rows, COUNT(stock_rows),
        "The query may have low_stock, in_stock, flagged, title, limit and cursor, and nothing "
        "else."};
    return read_list(&all, query, ret_form, ret_detail);
}

bool flash_list_form_low_stock(struct flash_text query, struct flash_list_form *ret_form,
                               const char **ret_detail)
{
    static const struct flash_parameters all = {
        low_stock_rows, COUNT(low_stock_rows),
        "The query may have limit and cursor, and nothing else."};
    if (!read_list(&all, query, ret_form, ret_detail)) {
        return false;
    }
    ret_form->low_stock = 1;
    return true;
}

bool flash_list_form_sales(struct flash_text query, struct flash_list_form *ret_form,
                           const char **ret_detail)
{
    static const struct flash_parameters all = {
        sale_rows, COUNT(sale_rows),
        "The query may have state, limit and cursor, and nothing else."};
    return read_list(&all, query, ret_form, ret_detail);
}

bool flash_list_form_orders(struct flash_text query, struct flash_list_form *ret_form,
                            const char **ret_detail)
{
    static const struct flash_parameters all = {
        order_rows, COUNT(order_rows),
        "The query may have sku, user, status, from, to, limit and cursor, and nothing else."};
    return read_list(&all, query, ret_form, ret_detail);
}

bool flash_list_form_log(struct flash_text query, struct flash_list_form *ret_form,
                         const char **ret_detail)
{
    static const struct flash_parameters all = {
        log_rows, COUNT(log_rows),
        "The query may have type, order, user, operator, from, to, view, limit and cursor, and "
        "nothing else."};
    if (!read_list(&all, query, ret_form, ret_detail)) {
        return false;
    }
    ret_form->lines |= ret_form->order_id[0] || ret_form->user[0];
    return true;
}
