/* What a page's rows are written with: JSON values, one behind the other, into room that was
 * counted before. */
#ifndef ADMIN_PAGE_TEXT_H
#define ADMIN_PAGE_TEXT_H

#include <stdint.h>

#include "flash/ids.h"

/* Bytes that a text of so many bytes may take as a JSON string. */
static inline size_t flash_page_string_max(size_t len)
{
    return 6 * len + 2;
}

/* Each returns where the next byte goes. A string is valid JSON in valid UTF-8 whatever its bytes
 * are: what is no UTF-8 becomes U+FFFD byte by byte (RFC 8259 §7). */
char *flash_page_put_string(char *out, struct flash_text text);

#endif
