/* flash/error.h: the text is one whole line whatever it quotes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flash/error.h"

static void test_set_fills_and_fails(void **state)
{
    (void)state;
    struct flash_error err = {0};
    assert_false(flash_error_set(&err, FLASH_ERROR_RETRY, "part %d of %s", 2, "three"));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_string_equal(err.text, "part 2 of three");
    assert_false(flash_error_set(NULL, FLASH_ERROR_BUG, "nobody asks"));
}

static void test_set_may_quote_itself(void **state)
{
    (void)state;
    struct flash_error err;
    flash_error_set(&err, FLASH_ERROR_DATA, "inner");
    flash_error_set(&err, FLASH_ERROR_DATA, "outer: %s", err.text);
    assert_string_equal(err.text, "outer: inner");
}

static void test_controls_are_hidden(void **state)
{
    (void)state;
    struct flash_error err;
    flash_error_set(&err, FLASH_ERROR_DATA, "a%sb", "\r\n\x1b\x7f\xc3\xa9");
    assert_string_equal(err.text, "a????\xc3\xa9"
                                  "b");
}

static void test_a_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    for (int before = 250; before <= 256; before++) {
        struct flash_error err;
        flash_error_set(&err, FLASH_ERROR_DATA, "%0*d%s", before, 0,
                        "\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
        size_t len = strlen(err.text);
        assert_true(len < sizeof(err.text));
        assert_true(len >= sizeof(err.text) - 1 - 4);
        assert_int_equal(len > (size_t)before ? (len - (size_t)before) % 4 : 0, 0);
    }
}

static void test_kinds_have_words(void **state)
{
    (void)state;
    assert_string_equal(flash_error_kind_name(FLASH_ERROR_NONE), "none");
    assert_string_equal(flash_error_kind_name(FLASH_ERROR_CONFIG), "config");
    assert_string_equal(flash_error_kind_name(FLASH_ERROR_RETRY), "retry");
    assert_string_equal(flash_error_kind_name(FLASH_ERROR_UNKNOWN), "unknown");
    assert_string_equal(flash_error_kind_name(FLASH_ERROR_DATA), "data");
    assert_string_equal(flash_error_kind_name(FLASH_ERROR_BUG), "bug");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_fills_and_fails),
        cmocka_unit_test(test_set_may_quote_itself),
        cmocka_unit_test(test_controls_are_hidden),
        cmocka_unit_test(test_a_long_text_is_cut_between_characters),
        cmocka_unit_test(test_kinds_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
