/* HMAC-SHA256 by libcrypto; see flash/hmac.h. */
#include "flash/hmac.h"

#include <assert.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

bool flash_hmac_sha256(struct flash_text key, struct flash_text text,
                       uint8_t ret_mac[FLASH_HMAC_BYTES])
{
    unsigned len = 0;
    assert(key.len <= INT_MAX);
    return HMAC(EVP_sha256(), key.at, (int)key.len, (const uint8_t *)text.at, text.len, ret_mac,
                &len) != NULL &&
           len == FLASH_HMAC_BYTES;
}
