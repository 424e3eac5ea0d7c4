/* The bodies of the engine's routes; see body.h. */
#include "body.h"

#include <string.h>

#include "flash/json_body.h"

/* What is left of a body. */
struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *in, const char *literal, size_t len)
{
    bool there = (size_t)(in->end - in->at) >= len && memcmp(in->at, literal, len) == 0;
    in->at += there ? len : 0;
    return there;
}

#define TAKE(in, literal) take(in, literal, sizeof(literal) - 1)

static struct flash_text take_digits(struct cursor *in)
{
    const char *from = in->at;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') {
        in->at++;
    }
    return (struct flash_text){from, (size_t)(in->at - from)};
}

/* The body as nearly every client writes it, without blanks, members in the order of API.md. False:
 * it is another, right or wrong, and takes the long way. */
static bool read_plain_order(struct flash_text body, struct flash_order_body *ret_order)
{
    struct cursor in = {body.at, body.at + body.len};
    if (body.len == 0 || !TAKE(&in, "{\"sku\":\"")) {
        return false;
    }
    int64_t sku, units;
    struct flash_text sku_digits = take_digits(&in);
    bool between = TAKE(&in, "\",\"quantity\":");
    struct flash_text unit_digits = take_digits(&in);
    if (!between || !TAKE(&in, "}") || in.at != in.end || !flash_sku_parse(sku_digits, &sku) ||
        !flash_sku_parse(unit_digits, &units) || units > FLASH_QUANTITY_MAX) {
        return false;
    }
    *ret_order = (struct flash_order_body){.sku = sku, .quantity = (int)units};
    return true;
}

bool flash_body_order(struct flash_text body, struct flash_order_body *ret_order,
                      const char **ret_detail)
{
    if (read_plain_order(body, ret_order)) {
        return true;
    }
    static const char *const names[] = {"sku", "quantity", NULL};
    json_t *root = flash_json_body_load(body, names, ret_detail);
    if (!root) {
        return false;
    }
    json_int_t units = json_integer_value(json_object_get(root, "quantity")); /* 0 unless integer */
    bool ok = false;
    if (json_object_size(root) != 2) {
        *ret_detail = "The members are sku and quantity, both required, and no others.";
    } else if (!flash_json_body_sku(json_object_get(root, "sku"), &ret_order->sku)) {
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
    static const char *const names[] = {"product_ids", NULL};
    json_t *root = flash_json_body_load(body, names, ret_detail);
    if (!root) {
        return false;
    }
    const json_t *list = json_object_get(root, "product_ids");
    size_t count = json_array_size(list); /* 0 unless it is an array */
    bool ok = count >= 1 && count <= FLASH_BODY_SKUS_MAX;
    for (size_t i = 0; ok && i < count; i++) {
        ok = flash_json_body_sku(json_array_get(list, i), &skus[i]);
    }
    if (!ok) {
        *ret_detail = "product_ids must be a list of 1 to 100 strings of decimal digits.";
    }
    json_decref(root);
    *ret_count = (int)count;
    return ok;
}
