/* UTF-8: every character is one, as an encoder of the test's own writes it; and every sequence of
 * two bytes and each rule's edges of longer ones. Sequences end at a guard page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flash/utf8.h"
#include "guarded.h"

static size_t length_of(const char *bytes, size_t len)
{
    struct flash_text text = guarded(bytes, len);
    return flash_utf8_len(text.at, text.len);
}

static size_t encode(uint32_t point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (char)(0xf00 >> len | point);
    return len;
}

static void test_every_character(void **unused)
{
    char bytes[5] = {0};
    (void)unused;
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        size_t len = encode(point, bytes);
        size_t expected = point >= 0xd800 && point <= 0xdfff ? 0 : len;
        assert_int_equal(flash_utf8_len(bytes, len), expected);
        assert_int_equal(flash_utf8_len(bytes, len + 1), expected);
    }
}

static void test_every_pair(void **unused)
{
    (void)unused;
    for (int i = 0; i < 0x10000; i++) {
        int first = i >> 8, second = i & 0xff;
        char bytes[2] = {(char)first, (char)second};
        bool pair = first >= 0xc2 && first <= 0xdf && second >= 0x80 && second <= 0xbf;
        assert_int_equal(flash_utf8_len(bytes, 2), first < 0x80 ? 1 : pair ? 2 : 0);
    }
}

static void test_every_character_cut_off(void **unused)
{
    static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        for (size_t len = 1; len < i + 2; len++) {
            assert_int_equal(length_of(characters[i], len), 0);
        }
        assert_int_equal(length_of(characters[i], i + 2), i + 2);
    }
}

static void test_what_is_none(void **unused)
{
    static const char rows[][5] = {
        "\xe0\x9f\xbf",     /* overlong, of three */
        "\xf0\x8f\xbf\xbf", /* of four */
        "\xed\xa0\x80",     /* the first surrogate */
        "\xed\xbf\xbf",     /* the last */
        "\xf4\x90\x80\x80", /* U+110000 */
        "\xf5\x80\x80\x80", /* a first byte there is not */
        "\xe2\x82\x28",     /* the third byte marks none */
        "\xf0\x9f\x98\x28", /* nor the fourth */
        "\xf0\x9f\xc0\x80",
    };
    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(flash_utf8_len(rows[i], 4), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_every_character_cut_off),
        cmocka_unit_test(test_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
