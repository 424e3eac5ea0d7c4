/* What a token's header and claims may say, row by row; all of these tokens are authentic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "jwt_token.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct row {
    const char *json;
    const char *reason; /* NULL: accepted */
};

static const struct row headers[] = {
    {HEADER, NULL},
    {"{\"alg\":\"HS256\"}", NULL},
    {"{\"typ\":\"jwt\",\"alg\":\"HS256\",\"x\":[1]}", NULL},
    {"{\"alg\":\"none\"}", "alg"},
    {"{\"alg\":\"None\"}", "alg"},
    {"{\"alg\":\"HS384\"}", "alg"},
    {"{\"alg\":\"RS256\"}", "alg"},
    {"{\"alg\":\"hs256\"}", "alg"},
    {"{\"alg\":\"HS256 \"}", "alg"},
    {"{\"alg\":\"\"}", "alg"},
    {"{\"alg\":256}", "alg"},
    {"{\"alg\":null}", "alg"},
    {"{\"alg\":[\"HS256\"]}", "alg"},
    {"{\"typ\":\"JWT\"}", "alg"},
    {"{\"ALG\":\"HS256\"}", "alg"},
    {"{\"alg\":\"HS256\",\"typ\":\"JWE\"}", "typ"},
    {"{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", "typ"},
    {"{\"alg\":\"HS256\",\"typ\":null}", "typ"},
    {"{\"alg\":\"HS256\",\"typ\":1}", "typ"},
    {"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", "crit"},
    {"{\"alg\":\"HS256\",\"crit\":[]}", "crit"},
    {"{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}", "crit"},
    {"{\"alg\":\"HS256\",\"kid\":\"\"}", "kid is not a name"},
    {"{\"alg\":\"HS256\",\"kid\":null}", "kid is not a name"},
    {"{\"alg\":\"HS256\",\"kid\":1}", "kid is not a name"},
    {"{\"alg\":\"HS256\",\"kid\":\"k1\"}", "kid names no key"},
    {"{\"alg\":\"HS256\",\"kid\":\"../../dev/null\"}", "kid names no key"},
    {"{\"alg\":\"HS256\",\"kid\":\"" SIXTY_FOUR "\"}", "kid names no key"},
    {"{\"alg\":\"HS256\",\"kid\":\"\\u0000\"}", "header"},
    {"{\"alg\":\"none\",\"alg\":\"HS256\"}", "header"},
    {"{\"alg\":\"HS256\",\"alg\":\"HS256\"}", "header"},
    {"{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}", "header"},
    {"{\"alg\":\"HS256\"} ", NULL},
    {"{\"alg\":\"HS256\"}x", "header"},
    {"{\"alg\":\"HS256\"", "header"},
    {"{'alg':'HS256'}", "header"},
    {"[\"HS256\"]", "header"},
    {"\"HS256\"", "header"},
    {"", "header"},
    {"{\"alg\":\"HS256\",\"x\":\"" SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR
     "\"}",
     "header too long"},
};

static void test_headers(void **unused)
{
    struct flash_claims claims;

    (void)unused;
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct token token = token_make(headers[i].json, text_of(CLAIMS("")), SECRET);
        if (headers[i].reason == NULL) {
            assert_true(token_verify(&token, &claims, NULL));
        } else {
            token_assert_refused(&token, headers[i].reason);
        }
    }
}

#define NO_AUD "{\"sub\":\"u-17\",\"exp\":1763718060"
#define NO_EXP "{\"sub\":\"u-17\",\"aud\":\"flashgate\""
#define NO_SUB "{\"exp\":1763718060,\"aud\":\"flashgate\""

static const struct row claim_rows[] = {
    {CLAIMS(""), NULL},
    {CLAIMS(",\"iss\":\"shop\",\"iat\":1,\"jti\":\"x\",\"deep\":{\"a\":[1,{\"b\":null}]}"), NULL},
    {NO_AUD "}", "aud"},
    {NO_AUD ",\"aud\":\"flashgat\"}", "aud"},
    {NO_AUD ",\"aud\":\"Flashgate\"}", "aud"},
    {NO_AUD ",\"aud\":\"flashgate \"}", "aud"},
    {NO_AUD ",\"aud\":[]}", "aud"},
    {NO_AUD ",\"aud\":[\"a\",\"b\"]}", "aud"},
    {NO_AUD ",\"aud\":[\"flashgate\",1]}", "aud"},
    {NO_AUD ",\"aud\":[[\"flashgate\"]]}", "aud"},
    {NO_AUD ",\"aud\":{\"flashgate\":1}}", "aud"},
    {NO_AUD ",\"aud\":[\"a\",\"flashgate\"]}", NULL},
    {NO_AUD ",\"aud\":\"flashgate\",\"aud\":\"x\"}", "claims"},
    {NO_EXP "}", "exp is"},
    {NO_EXP ",\"exp\":\"1763718060\"}", "exp is"},
    {NO_EXP ",\"exp\":null}", "exp is"},
    {NO_EXP ",\"exp\":true}", "exp is"},
    {NO_EXP ",\"exp\":-1}", "exp is"},
    {NO_EXP ",\"exp\":0}", "expired"},
    {NO_EXP ",\"exp\":1763717999}", "expired"},
    {NO_EXP ",\"exp\":1763718000}", "expired"},
    {NO_EXP ",\"exp\":1763718000.9}", "expired"},
    {NO_EXP ",\"exp\":1763718001}", NULL},
    {NO_EXP ",\"exp\":1763718001.0}", NULL},
    {NO_EXP ",\"exp\":1.763718001e9}", NULL},
    {NO_EXP ",\"exp\":9007199254740992}", NULL},
    {NO_EXP ",\"exp\":9007199254740993}", "exp is"},
    {NO_EXP ",\"exp\":1e300}", "exp is"},
    {NO_EXP ",\"exp\":1e999}", "claims"},
    {NO_EXP ",\"exp\":99999999999999999999}", "claims"},
    {NO_EXP ",\"exp\":NaN}", "claims"},
    {NO_EXP ",\"exp\":1763718060,\"exp\":1}", "claims"},
    {CLAIMS(",\"nbf\":1763718000"), NULL},
    {CLAIMS(",\"nbf\":1763718001"), "not valid yet"},
    {CLAIMS(",\"nbf\":1763718000.1"), "not valid yet"},
    {CLAIMS(",\"nbf\":1763717999.9"), NULL},
    {CLAIMS(",\"nbf\":\"0\""), "nbf"},
    {CLAIMS(",\"nbf\":null"), "nbf"},
    {CLAIMS(",\"nbf\":-1"), "nbf"},
    {NO_SUB "}", "sub"},
    {NO_SUB ",\"sub\":17}", "sub"},
    {NO_SUB ",\"sub\":null}", "sub"},
    {NO_SUB ",\"sub\":\"\"}", "sub"},
    {NO_SUB ",\"sub\":\"" SIXTY_FOUR "\"}", NULL},
    {NO_SUB ",\"sub\":\"" SIXTY_FOUR "a\"}", "sub"},
    {NO_SUB ",\"sub\":\"a{b}\"}", "sub"},
    {NO_SUB ",\"sub\":\"a\\nb\"}", "sub"},
    {NO_SUB ",\"sub\":\"a\\\"b\"}", "sub"},
    {NO_SUB ",\"sub\":\"a\\u0000b\"}", "claims"},
    {NO_SUB ",\"sub\":\"\\ud800\"}", "claims"},
    {NO_SUB ",\"sub\":\"\xff\"}", "claims"},
    {NO_SUB ",\"sub\":\"\\u00e9\"}", NULL},
    {NO_SUB ",\"sub\":\"a\",\"sub\":\"b\"}", "claims"},
    {CLAIMS(",\"role\":\"buyer\""), NULL},
    {CLAIMS(",\"role\":\"admin\""), NULL},
    {CLAIMS(",\"role\":\"Admin\""), "role"},
    {CLAIMS(",\"role\":\"root\""), "role"},
    {CLAIMS(",\"role\":\"\""), "role"},
    {CLAIMS(",\"role\":[\"admin\"]"), "role"},
    {CLAIMS(",\"role\":null"), "role"},
    {CLAIMS(",\"sku\":\"42\""), NULL},
    {CLAIMS(",\"sku\":42"), NULL},
    {CLAIMS(",\"sku\":0"), "sku"},
    {CLAIMS(",\"sku\":-1"), "sku"},
    {CLAIMS(",\"sku\":42.0"), "sku"},
    {CLAIMS(",\"sku\":\"042\""), "sku"},
    {CLAIMS(",\"sku\":\"*\""), "sku"},
    {CLAIMS(",\"sku\":null"), "sku"},
    {CLAIMS("") "x", "claims"},
    {"null", "claims"},
    {"[]", "claims"},
    {"", "claims"},
};

static void test_claims(void **unused)
{
    struct flash_claims claims;

    (void)unused;
    for (size_t i = 0; i < COUNT(claim_rows); i++) {
        struct token token = token_make(HEADER, text_of(claim_rows[i].json), SECRET);
        if (claim_rows[i].reason != NULL) {
            token_assert_refused(&token, claim_rows[i].reason);
        } else if (!token_verify(&token, &claims, NULL)) {
            fail_msg("refused: %s", claim_rows[i].json);
        }
    }
    struct token nul =
        token_make(HEADER, (struct flash_text){CLAIMS("") "\0", sizeof(CLAIMS("\0")) - 1}, SECRET);
    token_assert_refused(&nul, "claims");
}

static void test_deep_json(void **unused)
{
    char deep[1400];

    (void)unused;
    memset(deep, '[', sizeof(deep));
    deep[380] = '\0';
    struct token header = token_make(deep, text_of(CLAIMS("")), SECRET);
    token_assert_refused(&header, "header");
    struct token claims = token_make(HEADER, (struct flash_text){deep, 380}, SECRET);
    token_assert_refused(&claims, "claims");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_deep_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
