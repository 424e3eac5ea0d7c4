/* UTF-8 (RFC 3629 §4): where a character ends, and whether it is one. Pure. */
#ifndef FLASH_UTF8_H
#define FLASH_UTF8_H

#include <stddef.h>

/* Bytes of the character that text begins with, 1 to 4; 0 if it is none: a stray byte, an overlong
 * form, a surrogate, past U+10FFFF, or cut off by the end. Reads at most len bytes; len is at
 * least 1. */
size_t flash_utf8_len(const char *text, size_t len);

#endif
