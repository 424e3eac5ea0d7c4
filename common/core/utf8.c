/* The one reader of UTF-8 (RFC 3629 §4); see flash/utf8.h.
 *
 * What is wrong with a sequence shows in its first two bytes, but for the bits that mark the bytes
 * behind them. */
#include "flash/utf8.h"

size_t flash_utf8_len(const char *text, size_t len)
{
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] < 0x80) {
        return 1;
    }
    size_t need = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || len < need) {
        return 0;
    }
    unsigned char low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80; /* below: overlong */
    unsigned char high = at[0] == 0xed   ? 0x9f
                         : at[0] == 0xf4 ? 0x8f
                                         : 0xbf; /* above: no character */
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < need; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return need;
}
