/* The strict JSON bodies of the engine's routes (SECURITY: JSON bombs, quantities, duplicate
 * members). Pure. */
#ifndef ENGINE_BODY_H
#define ENGINE_BODY_H

#include "flash/http.h"

#define FLASH_BODY_SKUS_MAX 100

struct flash_order_body {
    int64_t sku;
    int quantity; /* 1..FLASH_QUANTITY_MAX */
};

/* {"sku":"<digits>","quantity":<1..9999>}, nothing else. False: *ret_detail is a sentence for the
 * caller (static). */
FLASH_MUST_CHECK bool flash_body_order(struct flash_text body, struct flash_order_body *ret_order,
                                       const char **ret_detail);

/* {"product_ids":["<digits>",…]}, 1 to 100 of them. */
FLASH_MUST_CHECK bool flash_body_products(struct flash_text body, int64_t skus[FLASH_BODY_SKUS_MAX],
                                          int *ret_count, const char **ret_detail);

#endif
