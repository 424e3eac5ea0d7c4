/* How fast one core decodes entries: lines a second, for full and for small entries. Prints and
 * exits. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/entry.h"
#include "flash/time.h"

#define ROUND_US 500000

/* A reserve entry of count lines with derived refs, as the engine's traffic has them. */
static size_t make(char *out, int count)
{
    static const uint8_t random[10] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    struct flash_uuid id = flash_uuid_v7(1763718000123, random);
    char id_text[FLASH_UUID_TEXT + 1], ref[FLASH_REF_DERIVED + 1], user[24];

    flash_uuid_format(&id, id_text);
    int len =
        snprintf(out, FLASH_ENTRY_BYTES_MAX,
                 "{\"v\":1,\"id\":\"%s\",\"type\":\"reserve\",\"sku\":\"1001\",\"generation\":3,"
                 "\"stream\":\"1763718000123456-%" PRIu64 "\",\"due\":1763719800,\"lines\":[",
                 id_text, flash_uuid_low64(&id));
    char *at = out + len;
    for (int i = 0; i < count; i++) {
        int user_len = snprintf(user, sizeof(user), "user-%08d", i);
        struct flash_text user_text = {user, (size_t)user_len};
        flash_ref_derive(user_text, (struct flash_text){"key", 3}, 1001, ref);
        at += flash_entry_line_write(at, (struct flash_text){ref, FLASH_REF_DERIVED}, user_text, 1);
        *at++ = i + 1 < count ? ',' : ']';
    }
    *at++ = '}';
    return (size_t)(at - out);
}

static void measure(int count)
{
    static char bytes[FLASH_ENTRY_BYTES_MAX];
    static struct flash_entry entry;
    struct flash_text value = {bytes, make(bytes, count)};
    struct flash_error err;
    uint64_t start = flash_time_monotonic_us(), spent = 0;
    int64_t entries = 0;

    for (; spent < ROUND_US; spent = flash_time_monotonic_us() - start) {
        for (int i = 0; i < 100; i++, entries++) {
            if (!flash_entry_decode(value, &entry, &err)) {
                (void)fprintf(stderr, "%s\n", err.text);
                exit(1);
            }
        }
    }
    (void)printf("%3d lines an entry, %5zu bytes: %6.2f M lines/s, %7.1f ns an entry\n", count,
                 value.len, (double)(entries * count) / (double)spent,
                 1000.0 * (double)spent / (double)entries);
}

int main(void)
{
    measure(1);
    measure(16);
    measure(FLASH_BATCH_LINES);
    return 0;
}
