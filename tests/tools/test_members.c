/* The walk over an object's members finds the same ends whatever the place of a byte that counts:
 * it reads eight at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "members.h"

#define LONGEST 26

/* {"a":"<len bytes, c at place>"} in a block of its exact size, so that reading on is an error. */
static enum flash_bench_walk walk(size_t len, size_t place, char c, struct flash_text *ret_value)
{
    static const char before[] = "{\"a\":\"", after[] = "\"}";
    size_t size = sizeof(before) - 1 + len + sizeof(after) - 1;
    char *object = malloc(size);
    struct flash_bench_member member = {.type = FLASH_BENCH_OTHER};
    memcpy(object, before, sizeof(before) - 1);
    memset(object + sizeof(before) - 1, 'x', len);
    object[sizeof(before) - 1 + place] = c;
    memcpy(object + sizeof(before) - 1 + len, after, sizeof(after) - 1);

    struct flash_bench_members members = flash_bench_members_of((struct flash_text){object, size});
    enum flash_bench_walk walk = flash_bench_members_next(&members, &member);
    *ret_value = member.value;
    if (walk == FLASH_BENCH_MEMBER) {
        walk = flash_bench_members_next(&members, &member);
    }
    free(object);
    return walk;
}

static void test_plain_bytes_pass(void **state)
{
    static const char plain[] = {' ',  '!',    '#',    '[',    ']',   '~',
                                 0x7f, '\x80', '\xa2', '\xdc', '\xff'};
    struct flash_text value;
    (void)state;
    for (size_t len = 1; len <= LONGEST; len++) {
        for (size_t i = 0; i < len * sizeof(plain); i++) {
            assert_int_equal(walk(len, i % len, plain[i / len], &value), FLASH_BENCH_END);
            assert_int_equal(value.len, len);
        }
    }
}

static void test_a_quote_ends_a_control_is_refused(void **state)
{
    struct flash_text value;
    (void)state;
    for (size_t len = 1; len <= LONGEST; len++) {
        for (size_t place = 0; place < len; place++) {
            assert_int_equal(walk(len, place, '"', &value), FLASH_BENCH_MALFORMED);
            assert_int_equal(value.len, place);
            for (char c = 0; c < ' '; c++) {
                assert_int_equal(walk(len, place, c, &value), FLASH_BENCH_MALFORMED);
            }
        }
    }
}

static void test_a_backslash_takes_the_next(void **state)
{
    struct flash_text value;
    (void)state;
    for (size_t len = 1; len <= LONGEST; len++) {
        for (size_t place = 0; place < len; place++) {
            bool takes_quote = place + 1 == len; /* so that nothing ends the string */
            enum flash_bench_walk expected = takes_quote ? FLASH_BENCH_MALFORMED : FLASH_BENCH_END;
            assert_int_equal(walk(len, place, '\\', &value), expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_bytes_pass),
        cmocka_unit_test(test_a_quote_ends_a_control_is_refused),
        cmocka_unit_test(test_a_backslash_takes_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
