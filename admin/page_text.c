/* JSON values as bytes; see page_text.h. A page has thousands of cells, most of them short and
 * plain, so none costs an allocation or a call of the library. */
#include "page_text.h"

#include <stdbool.h>
#include <string.h>

#include "flash/utf8.h"

static const char hex[] = "0123456789abcdef";

char *flash_page_put_bytes(char *out, const char *bytes, size_t len)
{
    memcpy(out, bytes, len);
    return out + len;
}

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* The escapes that have a letter are written so, as other writers of JSON do. */
static char *put_escaped(char *out, unsigned char byte)
{
    static const char letters[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    *out++ = '\\';
    if (byte >= 0x20) {
        *out++ = (char)byte;
    } else if (letters[byte]) {
        *out++ = letters[byte];
    } else {
        out = flash_page_put_bytes(out, "u00", 3);
        *out++ = hex[byte >> 4];
        *out++ = hex[byte & 15];
    }
    return out;
}

char *flash_page_put_string(char *out, struct flash_text text)
{
    *out++ = '"';
    for (size_t at = 0; at < text.len;) {
        unsigned char byte = (unsigned char)text.at[at];
        size_t step = 1;
        if (is_plain(byte)) {
            *out++ = (char)byte;
        } else if (byte < 0x80) {
            out = put_escaped(out, byte);
        } else if ((step = flash_utf8_len(text.at + at, text.len - at)) > 0) {
            out = flash_page_put_bytes(out, text.at + at, step);
        } else {
            out = flash_page_put_bytes(out, "\\ufffd", 6);
            step = 1;
        }
        at += step;
    }
    *out++ = '"';
    return out;
}

char *flash_page_put_number(char *out, int64_t number)
{
    char digits[FLASH_PAGE_NUMBER_MAX];
    size_t at = sizeof(digits);
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0) {
        *out++ = '-';
    }
    return flash_page_put_bytes(out, digits + at, sizeof(digits) - at);
}
