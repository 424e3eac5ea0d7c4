/* Queries, names and bodies of the routes about refunds; see refund_form.h. */
#include "refund_form.h"

#include <stdio.h>
#include <string.h>

#include "flash/json_body.h"
#include "flash/percent.h"
#include "query.h"

_Static_assert(FLASH_REFERENCE_MAX == FLASH_USER_MAX, "a reference is checked as a user id");

static const char hex[] = "0123456789abcdef";

static bool text_is(struct flash_text text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

/* ---- keys and cursors ---- */

/* Copies what is an order id and a payment id. */
static bool take_key(struct flash_text order, struct flash_text payment,
                     struct flash_refund_key *ret_key)
{
    int64_t sku;
    struct flash_text ref;
    if (!flash_order_id_parse(order, &sku, &ref) || !flash_ref_valid(payment)) {
        return false;
    }
    snprintf(ret_key->order_id, sizeof(ret_key->order_id), "%.*s", (int)order.len, order.at);
    snprintf(ret_key->payment_id, sizeof(ret_key->payment_id), "%.*s", (int)payment.len,
             payment.at);
    return true;
}

void flash_refund_cursor(const struct flash_refund_key *key,
                         char ret_cursor[FLASH_REFUND_CURSOR_TEXT])
{
    char bytes[FLASH_REFUND_KEY_MAX + 1];
    snprintf(bytes, sizeof(bytes), "%s %s", key->order_id, key->payment_id);
    char *out = ret_cursor;
    for (const char *at = bytes; *at; at++) {
        *out++ = hex[(unsigned char)*at >> 4];
        *out++ = hex[(unsigned char)*at & 15];
    }
    *out = '\0';
}

static int digit(char c)
{
    const char *at = c ? strchr(hex, c) : NULL;
    return at ? (int)(at - hex) : -1;
}

static bool read_cursor(struct flash_text value, void *arg)
{
    struct flash_refund_list_form *form = arg;
    char bytes[FLASH_REFUND_KEY_MAX];
    size_t len = value.len / 2;
    if (value.len % 2 || len > sizeof(bytes)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        int high = digit(value.at[2 * i]), low = digit(value.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (char)(high * 16 + low);
    }
    const char *space = memchr(bytes, ' ', len);
    if (!space) {
        return false;
    }
    size_t order_len = (size_t)(space - bytes);
    return take_key((struct flash_text){bytes, order_len},
                    (struct flash_text){space + 1, len - order_len - 1}, &form->after);
}

bool flash_refund_form_key(const struct flash_text segments[2], struct flash_refund_key *ret_key)
{
    char payment[FLASH_PAYMENT_ID_MAX], order[FLASH_ORDER_ID_MAX];
    ssize_t order_len = flash_percent_decode(segments[0], order, sizeof(order));
    ssize_t payment_len = flash_percent_decode(segments[1], payment, sizeof(payment));
    return order_len >= 0 && payment_len >= 0 &&
           take_key((struct flash_text){order, (size_t)order_len},
                    (struct flash_text){payment, (size_t)payment_len}, ret_key);
}

/* ---- the list ---- */

static bool read_state(struct flash_text value, void *arg)
{
    struct flash_refund_list_form *form = arg;
    static const char *const names[] = {
        [FLASH_REFUND_DUE] = "due", [FLASH_REFUND_DONE] = "done", [FLASH_REFUND_ALL] = "all"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_is(value, names[i])) {
            form->filter = (enum flash_refund_filter)i;
            return true;
        }
    }
    return false;
}

static bool read_sku(struct flash_text value, void *arg)
{
    struct flash_refund_list_form *form = arg;
    return flash_sku_parse(value, &form->sku);
}

/* A limit is written as a SKU is: a positive number, one way only. */
static bool read_limit(struct flash_text value, void *arg)
{
    struct flash_refund_list_form *form = arg;
    return flash_sku_parse(value, &form->limit) && form->limit <= FLASH_REFUND_LIMIT_MAX;
}

static const struct flash_parameter parameters[] = {
    {"state", read_state, "state must be due, done or all, given once."},
    {"sku", read_sku, "sku must be a number of decimal digits, given once."},
    {"limit", read_limit, "limit must be a number from 1 to 500, given once."},
    {"cursor", read_cursor, "cursor must be the next_cursor of an earlier answer, given once."},
};

bool flash_refund_form_list(struct flash_text query, struct flash_refund_list_form *ret_form,
                            const char **ret_detail)
{
    static const struct flash_parameters all = {
        parameters, sizeof(parameters) / sizeof(parameters[0]),
        "The query may have state, sku, limit and cursor, and nothing else."};
    struct flash_refund_list_form form = {.limit = FLASH_REFUND_LIMIT_DEFAULT};
    if (!flash_parameters_read(&all, query, &form, ret_detail)) {
        return false;
    }
    *ret_form = form;
    return true;
}

/* ---- done ---- */

bool flash_refund_form_done(struct flash_text body, char ret_reference[FLASH_REFERENCE_MAX + 1],
                            const char **ret_detail)
{
    static const char *const names[] = {"reference", NULL};
    json_t *root = flash_json_body_load(body, names, ret_detail);
    if (!root) {
        return false;
    }
    const json_t *value = json_object_get(root, "reference");
    const struct flash_text text = {json_string_value(value), json_string_length(value)};
    bool ok = json_is_string(value) && flash_user_valid(text); /* 1 to 64 bytes, as it is here */
    if (ok) {
        snprintf(ret_reference, FLASH_REFERENCE_MAX + 1, "%.*s", (int)text.len, text.at);
    } else {
        *ret_detail = "reference must be a string of 1 to 64 bytes without controls, quotes, "
                      "backslashes or braces.";
    }
    json_decref(root);
    return ok;
}
