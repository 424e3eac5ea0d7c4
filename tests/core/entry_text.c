/* The entry's writer for tests, from docs/FORMATS.md and independent of the decoder. */
#include "entry_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct writer {
    char *out;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *to, const char *format, ...)
{
    va_list args;
    size_t used = to->len < FLASH_ENTRY_BYTES_MAX ? to->len : FLASH_ENTRY_BYTES_MAX;

    va_start(args, format);
    to->len += (size_t)vsnprintf(to->out + used, FLASH_ENTRY_BYTES_MAX + 1 - used, format, args);
    va_end(args);
}

static void put_line(struct writer *to, enum flash_entry_type type,
                     const struct flash_entry_line *line)
{
    put(to, "[\"%.*s\",\"%.*s\",%d", (int)line->ref.len, line->ref.at, (int)line->user.len,
        line->user.at, line->quantity);
    if (type != FLASH_ENTRY_RESERVE && type != FLASH_ENTRY_TAKE) {
        put(to, ",%d", line->from_version);
    }
    if (type == FLASH_ENTRY_PAY) {
        put(to, ",\"%.*s\"", (int)line->payment.len, line->payment.at);
    }
    if (type == FLASH_ENTRY_TAKE) {
        put(to, ",\"%.*s\"", (int)line->reason.len, line->reason.at);
    }
    put(to, "]");
}

size_t entry_text(const struct flash_entry *entry, char *out)
{
    struct writer to = {.out = out};
    char id[FLASH_UUID_TEXT + 1];

    flash_uuid_format(&entry->id, id);
    put(&to, "{\"v\":1,\"id\":\"%s\",\"type\":\"%s\"", id, flash_entry_type_name(entry->type));
    if (entry->type != FLASH_ENTRY_MARKER) {
        put(&to, ",\"sku\":\"%" PRId64 "\",\"generation\":%" PRId64, entry->sku, entry->generation);
        put(&to, ",\"stream\":\"%" PRIu64 "-%" PRIu64 "\"", entry->stream_us, entry->stream_r);
        put(&to, ",\"due\":%" PRId64 ",\"lines\":[", entry->due_s);
        for (int i = 0; i < entry->line_count; i++) {
            put(&to, "%s", i == 0 ? "" : ",");
            put_line(&to, entry->type, &entry->lines[i]);
        }
        put(&to, "]");
    }
    put(&to, "}");
    return to.len;
}
