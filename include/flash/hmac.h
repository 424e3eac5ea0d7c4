/* HMAC-SHA256 (RFC 2104): what signs tokens and webhooks. Pure; any thread. */
#ifndef FLASH_HMAC_H
#define FLASH_HMAC_H

#include <stdint.h>

#include "flash/ids.h"

#define FLASH_HMAC_BYTES 32
#define FLASH_HMAC_KEY_MIN 32 /* bytes a key of ours has at least (RFC 7518 §3.2) */

/* False: out of memory. Compare results in constant time only. */
FLASH_MUST_CHECK bool flash_hmac_sha256(struct flash_text key, struct flash_text text,
                                        uint8_t ret_mac[FLASH_HMAC_BYTES]);

#endif
