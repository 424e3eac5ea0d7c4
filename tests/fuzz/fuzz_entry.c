/* Fuzzes the entry's decoder: whatever it accepts must be written again byte for byte. */
#include <stdlib.h>
#include <string.h>

#include "entry_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct flash_entry entry;
    static char again[FLASH_ENTRY_BYTES_MAX + 1];
    struct flash_error err = {0};

    if (!flash_entry_decode((struct flash_text){(const char *)data, size}, &entry, &err)) {
        if (err.kind != FLASH_ERROR_DATA) {
            abort();
        }
        return 0;
    }
    if (entry_text(&entry, again) != size || memcmp(again, data, size) != 0) {
        abort();
    }
    return 0;
}
