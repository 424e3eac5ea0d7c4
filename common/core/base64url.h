/* base64url without padding (RFC 4648 §5, RFC 7515 §2), canonical: one text for each string of
 * bytes. Private to core. */
#ifndef FLASH_BASE64URL_H
#define FLASH_BASE64URL_H

#include "flash/ids.h"

/* Characters that encode bytes become. */
#define FLASH_BASE64URL_LEN(bytes) (((bytes)*4 + 2) / 3)

/* Writes FLASH_BASE64URL_LEN(len) characters, no NUL; returns how many. */
size_t flash_base64url_encode(const uint8_t *bytes, size_t len, char *out);

/* Decodes text into out, which has size bytes. False, *ret_len untouched: a character outside the
 * alphabet (padding is), a length no encoder makes, bits set behind the last byte, or more than
 * size bytes. */
FLASH_MUST_CHECK bool flash_base64url_decode(struct flash_text text, uint8_t *out, size_t size,
                                             size_t *ret_len);

#endif
