/* SHA-256 by libcrypto's block function itself, without an allocation and without the look-up of an
 * algorithm, which cost more than the hash of a short text does. */
#ifndef FLASH_CORE_SHA256_H
#define FLASH_CORE_SHA256_H

#include <stdint.h>

#include "flash/ids.h"

#define SHA256_BYTES 32
#define SHA256_BLOCK 64

/* The hash of head and then text; either may be empty. */
void flash_sha256(struct flash_text head, struct flash_text text, uint8_t ret_digest[SHA256_BYTES]);

#endif
