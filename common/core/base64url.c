/* base64url both ways, as ids and tokens need it.
 *
 * The decoder refuses everything an encoder would not have written, above all set bits behind the
 * last byte: otherwise several texts would stand for the same token. */
#include "base64url.h"

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

size_t flash_base64url_encode(const uint8_t *bytes, size_t len, char *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    int held = 0; /* of bits, the low ones not written yet */
    size_t i = 0, n = 0;

    for (; len - i >= 3; i += 3) {
        bits = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
        out[n++] = alphabet[bits >> 18];
        out[n++] = alphabet[bits >> 12 & 63];
        out[n++] = alphabet[bits >> 6 & 63];
        out[n++] = alphabet[bits & 63];
    }
    for (; i < len; i++) {
        bits = bits << 8 | bytes[i];
        held += 8;
        while (held >= 6) {
            held -= 6;
            out[n++] = alphabet[bits >> held & 63];
        }
    }
    if (held > 0) {
        out[n++] = alphabet[bits << (6 - held) & 63];
    }
    return n;
}

bool flash_base64url_decode(struct flash_text text, uint8_t *out, size_t size, size_t *ret_len)
{
    uint32_t bits = 0;
    int held = 0;
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        int value = value_of(text.at[i]);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            if (n == size) {
                return false;
            }
            held -= 8;
            out[n++] = (uint8_t)(bits >> held);
        }
    }
    if (held == 6 || (bits & ((1U << held) - 1)) != 0) {
        return false;
    }
    *ret_len = n;
    return true;
}
