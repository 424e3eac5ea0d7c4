/* The bodies of the engine's routes; see body.h. */
#include "body.h"

#include "flash/json_body.h"

bool flash_body_order(struct flash_text body, struct flash_order_body *ret_order,
                      const char **ret_detail)
{
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
