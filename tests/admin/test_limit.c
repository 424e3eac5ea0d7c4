/* Requests per caller: bursts, refilling, callers apart, and a table that does not grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../admin/limit.h"

#define SECOND 1000000ULL

static struct flash_limit limit;

static void begin(int64_t rate, int64_t burst)
{
    struct flash_error err = {0};
    assert_true(flash_limit_init(&limit, rate, burst, &err));
}

static int64_t count(const char *caller, uint64_t now_us)
{
    return flash_limit_count(&limit, (struct flash_text){caller, strlen(caller)}, now_us);
}

static int admitted(const char *caller, int tries, uint64_t now_us)
{
    int good = 0;
    for (int i = 0; i < tries; i++) {
        good += count(caller, now_us) == 0;
    }
    return good;
}

static void test_a_burst_then_the_rate(void **state)
{
    (void)state;
    begin(10, 25);
    assert_int_equal(admitted("anna", 100, SECOND), 25);
    assert_int_equal(count("anna", SECOND), 1);
    assert_int_equal(admitted("anna", 100, 2 * SECOND), 10);
    assert_int_equal(admitted("anna", 100, 2 * SECOND + SECOND / 10), 1);
    assert_int_equal(admitted("anna", 100, 100 * SECOND), 25); /* never more than a burst */
    assert_int_equal(admitted("anna", 100, 99 * SECOND), 0); /* a clock that steps gives nothing */
}

static void test_callers_are_apart(void **state)
{
    (void)state;
    begin(1, 1);
    assert_int_equal(count("anna", SECOND), 0);
    assert_int_equal(count("bert", SECOND), 0);
    assert_int_equal(count("anna", SECOND), 1);
    assert_int_equal(count("bert", SECOND), 1);
}

static void test_no_limit(void **state)
{
    (void)state;
    begin(0, 1);
    assert_int_equal(admitted("anna", 1000, SECOND), 1000);
}

static void test_a_flood_of_callers(void **state)
{
    char name[32];
    (void)state;
    begin(1, 1);
    for (int i = 0; i < 100000; i++) { /* far more than there is room for */
        snprintf(name, sizeof(name), "caller-%d", i);
        assert_int_equal(count(name, SECOND + (uint64_t)i), 0);
    }
    assert_int_equal(count(name, SECOND + 100000), 1); /* the last is still known */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_burst_then_the_rate),
        cmocka_unit_test(test_callers_are_apart),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_a_flood_of_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
