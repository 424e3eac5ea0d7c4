/* Tokens: one good one, and every way we know to make a bad one. Tokens end at a guard page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base64url.h"
#include "guarded.h"
#include "jwt_token.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OTHER_SECRET "fedcba9876543210fedcba9876543210"

static const struct flash_jwt_key named[] = {{"k1", SECRET, sizeof(SECRET) - 1},
                                             {"k2", OTHER_SECRET, sizeof(OTHER_SECRET) - 1}};
static const struct flash_jwt_check named_check = {named, COUNT(named), NOW};

/* RFC 7515, appendix A.1: its signature is right, its claims are not for us. */
static void test_rfc_vector(void **unused)
{
    static const char rfc[] =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0"
        "dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    static const char secret[] =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcg"
        "UuTwjAzZr1Z9CAow";
    struct flash_jwt_key key = {.kid = ""};
    struct flash_jwt_check check = {&key, 1, NOW};
    struct flash_error err = {0};
    struct flash_claims claims;

    (void)unused;
    assert_true(flash_base64url_decode(text_of(secret), (uint8_t *)key.secret, sizeof(key.secret),
                                       &key.secret_len));
    assert_false(flash_jwt_verify(text_of(rfc), &check, &claims, &err));
    assert_non_null(strstr(err.text, "aud"));
    key.secret[0] ^= 1;
    assert_false(flash_jwt_verify(text_of(rfc), &check, &claims, &err));
    assert_non_null(strstr(err.text, "wrong signature"));
}

static void test_issue_and_verify(void **unused)
{
    static const struct flash_claims samples[] = {
        {"u-17", FLASH_ROLE_BUYER, NOW + 60, 0, 0},
        {SIXTY_FOUR, FLASH_ROLE_INTERNAL, NOW + 1, NOW, INT64_MAX},
        {"\xc3\xa9 \xe2\x82\xac", FLASH_ROLE_OPS, NOW + 60, NOW - 60, 42},
        {"a/b", FLASH_ROLE_ADMIN, NOW + 60, 1, 1},
    };
    struct token token;
    struct flash_claims claims;

    (void)unused;
    for (size_t i = 0; i < COUNT(samples); i++) {
        const struct flash_claims *sample = &samples[i];
        token.len = flash_jwt_issue(sample, &plain_key, token.text, sizeof(token.text));
        assert_int_equal(token.len, strlen(token.text));
        assert_true(token_verify(&token, &claims, NULL));
        assert_string_equal(claims.sub, sample->sub);
        assert_int_equal(claims.role, sample->role);
        assert_int_equal(claims.exp_s, sample->exp_s);
        assert_int_equal(claims.nbf_s, sample->nbf_s);
        assert_int_equal(claims.sku, sample->sku);
    }
}

static void test_issue_needs_room(void **unused)
{
    static const struct flash_claims claims = {"u-17", FLASH_ROLE_BUYER, NOW + 60, 0, 0};
    struct flash_jwt_key bad_kid = {"\xff", SECRET, sizeof(SECRET) - 1};
    char text_out[512];
    size_t len = flash_jwt_issue(&claims, &plain_key, text_out, sizeof(text_out));

    (void)unused;
    assert_true(len > 0);
    for (size_t size = 0; size <= len; size++) {
        memset(text_out, '#', sizeof(text_out));
        assert_int_equal(flash_jwt_issue(&claims, &plain_key, text_out, size), 0);
        assert_int_equal(text_out[size], '#');
    }
    assert_int_equal(flash_jwt_issue(&claims, &plain_key, text_out, len + 1), len);
    assert_int_equal(flash_jwt_issue(&claims, &bad_kid, text_out, sizeof(text_out)), 0);
}

static void test_kid(void **unused)
{
    static const struct {
        const char *header, *secret;
        bool ok;
    } rows[] = {
        {"{\"alg\":\"HS256\",\"kid\":\"k1\"}", SECRET, true},
        {"{\"alg\":\"HS256\",\"kid\":\"k2\"}", OTHER_SECRET, true},
        {"{\"alg\":\"HS256\",\"kid\":\"k1\"}", OTHER_SECRET, false},
        {"{\"alg\":\"HS256\",\"kid\":\"k2\"}", SECRET, false},
        {"{\"alg\":\"HS256\",\"kid\":\"k\"}", SECRET, false},
        {"{\"alg\":\"HS256\",\"kid\":\"K1\"}", SECRET, false},
        {"{\"alg\":\"HS256\"}", SECRET, false},
    };
    struct flash_claims claims;

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct token token = token_make(rows[i].header, text_of(CLAIMS("")), rows[i].secret);
        assert_int_equal(
            flash_jwt_verify(guarded(token.text, token.len), &named_check, &claims, NULL),
            rows[i].ok);
    }
}

/* A rotation without kids: both keys match, either signature holds. */
static void test_two_keys_without_kid(void **unused)
{
    struct flash_jwt_key both[2] = {plain_key, named[1]};
    struct flash_jwt_check check = {both, 2, NOW};
    struct token old = token_make(HEADER, text_of(CLAIMS("")), SECRET);
    struct token fresh = token_make(HEADER, text_of(CLAIMS("")), OTHER_SECRET);
    struct flash_claims claims;

    (void)unused;
    both[1].kid[0] = '\0';
    assert_true(flash_jwt_verify(text_of(old.text), &check, &claims, NULL));
    assert_true(flash_jwt_verify(text_of(fresh.text), &check, &claims, NULL));
    check.key_count = 1;
    assert_false(flash_jwt_verify(text_of(fresh.text), &check, &claims, NULL));
}

static void test_no_key(void **unused)
{
    static const struct flash_jwt_key inactive = {.kid = ""};
    struct flash_jwt_check check = {&inactive, 1, NOW};
    struct token token = token_make(HEADER, text_of(CLAIMS("")), "");
    struct flash_claims claims;

    (void)unused;
    assert_false(flash_jwt_verify(text_of(token.text), &check, &claims, NULL));
    check.key_count = 0;
    assert_false(flash_jwt_verify(text_of(token.text), &check, &claims, NULL));
}

static void test_every_flipped_bit(void **unused)
{
    struct token token = token_make(HEADER, text_of(CLAIMS("")), SECRET);
    struct flash_claims claims;

    (void)unused;
    assert_true(token_verify(&token, &claims, NULL));
    for (size_t bit = 0; bit < token.len * 8; bit++) {
        token.text[bit / 8] ^= (char)(1 << bit % 8);
        assert_false(token_verify(&token, &claims, NULL));
        token.text[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_true(token_verify(&token, &claims, NULL));
}

static void test_every_truncation(void **unused)
{
    struct token token = token_make(HEADER, text_of(CLAIMS("")), SECRET);
    size_t whole = token.len;
    struct flash_claims claims;

    (void)unused;
    for (token.len = 0; token.len < whole; token.len++) {
        assert_false(token_verify(&token, &claims, NULL));
    }
    assert_false(flash_jwt_verify((struct flash_text){NULL, 0}, &plain_check, &claims, NULL));
}

static void test_shapes(void **unused)
{
    static const char *const wrong[] = {".",   "..",    "...",     "a",
                                        "a.b", "a.b.c", "a.b.c.d", "a.b.c.d.e"};
    struct token good = token_make(HEADER, text_of(CLAIMS("")), SECRET), token;

    (void)unused;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        token.len = (size_t)snprintf(token.text, sizeof(token.text), "%s", wrong[i]);
        token_assert_refused(&token, "token: ");
    }
    static const char *const tails[] = {"=", ".", " ", "\n", "A", "AA", "AAAA", ".x"};
    for (size_t i = 0; i < COUNT(tails); i++) {
        token.len = (size_t)snprintf(token.text, sizeof(token.text), "%s%s", good.text, tails[i]);
        token_assert_refused(&token, i == 1 || i == 7 ? "three parts" : "wrong signature");
    }
    token.len = (size_t)snprintf(token.text, sizeof(token.text), " %s", good.text);
    token_assert_refused(&token, "header");
}

/* Authentic, but with bits set behind the last byte of a part: another text for the same bytes. */
/* Whatever byte differs, and however much is missing. */
static void test_the_same_token(void **unused)
{
    struct token token = token_make(HEADER, text_of(CLAIMS("")), SECRET);
    struct token other = token;
    const struct flash_text known = {token.text, token.len};
    (void)unused;
    assert_true(flash_jwt_same(known, (struct flash_text){other.text, other.len}));
    for (size_t i = 0; i < token.len; i++) {
        other.text[i] ^= 1;
        assert_false(flash_jwt_same(known, (struct flash_text){other.text, other.len}));
        other.text[i] ^= 1;
        assert_false(flash_jwt_same(known, (struct flash_text){other.text, i}));
        assert_false(flash_jwt_same((struct flash_text){other.text, i}, known));
    }
    assert_false(flash_jwt_same((struct flash_text){"", 0}, (struct flash_text){"", 0}));
}

static void test_loose_bits(void **unused)
{
    struct token token = {.len = 0};
    char *last;

    (void)unused;
    token_append(&token, "{\"alg\":\"HS256\"} ", 16);
    last = &token.text[token.len - 1];
    assert_int_equal(*last, 'A'); /* 16 bytes: the last character has four spare bits */
    *last = 'B';
    token.text[token.len++] = '.';
    token_append(&token, CLAIMS(""), strlen(CLAIMS("")));
    token_sign(&token, SECRET);
    token_assert_refused(&token, "header");

    token = token_make(HEADER, text_of(CLAIMS("")), SECRET);
    token.text[token.len - 1]++; /* two spare bits; the neighbour in the alphabet or outside it */
    token_assert_refused(&token, "wrong signature");
}

static void test_longest(void **unused)
{
    char claims[3000], spaces[3000];
    struct flash_claims got;

    (void)unused;
    memset(spaces, ' ', sizeof(spaces));
    for (int pad = 1300; pad < 1500; pad++) {
        int len = snprintf(claims, sizeof(claims), "%s%.*s", CLAIMS(""), pad, spaces);
        struct token token = token_make(HEADER, (struct flash_text){claims, (size_t)len}, SECRET);
        if (token.len > FLASH_JWT_MAX) {
            token_assert_refused(&token, "too long");
        } else {
            assert_true(token_verify(&token, &got, NULL));
        }
    }
}

static void test_roles(void **unused)
{
    enum flash_role role = FLASH_ROLE_OPS;

    (void)unused;
    for (int i = FLASH_ROLE_BUYER; i <= FLASH_ROLE_ADMIN; i++) {
        assert_true(flash_role_parse(text_of(flash_role_name((enum flash_role)i)), &role));
        assert_int_equal(role, i);
    }
    assert_false(flash_role_parse(text_of("buye"), &role));
    assert_false(flash_role_parse(text_of(""), &role));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_vector),
        cmocka_unit_test(test_issue_and_verify),
        cmocka_unit_test(test_issue_needs_room),
        cmocka_unit_test(test_kid),
        cmocka_unit_test(test_two_keys_without_kid),
        cmocka_unit_test(test_no_key),
        cmocka_unit_test(test_every_flipped_bit),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_the_same_token),
        cmocka_unit_test(test_loose_bits),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
