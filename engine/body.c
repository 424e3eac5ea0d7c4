/* Strict bodies on top of jansson; see body.h. jansson refuses duplicate members, bad UTF-8, NUL, numbers out of range
 * and trailing bytes; depth is judged before it recurses, and every member must be one we know. */
#include "body.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 4

bool flash_body_is_json(const struct flash_request *request)
{
    static const char json[] = "application/json";
    struct flash_text type = flash_request_header(request, "content-type");
    size_t len = sizeof(json) - 1;
    if (!type.at || type.len < len || strncasecmp(type.at, json, len) != 0) {
        return false;
    }
    return type.len == len || type.at[len] == ';' || type.at[len] == ' ';
}

static bool shallow(struct flash_text body)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < body.len; i++) {
        char c = body.at[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX) {
                return false;
            }
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
}

static json_t *load_object(struct flash_text body, size_t members, const char **ret_detail)
{
    json_error_t error;
    if (body.len == 0) {
        *ret_detail = "The body is empty.";
        return NULL;
    }
    json_t *root = shallow(body) ? json_loadb(body.at, body.len, JSON_REJECT_DUPLICATES, &error)
                                 : NULL;
    if (!root) {
        *ret_detail = "The body is not JSON as this route takes it.";
        return NULL;
    }
    if (!json_is_object(root) || json_object_size(root) > members) {
        *ret_detail = "The body must be an object with exactly the route's members.";
        json_decref(root);
        return NULL;
    }
    return root;
}

static bool sku_of(const json_t *value, int64_t *ret_sku)
{
    return json_is_string(value) &&
           flash_sku_parse((struct flash_text){json_string_value(value), json_string_length(value)},
                           ret_sku);
}

bool flash_body_order(struct flash_text body, struct flash_order_body *ret_order,
                      const char **ret_detail)
{
    json_t *root = load_object(body, 2, ret_detail);
    if (!root) {
        return false;
    }
    const json_t *quantity = json_object_get(root, "quantity");
    json_int_t units = json_integer_value(quantity); /* 0 unless it is an integer */
    bool ok = false;
    if (json_object_size(root) != 2 || !quantity || !json_object_get(root, "sku")) {
        *ret_detail = "The members are sku and quantity, both required, and no others.";
    } else if (!sku_of(json_object_get(root, "sku"), &ret_order->sku)) {
        *ret_detail = "sku must be a string of decimal digits.";
    } else if (units < 1 || units > FLASH_QUANTITY_MAX) {
        *ret_detail = "quantity must be an integer from 1 to 9999.";
    } else {
        ret_order->quantity = (int)units;
        ok = true;
    }
    json_decref(root);
    return ok;
}

bool flash_body_products(struct flash_text body, int64_t skus[FLASH_BODY_SKUS_MAX], int *ret_count,
                         const char **ret_detail)
{
    json_t *root = load_object(body, 1, ret_detail);
    if (!root) {
        return false;
    }
    const json_t *list = json_object_get(root, "product_ids");
    size_t count = json_array_size(list); /* 0 unless it is an array */
    bool ok = count >= 1 && count <= FLASH_BODY_SKUS_MAX;
    for (size_t i = 0; ok && i < count; i++) {
        ok = sku_of(json_array_get(list, i), &skus[i]);
    }
    if (!ok) {
        *ret_detail = "product_ids must be a list of 1 to 100 strings of decimal digits.";
    }
    json_decref(root);
    *ret_count = (int)count;
    return ok;
}
