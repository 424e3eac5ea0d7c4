/* HMAC-SHA256 (RFC 2104); see flash/hmac.h. */
#include "flash/hmac.h"

#include <string.h>

#include "sha256.h"

#define INNER 0x36
#define OUTER 0x5c

_Static_assert(FLASH_HMAC_BYTES == SHA256_BYTES, "a code is a hash");

static void pad(const uint8_t key[SHA256_BLOCK], uint8_t with, uint8_t ret_pad[SHA256_BLOCK])
{
    for (size_t i = 0; i < SHA256_BLOCK; i++) {
        ret_pad[i] = key[i] ^ with;
    }
}

bool flash_hmac_sha256(struct flash_text key, struct flash_text text,
                       uint8_t ret_mac[FLASH_HMAC_BYTES])
{
    uint8_t block[SHA256_BLOCK] = {0}, padded[SHA256_BLOCK], inner[SHA256_BYTES];
    const struct flash_text head = {(const char *)padded, sizeof(padded)};
    if (key.len > SHA256_BLOCK) {
        flash_sha256((struct flash_text){NULL, 0}, key, block);
    } else if (key.len > 0) {
        memcpy(block, key.at, key.len);
    }
    pad(block, INNER, padded);
    flash_sha256(head, text, inner);
    pad(block, OUTER, padded);
    flash_sha256(head, (struct flash_text){(const char *)inner, sizeof(inner)}, ret_mac);
    return true;
}
