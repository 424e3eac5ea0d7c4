/* JSON values as bytes; see page_text.h. A page has thousands of cells, most of them short and
 * plain, so none costs an allocation or a call of the library. */
#include "page_text.h"

#include <stdbool.h>

#include "flash/put.h"
#include "flash/utf8.h"

static const char hex[] = "0123456789abcdef";

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
        out = FLASH_PUT_LITERAL(out, "u00");
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
            out = flash_put(out, text.at + at, step);
        } else {
            out = FLASH_PUT_LITERAL(out, "\\ufffd");
            step = 1;
        }
        at += step;
    }
    *out++ = '"';
    return out;
}
