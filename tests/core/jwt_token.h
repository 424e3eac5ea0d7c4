/* Authentic tokens of any content, well-formed or not: what only the holder of a key could send. */
#ifndef FLASH_TEST_JWT_TOKEN_H
#define FLASH_TEST_JWT_TOKEN_H

#include "flash/jwt.h"

#define NOW 1763718000
#define SECRET "0123456789abcdef0123456789abcdef"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS(more) "{\"sub\":\"u-17\",\"exp\":1763718060,\"aud\":\"flashgate\"" more "}"
#define TEN "aaaaaaaaaa"
#define SIXTY_FOUR TEN TEN TEN TEN TEN TEN "aaaa"

/* The key of SECRET, without kid. */
extern const struct flash_jwt_key plain_key;
extern const struct flash_jwt_check plain_check; /* with the plain key, at NOW */

struct token {
    char text[4096]; /* NUL-terminated when signed */
    size_t len;
};

/* Appends bytes in base64url. */
void token_append(struct token *token, const void *bytes, size_t len);
/* Signs what token has so far and appends a dot and the signature. */
void token_sign(struct token *token, const char *secret);
struct token token_make(const char *header, struct flash_text claims, const char *secret);
struct flash_text text_of(const char *string);

/* Verifies token with plain_key at NOW; its text ends at a guard page. */
bool token_verify(const struct token *token, struct flash_claims *ret_claims,
                  struct flash_error *err);
/* Fails the test unless token is refused with kind DATA and this in the reason, the claims
 * untouched. */
void token_assert_refused(const struct token *token, const char *reason);

#endif
