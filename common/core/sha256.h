/* SHA-256 by libcrypto's block function itself, without an allocation and without the look-up of an
 * algorithm, which cost more than the hash of a short text does. */
#ifndef FLASH_CORE_SHA256_H
#define FLASH_CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_BLOCK 64

/* The hash of head and then text; either may be empty. */
void flash_sha256(const void *head, size_t head_len, const void *text, size_t text_len,
                  uint8_t ret_digest[SHA256_BYTES]);

#endif
