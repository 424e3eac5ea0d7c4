/* Fuzzes the bodies of the engine's routes. What is accepted is within its limits, and says exactly
 * that: the canonical body made from it is accepted as the same. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void try_order(struct flash_text input)
{
    struct flash_order_body order, again;
    const char *detail = NULL;
    char canonical[128];
    if (!flash_body_order(input, &order, &detail)) {
        check(detail && *detail);
        return;
    }
    check(order.sku > 0 && order.quantity >= 1 && order.quantity <= 9999);
    int len = snprintf(canonical, sizeof(canonical), "{\"sku\":\"%" PRId64 "\",\"quantity\":%d}",
                       order.sku, order.quantity);
    check(flash_body_order((struct flash_text){canonical, (size_t)len}, &again, &detail));
    check(again.sku == order.sku && again.quantity == order.quantity);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct flash_text input = {(const char *)data, size};
    int64_t skus[FLASH_BODY_SKUS_MAX];
    const char *detail = NULL;
    int count = 0;
    try_order(input);
    if (!flash_body_products(input, skus, &count, &detail)) {
        check(detail && *detail);
        return 0;
    }
    check(count >= 1 && count <= FLASH_BODY_SKUS_MAX);
    for (int i = 0; i < count; i++) {
        check(skus[i] > 0);
    }
    return 0;
}
