/* Numbers as text: the same digits as printf's, and not a byte more. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flash/put.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What stands in out up to end is want, and the byte behind it is as it was. */
static void check(const char *out, const char *end, const char *want)
{
    size_t len = (size_t)(end - out);
    assert_int_equal(len, strlen(want));
    assert_memory_equal(out, want, len);
    assert_int_equal(out[len], '#');
}

static void test_numbers(void **unused)
{
    char want[32], out[FLASH_NUMBER_MAX + 1];
    uint64_t power = 1;
    (void)unused;
    for (int digits = 1; digits <= FLASH_NUMBER_MAX; digits++, power *= 10) {
        const uint64_t numbers[] = {power - 1, power, power + 1, UINT64_MAX - power + 1};
        for (size_t i = 0; i < COUNT(numbers); i++) {
            memset(out, '#', sizeof(out));
            snprintf(want, sizeof(want), "%" PRIu64, numbers[i]);
            check(out, flash_put_number(out, numbers[i]), want);
        }
    }
}

static void test_signed(void **unused)
{
    static const int64_t numbers[] = {0, 1, -1, 42, -42, INT64_MAX, INT64_MIN + 1, INT64_MIN};
    char want[32], out[FLASH_NUMBER_MAX + 1];
    (void)unused;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        memset(out, '#', sizeof(out));
        snprintf(want, sizeof(want), "%" PRId64, numbers[i]);
        check(out, flash_put_signed(out, numbers[i]), want);
    }
}

static void test_text(void **unused)
{
    char out[] = "######";
    (void)unused;
    char *end = flash_put(FLASH_PUT_LITERAL(out, "abc"), "defg", 2);
    check(out, end, "abcde");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_signed),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
