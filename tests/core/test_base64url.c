/* base64url: RFC 4648's vectors, every tail, and that only what the encoder writes is decoded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base64url.h"
#include "guarded.h"

static void test_vectors(void **unused)
{
    static const char *const vectors[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xff\xef\xbe", "_---"}};
    char out[16];
    uint8_t back[16];
    size_t len = 99;

    (void)unused;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const char *bytes = vectors[i][0], *text = vectors[i][1];
        size_t n = flash_base64url_encode((const uint8_t *)bytes, strlen(bytes), out);
        assert_int_equal(n, strlen(text));
        assert_int_equal(n, FLASH_BASE64URL_LEN(strlen(bytes)));
        assert_memory_equal(out, text, n);
        assert_true(flash_base64url_decode(guarded(text, n), back, sizeof(back), &len));
        assert_int_equal(len, strlen(bytes));
        assert_memory_equal(back, bytes, len);
    }
}

static void test_every_pair_of_characters(void **unused)
{
    uint8_t byte;
    char again[2];
    size_t len;
    int decoded = 0;

    (void)unused;
    for (unsigned pair = 0; pair < 65536; pair++) {
        char text[2] = {(char)(pair >> 8), (char)(pair & 255)};
        if (flash_base64url_decode(guarded(text, 2), &byte, 1, &len)) {
            decoded++;
            assert_int_equal(len, 1);
            assert_int_equal(flash_base64url_encode(&byte, 1, again), 2);
            assert_memory_equal(again, text, 2);
        }
    }
    assert_int_equal(decoded, 256);
}

static void test_refused(void **unused)
{
    static const char *const wrong[] = {
        "Z", "A", "Zm9vA", "Zm9vZ", "Zg==", "Zm8=", "Zm9v ", "Zm9+", "Zm9/", "Zm9", "Zh"};
    uint8_t out[16];
    size_t len = 99;

    (void)unused;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(flash_base64url_decode(guarded(wrong[i], strlen(wrong[i])), out, 16, &len));
    }
    assert_false(flash_base64url_decode(guarded("Zm9v", 4), out, 2, &len));
    assert_int_equal(len, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_every_pair_of_characters),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
