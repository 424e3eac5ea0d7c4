/* Percent-encoding: what stands in a URL's path or query (RFC 3986 §2.1). Pure. */
#ifndef FLASH_PERCENT_H
#define FLASH_PERCENT_H

#include <sys/types.h>

#include "flash/ids.h"
#include "flash/limits.h"

/* Writes the bytes that text stands for, not NUL-terminated, a NUL among them if it says so;
 * returns how many. -1: more than size of them, or a '%' before anything but two hex digits. */
FLASH_MUST_CHECK ssize_t flash_percent_decode(struct flash_text text, char *ret_bytes, size_t size);
/* The same of a query's value, in which forms write a blank as '+' (WHATWG URL, "urlencoded"). */
FLASH_MUST_CHECK ssize_t flash_percent_decode_value(struct flash_text text, char *ret_bytes,
                                                    size_t size);
/* An order id as a path's segment: its escapes are undone in decoded, into which *ret_ref points.
 * False if it is none. */
FLASH_MUST_CHECK bool flash_percent_order_id(struct flash_text segment,
                                             char decoded[FLASH_ORDER_ID_MAX], int64_t *ret_sku,
                                             struct flash_text *ret_ref);
/* Writes text as one segment of a path, up to three bytes for each of its own; returns where the
 * next byte goes. */
char *flash_percent_put(char *out, struct flash_text text);

#endif
