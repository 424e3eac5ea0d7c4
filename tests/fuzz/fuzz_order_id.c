/* Fuzzes the texts that callers send: order id, SKU, user, key, UUID. What parses must format to
 * the same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void try_order_id(struct flash_text input)
{
    char again[FLASH_ORDER_ID_MAX + 1];
    struct flash_text ref;
    int64_t sku;

    if (flash_order_id_parse(input, &sku, &ref)) {
        int len = snprintf(again, sizeof(again), "%lld.%.*s", (long long)sku, (int)ref.len, ref.at);
        check((size_t)len == input.len && memcmp(again, input.at, input.len) == 0);
        check(flash_ref_valid(ref) && flash_user_valid(ref));
    }
}

static void try_uuid(struct flash_text input)
{
    char again[FLASH_UUID_TEXT + 1];
    struct flash_uuid uuid;

    if (flash_uuid_parse(input, &uuid)) {
        flash_uuid_format(&uuid, again);
        check(memcmp(again, input.at, input.len) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct flash_text input = {(const char *)data, size};
    char ref[FLASH_REF_DERIVED + 1];

    try_order_id(input);
    try_uuid(input);
    if (flash_key_valid(input)) {
        check(flash_ref_valid(input)); /* a key needs less than a ref */
    }
    if (flash_user_valid(input)) {
        flash_ref_derive(input, (struct flash_text){"k", 1}, 42, ref);
        check(flash_key_valid((struct flash_text){ref, FLASH_REF_DERIVED}));
    }
    return 0;
}
