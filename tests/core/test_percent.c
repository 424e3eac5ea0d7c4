/* Percent-encoding, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flash/percent.h"

#define TEXT(text) ((struct flash_text){(text), strlen(text)})

static void escapes_are_undone(void **state)
{
    (void)state;
    char bytes[8];
    assert_int_equal(flash_percent_decode(TEXT("a%2Fb%c3%A9+"), bytes, sizeof(bytes)), 6);
    assert_memory_equal(bytes, "a/b\xc3\xa9+", 6);
    assert_int_equal(flash_percent_decode_value(TEXT("a+b%2B"), bytes, sizeof(bytes)), 4);
    assert_memory_equal(bytes, "a b+", 4);
    assert_int_equal(flash_percent_decode(TEXT(""), bytes, 0), 0);
}

static void what_is_no_escape_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"%", "%2", "a%2", "%2g", "%g2", "%%41", "% 1", "123456789"};
    char bytes[8];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(flash_percent_decode(TEXT(rows[i]), bytes, sizeof(bytes)), -1);
    }
    assert_int_equal(flash_percent_decode(TEXT("%31%32%33%34%35%36%37%38"), bytes, 8), 8);
}

static void an_order_id_comes_back_from_its_segment(void **state)
{
    (void)state;
    char segment[3 * FLASH_REF_MAX], decoded[FLASH_ORDER_ID_MAX];
    int64_t sku;
    struct flash_text ref;
    char *end = flash_percent_put(segment, TEXT("42.A/17?#%:@;=~"));
    assert_memory_equal(segment, "42.A%2F17%3F%23%25:@;=~", (size_t)(end - segment));
    assert_true(flash_percent_order_id((struct flash_text){segment, (size_t)(end - segment)},
                                       decoded, &sku, &ref));
    assert_int_equal(sku, 42);
    assert_int_equal(ref.len, 12);
    assert_memory_equal(ref.at, "A/17?#%:@;=~", ref.len);
    assert_false(flash_percent_order_id(TEXT("42.%7Bx%7D"), decoded, &sku, &ref));
    assert_false(flash_percent_order_id(TEXT("42.%00"), decoded, &sku, &ref));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(what_is_no_escape_is_refused),
        cmocka_unit_test(an_order_id_comes_back_from_its_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
