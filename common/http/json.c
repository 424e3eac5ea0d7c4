/* Text as the inside of a JSON string (RFC 8259 §7), for problems and readiness reports.
 *
 * Whatever the bytes are, the result is valid JSON in valid UTF-8: controls are escaped, bytes that
 * are not UTF-8 (overlong forms, surrogates and values above U+10FFFF included) become U+FFFD one
 * by one. */
#include <string.h>

#include "buffer.h"
#include "flash/utf8.h"

static void append_escaped(struct buffer_pool *pool, struct buffer *buffer, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    if (byte == '"' || byte == '\\') {
        flash_http_buffer_append(pool, buffer, (char[]){'\\', (char)byte}, 2);
        return;
    }
    char text[] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    flash_http_buffer_append(pool, buffer, text, sizeof(text));
}

void flash_http_buffer_json(struct buffer_pool *pool, struct buffer *buffer, const char *text,
                            size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t at = 0;
    while (at < len) {
        size_t step = flash_utf8_len(text + at, len - at);
        if (step == 0) {
            flash_http_buffer_text(pool, buffer, "\\ufffd");
            step = 1;
        } else if (bytes[at] < 0x20 || bytes[at] == '"' || bytes[at] == '\\' || bytes[at] == 0x7f) {
            append_escaped(pool, buffer, bytes[at]);
        } else {
            flash_http_buffer_append(pool, buffer, bytes + at, step);
        }
        at += step;
    }
}
