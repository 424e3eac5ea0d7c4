/* Identifiers: what is one, what is not, and what they are made into. Inputs end at a guard page.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flash/ids.h"
#include "guarded.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEN "aaaaaaaaaa"
#define SIXTY_FOUR TEN TEN TEN TEN TEN TEN "aaaa"

static struct flash_text text(const char *string)
{
    return guarded(string, strlen(string));
}

static void test_sku(void **unused)
{
    static const char *const wrong[] = {"",
                                        "0",
                                        "00",
                                        "01",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1.0",
                                        "1e3",
                                        "0x10",
                                        "abc",
                                        "1a",
                                        "9223372036854775808",
                                        "18446744073709551617",
                                        "99999999999999999999"};
    int64_t sku = 7;

    (void)unused;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_false(flash_sku_parse(text(wrong[i]), &sku));
        assert_int_equal(sku, 7);
    }
    assert_false(flash_sku_parse(guarded("1\0", 2), &sku));
    assert_true(flash_sku_parse(text("1"), &sku));
    assert_int_equal(sku, 1);
    assert_true(flash_sku_parse(text("9223372036854775807"), &sku));
    assert_int_equal(sku, INT64_MAX);
}

static void test_user_texts(void **unused)
{
    static const char *const wrong[] = {"",
                                        SIXTY_FOUR "a",
                                        "a\"b",
                                        "a\\b",
                                        "a{b",
                                        "a}b",
                                        "a\nb",
                                        "a\x1f",
                                        "a\x7f",
                                        "\x80",
                                        "\xc0\xaf",
                                        "\xc1\xbf",
                                        "\xe0\x9f\xbf",
                                        "\xed\xa0\x80",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xff",
                                        "\xc3",
                                        "\xe2\x82",
                                        "\xf0\x9f\x98",
                                        "a\xc3",
                                        "\xe2\x82\x41"};
    static const char *const right[] = {
        "u",          "u-17",         SIXTY_FOUR,         "a b",
        "\xc3\xa9",   "\xe2\x82\xac", "\xf0\x9f\x98\x80", "user@example.com",
        "a:b/c'd,e;f"};

    (void)unused;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_false(flash_user_valid(text(wrong[i])));
    }
    for (size_t i = 0; i < COUNT(right); i++) {
        assert_true(flash_user_valid(text(right[i])));
    }
    assert_false(flash_user_valid(guarded("a\0b", 3)));
}

/* How many of all one-code-point strings of these bytes are valid; the last two bytes run through
 * everything. */
static int valid_with_lead(unsigned lead, size_t len)
{
    char *bytes = (char *)(uintptr_t)guarded("\x80\x80\x80\x80", len).at;
    int count = 0;

    bytes[0] = (char)lead;
    for (unsigned rest = 0; rest < (len == 2 ? 256U : 65536U); rest++) {
        bytes[len - 1] = (char)(rest & 255);
        if (len > 2) {
            bytes[1] = (char)(rest >> 8); /* of four bytes the third stays a continuation */
        }
        count += flash_user_valid((struct flash_text){bytes, len});
    }
    return count;
}

static void test_utf8_exhaustively(void **unused)
{
    int two = 0, three = 0, four = 0;

    (void)unused;
    for (unsigned lead = 0x80; lead < 256; lead++) {
        two += valid_with_lead(lead, 2);
        three += lead >= 0xe0 ? valid_with_lead(lead, 3) : 0;
        four += lead >= 0xf0 ? valid_with_lead(lead, 4) : 0;
    }
    assert_int_equal(two, 0x800 - 0x80);
    assert_int_equal(three, 0x10000 - 0x800 - 0x800);
    assert_int_equal(four, (0x110000 - 0x10000) / 64);
}

static void test_keys_and_refs(void **unused)
{
    (void)unused;
    for (int c = 0; c < 256; c++) {
        char bytes[3] = {'a', (char)c, 'b'};
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool printable = c > ' ' && c < 0x7f && strchr("\"\\{}", c) == NULL;
        assert_int_equal(flash_key_valid(guarded(bytes, 3)), alnum || c == '_' || c == '-');
        assert_int_equal(flash_ref_valid(guarded(bytes, 3)), printable);
    }
    assert_false(flash_key_valid(text("")));
    assert_false(flash_ref_valid(text("")));
    assert_true(flash_key_valid(text(SIXTY_FOUR)));
    assert_true(flash_ref_valid(text(SIXTY_FOUR)));
    assert_false(flash_key_valid(text(SIXTY_FOUR "a")));
    assert_false(flash_ref_valid(text(SIXTY_FOUR "a")));
}

static void derive(const char *user, const char *key, int64_t sku, char *ret_ref)
{
    struct flash_text user_text = {user, strlen(user)}, key_text = {key, strlen(key)};

    flash_ref_derive(user_text, key_text, sku, ret_ref);
}

/* The expected values are Python's hashlib and base64. */
static void test_derive(void **unused)
{
    char ref[FLASH_REF_DERIVED + 1], other[FLASH_REF_DERIVED + 1], user[65] = "";

    (void)unused;
    derive("u-17", "k1", 42, ref);
    assert_string_equal(ref, "b3Zu96H5UL6kgP0-UV_0Zw");
    assert_true(flash_ref_valid(text(ref)) && flash_key_valid(text(ref)));
    for (int i = 0; i < 32; i++) {
        memcpy(user + 2 * i, "\xc3\xa9", 3);
    }
    char key[65];
    memset(key, 'A', 64);
    key[64] = '\0';
    derive(user, key, INT64_MAX, ref);
    assert_string_equal(ref, "8_rbiYTgIKs2b3ZnNwh_ZA");
    derive("ab", "c", 1, ref);
    derive("a", "bc", 1, other);
    assert_string_not_equal(ref, other);
    derive("ab", "c", 11, other);
    assert_string_not_equal(ref, other);
}

static void test_order_id(void **unused)
{
    static const char *const wrong[] = {"",
                                        ".",
                                        "1",
                                        "1.",
                                        ".a",
                                        "01.a",
                                        "-1.a",
                                        "1.a b",
                                        "1.a}",
                                        "x.a",
                                        "1.\"",
                                        "9223372036854775808.a",
                                        "1." SIXTY_FOUR "a"};
    struct flash_text ref = {0};
    int64_t sku = 7;

    (void)unused;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_false(flash_order_id_parse(text(wrong[i]), &sku, &ref));
        assert_int_equal(sku, 7);
        assert_null(ref.at);
    }
    assert_true(flash_order_id_parse(text("42.a.b"), &sku, &ref));
    assert_int_equal(sku, 42);
    assert_int_equal(ref.len, 3);
    assert_memory_equal(ref.at, "a.b", 3);
    assert_true(flash_order_id_parse(text("9223372036854775807." SIXTY_FOUR), &sku, &ref));
    assert_int_equal(ref.len, 64);
}

/* RFC 9562, appendix A.6. */
static void test_uuid_v7(void **unused)
{
    static const uint8_t random[10] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    static const uint8_t ones[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    char string[FLASH_UUID_TEXT + 1];
    struct flash_uuid uuid = flash_uuid_v7(0x017f22e279b0, random), parsed;

    (void)unused;
    flash_uuid_format(&uuid, string);
    assert_string_equal(string, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_true(flash_uuid_low64(&uuid) == 0x98c4dc0c0c07398fULL);
    assert_true(flash_uuid_parse(text(string), &parsed));
    assert_memory_equal(&parsed, &uuid, sizeof(uuid));

    uuid = flash_uuid_v7(0x0000ffffffffffffULL, ones);
    flash_uuid_format(&uuid, string);
    assert_string_equal(string, "ffffffff-ffff-7fff-bfff-ffffffffffff");
}

static void test_uuid_refused(void **unused)
{
    static const char *const wrong[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e279b07cc398c4dc0c0c07398f0000",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-c8c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2-79b0_7cc3-98c4-dc0c0c07398f",
    };
    struct flash_uuid uuid = {{9}};

    (void)unused;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_false(flash_uuid_parse(text(wrong[i]), &uuid));
    }
    assert_int_equal(uuid.bytes[0], 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sku),
        cmocka_unit_test(test_user_texts),
        cmocka_unit_test(test_utf8_exhaustively),
        cmocka_unit_test(test_keys_and_refs),
        cmocka_unit_test(test_derive),
        cmocka_unit_test(test_order_id),
        cmocka_unit_test(test_uuid_v7),
        cmocka_unit_test(test_uuid_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
