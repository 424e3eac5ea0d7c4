/* Fuzzes the token's verifier from both sides of the signature.
 *
 * The input is tried as a token, which must never be accepted, for it would be forged; and its two
 * lines are tried as the header and claims of an authentic one, whose claims must keep their limits
 * when accepted. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "flash/jwt.h"

#define NOW 1763718000

static const struct flash_jwt_key key = {"", "0123456789abcdef0123456789abcdef", 32};
static const struct flash_jwt_check check = {&key, 1, NOW};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_accepted(const struct flash_claims *claims)
{
    struct flash_text sub = {claims->sub, strlen(claims->sub)};

    if (!flash_user_valid(sub) || claims->exp_s <= NOW || claims->nbf_s > NOW || claims->sku < 0 ||
        flash_role_name(claims->role) == NULL) {
        abort();
    }
}

/* Signs header and claims into token; returns its length. */
static size_t make(char token[FLASH_JWT_MAX + 64], struct flash_text header,
                   struct flash_text claims)
{
    uint8_t mac[32];
    size_t len = flash_base64url_encode((const uint8_t *)header.at, header.len, token);

    token[len++] = '.';
    len += flash_base64url_encode((const uint8_t *)claims.at, claims.len, token + len);
    if (HMAC(EVP_sha256(), key.secret, (int)key.secret_len, (const uint8_t *)token, len, mac,
             NULL) == NULL) {
        abort();
    }
    token[len++] = '.';
    return len + flash_base64url_encode(mac, sizeof(mac), token + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct flash_text input = {(const char *)data, size};
    struct flash_claims claims;
    char token[FLASH_JWT_MAX + 64];

    if (flash_jwt_verify(input, &check, &claims, NULL)) {
        abort();
    }
    const char *line_end = size == 0 ? NULL : memchr(input.at, '\n', size);
    if (line_end == NULL || FLASH_BASE64URL_LEN(size) > FLASH_JWT_MAX) {
        return 0;
    }
    struct flash_text header = {input.at, (size_t)(line_end - input.at)};
    struct flash_text body = {line_end + 1, size - header.len - 1};
    struct flash_text authentic = {token, make(token, header, body)};
    if (flash_jwt_verify(authentic, &check, &claims, NULL)) {
        check_accepted(&claims);
    }
    return 0;
}
