/* Percent-encoding; see flash/percent.h. */
#include "flash/percent.h"

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static ssize_t decode(struct flash_text text, char plus, char *ret_bytes, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (len == size) {
            return -1;
        }
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.at[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.at[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return -1;
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+') {
            c = plus;
        }
        ret_bytes[len++] = c;
    }
    return (ssize_t)len;
}

ssize_t flash_percent_decode(struct flash_text text, char *ret_bytes, size_t size)
{
    return decode(text, '+', ret_bytes, size);
}

ssize_t flash_percent_decode_value(struct flash_text text, char *ret_bytes, size_t size)
{
    return decode(text, ' ', ret_bytes, size);
}

bool flash_percent_order_id(struct flash_text segment, char decoded[FLASH_ORDER_ID_MAX],
                            int64_t *ret_sku, struct flash_text *ret_ref)
{
    ssize_t len = flash_percent_decode(segment, decoded, FLASH_ORDER_ID_MAX);
    return len > 0 &&
           flash_order_id_parse((struct flash_text){decoded, (size_t)len}, ret_sku, ret_ref);
}

/* pchar of RFC 3986 §3.3. */
static bool stands_for_itself(unsigned char c)
{
    static const bool plain[256] = {
        ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true,
        ['.'] = true,         ['_'] = true,         ['~'] = true,         ['!'] = true,
        ['$'] = true,         ['&'] = true,         ['\''] = true,        ['('] = true,
        [')'] = true,         ['*'] = true,         ['+'] = true,         [','] = true,
        [';'] = true,         ['='] = true,         [':'] = true,         ['@'] = true,
    };
    return plain[c];
}

char *flash_percent_put(char *out, struct flash_text text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (stands_for_itself(c)) {
            *out++ = (char)c;
        } else {
            *out++ = '%';
            *out++ = hex[c >> 4];
            *out++ = hex[c & 15];
        }
    }
    return out;
}
