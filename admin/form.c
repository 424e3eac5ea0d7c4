/* Bodies and headers of the back office's routes; see form.h. */
#include "form.h"

#include <string.h>

#include "flash/json_body.h"
#include "flash/percent.h"
#include "flash/time.h"

/* Whether value is an integer from min to max; absent is what fallback says, if that is not
 * negative. */
static bool whole(const json_t *value, int64_t min, int64_t max, int64_t *number)
{
    if (!value) {
        return *number >= 0;
    }
    int64_t found = json_integer_value(value);
    if (!json_is_integer(value) || found < min || found > max) {
        return false;
    }
    *number = found;
    return true;
}

static bool title_of(const json_t *value, char ret_title[FLASH_TITLE_MAX + 1])
{
    const char *text = value ? json_string_value(value) : "";
    size_t len = text ? strlen(text) : 0;
    if (!text || len > FLASH_TITLE_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    memcpy(ret_title, text, len + 1);
    return true;
}

bool flash_form_stock(struct flash_text body, struct flash_stock_form *ret_form,
                      const char **ret_detail)
{
    static const char *const names[] = {"product_id", "title", "quantity", "low_stock_threshold",
                                        NULL};
    struct flash_stock_form form = {.quantity = -1, .threshold = 0};
    json_t *root = flash_json_body_load(body, names, ret_detail);
    if (!root) {
        return false;
    }
    bool ok = false;
    if (!flash_json_body_sku(json_object_get(root, "product_id"), &form.sku)) {
        *ret_detail = "product_id must be a string of decimal digits.";
    } else if (!title_of(json_object_get(root, "title"), form.title)) {
        *ret_detail = "title must be a string of at most 200 bytes without controls.";
    } else if (!whole(json_object_get(root, "quantity"), 0, FLASH_BASE_MAX, &form.quantity)) {
        *ret_detail = "quantity must be an integer from 0 to 1000000000.";
    } else if (!whole(json_object_get(root, "low_stock_threshold"), 0, FLASH_BASE_MAX,
                      &form.threshold)) {
        *ret_detail = "low_stock_threshold must be an integer from 0 to 1000000000.";
    } else {
        *ret_form = form;
        ok = true;
    }
    json_decref(root);
    return ok;
}

static bool time_of(const json_t *value, int64_t *ret_ms)
{
    return json_is_string(value) &&
           flash_time_parse(json_string_value(value), json_string_length(value), ret_ms) &&
           *ret_ms >= 0;
}

bool flash_form_sale(struct flash_text body, struct flash_sale_form *ret_form,
                     const char **ret_detail)
{
    static const char *const names[] = {"starts_at", "ends_at", "per_user_limit", "hold_seconds",
                                        NULL};
    struct flash_sale_form form = {
        .limit = -1, .hold_s = FLASH_HOLD_DEFAULT_S, .match = ret_form->match};
    json_t *root = flash_json_body_load(body, names, ret_detail);
    if (!root) {
        return false;
    }
    bool ok = false;
    if (!time_of(json_object_get(root, "starts_at"), &form.starts_ms) ||
        !time_of(json_object_get(root, "ends_at"), &form.ends_ms)) {
        *ret_detail = "starts_at and ends_at must be times as in RFC 3339, not before 1970.";
    } else if (form.starts_ms >= form.ends_ms) {
        *ret_detail = "ends_at must be later than starts_at.";
    } else if (!whole(json_object_get(root, "per_user_limit"), 1, FLASH_BASE_MAX, &form.limit)) {
        *ret_detail = "per_user_limit must be an integer from 1 to 1000000000.";
    } else if (!whole(json_object_get(root, "hold_seconds"), 1, FLASH_HOLD_MAX_S, &form.hold_s)) {
        *ret_detail = "hold_seconds must be an integer from 1 to 2592000.";
    } else {
        *ret_form = form;
        ok = true;
    }
    json_decref(root);
    return ok;
}

bool flash_form_threshold(struct flash_text body, struct flash_threshold_form *ret_form,
                          const char **ret_detail)
{
    static const char *const names[] = {"low_stock_threshold", NULL};
    int64_t threshold = -1;
    json_t *root = flash_json_body_load(body, names, ret_detail);
    if (!root) {
        return false;
    }
    bool ok = whole(json_object_get(root, "low_stock_threshold"), 0, FLASH_BASE_MAX, &threshold);
    if (ok) {
        ret_form->threshold = threshold;
    } else {
        *ret_detail = "low_stock_threshold must be an integer from 0 to 1000000000.";
    }
    json_decref(root);
    return ok;
}

struct flash_precondition flash_form_match(struct flash_text header)
{
    struct flash_precondition match = {.kind = FLASH_MATCH_UNASKED};
    if (!header.at) {
        return match;
    }
    match.kind = FLASH_MATCH_NEVER;
    if (header.len == 1 && header.at[0] == '*') {
        match.kind = FLASH_MATCH_ANY;
    } else if (header.len > 2 && header.at[0] == '"' && header.at[header.len - 1] == '"' &&
               flash_sku_parse((struct flash_text){header.at + 1, header.len - 2},
                               &match.version)) { /* a positive number, written one way only */
        match.kind = FLASH_MATCH_VERSION;
    }
    return match;
}

bool flash_form_matches(const struct flash_precondition *match, int64_t version)
{
    switch (match->kind) {
    case FLASH_MATCH_UNASKED:
        return true;
    case FLASH_MATCH_ANY:
        return version > 0;
    case FLASH_MATCH_VERSION:
        return version == match->version;
    case FLASH_MATCH_NEVER:
        break;
    }
    return false;
}

bool flash_form_wait(struct flash_text header, int64_t *ret_wait_s)
{
    static const char name[] = "wait=";
    const char *at = header.at ? memmem(header.at, header.len, name, sizeof(name) - 1) : NULL;
    *ret_wait_s = 0;
    if (!at) {
        return true;
    }
    const char *end = header.at + header.len;
    const char *digit = at + sizeof(name) - 1;
    const char *first = digit;
    while (digit < end && *digit >= '0' && *digit <= '9' && digit - first < 3) {
        *ret_wait_s = *ret_wait_s * 10 + (*digit++ - '0');
    }
    return digit > first && (digit == end || strchr(",; ", *digit)) &&
           *ret_wait_s <= FLASH_CLOSE_WAIT_MAX_S;
}

bool flash_form_order_id(struct flash_text segment, char ret_id[FLASH_ORDER_ID_MAX + 1])
{
    char id[FLASH_ORDER_ID_MAX];
    int64_t sku;
    struct flash_text ref;
    if (!flash_percent_order_id(segment, id, &sku, &ref)) {
        return false;
    }
    size_t len = (size_t)(ref.at + ref.len - id);
    memcpy(ret_id, id, len);
    ret_id[len] = '\0';
    return true;
}
