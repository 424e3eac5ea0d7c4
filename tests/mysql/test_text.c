/* SQL as text, without a server: literals cannot be left, sizes are what is written, buffers end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "../../common/mysql/text.h"
#include "flash/put.h"

static void expect_literal(const char *bytes, size_t len, const char *literal)
{
    struct flash_mysql_buffer buffer = {0};
    struct flash_text text = {bytes, len};
    assert_int_equal(flash_mysql_literal_size(text), strlen(literal));
    assert_true(flash_mysql_buffer_reserve(&buffer, strlen(literal)));
    flash_mysql_put_literal(&buffer, text);
    assert_int_equal(buffer.len, strlen(literal));
    assert_memory_equal(buffer.at, literal, buffer.len);
    flash_mysql_buffer_free(&buffer);
}

static void test_literals(void **state)
{
    (void)state;
    expect_literal(NULL, 0, "NULL");
    expect_literal("", 0, "''");
    expect_literal("42.abc_-~ !\"#", 13, "'42.abc_-~ !\"#'");
    expect_literal("it's", 4, "x'69742773'");
    expect_literal("a\\", 2, "x'615c'");
    expect_literal("\0", 1, "x'00'");
    expect_literal("\n", 1, "x'0a'");
    expect_literal("\x7f", 1, "x'7f'");
    expect_literal("\xc3\xa9", 2, "x'c3a9'");
    expect_literal("\xbf\x27 OR 1=1 -- ", 13, "x'bf27204f5220313d31202d2d20'");
}

/* Whatever the byte: what is quoted has no quote and no backslash, the rest is hexadecimal digits.
 */
static void test_every_byte(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        struct flash_mysql_buffer buffer = {0};
        char one = (char)byte;
        assert_true(flash_mysql_buffer_reserve(&buffer, 16));
        flash_mysql_put_literal(&buffer, (struct flash_text){&one, 1});
        if (buffer.at[0] == '\'') {
            assert_int_equal(buffer.len, 3);
            assert_true(byte >= 0x20 && byte < 0x7f && byte != '\'' && byte != '\\');
        } else {
            assert_int_equal(buffer.len, 5);
            assert_int_equal(strspn(buffer.at + 2, "0123456789abcdef"), 2);
        }
        assert_int_equal(buffer.at[buffer.len - 1], '\'');
        flash_mysql_buffer_free(&buffer);
    }
}

static void expect_number(int64_t number, const char *text)
{
    struct flash_mysql_buffer buffer = {0};
    assert_true(flash_mysql_buffer_reserve(&buffer, FLASH_NUMBER_MAX));
    flash_mysql_put_number(&buffer, number);
    assert_int_equal(buffer.len, strlen(text));
    assert_memory_equal(buffer.at, text, buffer.len);
    flash_mysql_buffer_free(&buffer);
}

static void test_numbers(void **state)
{
    (void)state;
    expect_number(0, "0");
    expect_number(-1, "-1");
    expect_number(INT64_MAX, "9223372036854775807");
    expect_number(INT64_MIN, "-9223372036854775808");
}

static void test_buffer_ends(void **state)
{
    struct flash_mysql_buffer buffer = {0};
    (void)state;
    assert_true(flash_mysql_buffer_reserve(&buffer, 10));
    flash_mysql_put(&buffer, "0123456789", 10);
    assert_true(flash_mysql_buffer_reserve(&buffer, 11));
    assert_true(buffer.size >= 20);
    assert_memory_equal(buffer.at, "0123456789", 10);
    assert_false(flash_mysql_buffer_reserve(&buffer, FLASH_MYSQL_BUFFER_MAX + 1UL));
    assert_int_equal(buffer.len, 10);
    flash_mysql_buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_buffer_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
