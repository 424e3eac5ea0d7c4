/* Makes and checks tokens for the tests, with OpenSSL's HMAC directly. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base64url.h"
#include "guarded.h"
#include "jwt_token.h"

const struct flash_jwt_key plain_key = {"", SECRET, sizeof(SECRET) - 1};
const struct flash_jwt_check plain_check = {&plain_key, 1, NOW};

void token_append(struct token *token, const void *bytes, size_t len)
{
    assert_true(token->len + FLASH_BASE64URL_LEN(len) + 1 < sizeof(token->text));
    token->len += flash_base64url_encode(bytes, len, token->text + token->len);
}

void token_sign(struct token *token, const char *secret)
{
    uint8_t mac[32];

    assert_non_null(HMAC(EVP_sha256(), secret, (int)strlen(secret), (const uint8_t *)token->text,
                         token->len, mac, NULL));
    token->text[token->len++] = '.';
    token_append(token, mac, sizeof(mac));
    token->text[token->len] = '\0';
}

struct token token_make(const char *header, struct flash_text claims, const char *secret)
{
    struct token token = {.len = 0};

    token_append(&token, header, strlen(header));
    token.text[token.len++] = '.';
    token_append(&token, claims.at, claims.len);
    token_sign(&token, secret);
    return token;
}

struct flash_text text_of(const char *string)
{
    return (struct flash_text){string, strlen(string)};
}

bool token_verify(const struct token *token, struct flash_claims *ret_claims,
                  struct flash_error *err)
{
    return flash_jwt_verify(guarded(token->text, token->len), &plain_check, ret_claims, err);
}

void token_assert_refused(const struct token *token, const char *reason)
{
    struct flash_claims claims = {.sub = "before"};
    struct flash_error err = {0};

    if (token_verify(token, &claims, &err) || strstr(err.text, reason) == NULL) {
        fail_msg("%s\nshould be refused for: %s\nbut: %s", token->text, reason, err.text);
    }
    assert_int_equal(err.kind, FLASH_ERROR_DATA);
    assert_string_equal(claims.sub, "before");
}
