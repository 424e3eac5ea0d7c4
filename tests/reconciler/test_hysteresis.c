/* What has lasted is a change, what flutters is none; time is handed in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../reconciler/hysteresis.h"

static const struct flash_hysteresis_limits limits = {10, 30};

static bool step(struct flash_hysteresis *one, bool bad, int64_t now_ms)
{
    return flash_hysteresis_step(one, &limits, bad, now_ms);
}

static void test_raised_when_it_lasted(void **state)
{
    (void)state;
    struct flash_hysteresis one = {0};
    assert_false(step(&one, true, 100));
    assert_false(step(&one, true, 109));
    assert_true(step(&one, true, 110));
    assert_int_equal(one.state, FLASH_HYSTERESIS_RAISED);
    assert_false(step(&one, true, 111)); /* told once */
    assert_false(step(&one, true, 100000));
}

static void test_cleared_when_that_lasted(void **state)
{
    (void)state;
    struct flash_hysteresis one = {.state = FLASH_HYSTERESIS_RAISED};
    assert_false(step(&one, false, 200));
    assert_false(step(&one, false, 229));
    assert_true(step(&one, false, 230));
    assert_int_equal(one.state, FLASH_HYSTERESIS_CLEAR);
    assert_false(step(&one, false, 231));
}

static void test_flutter_is_none(void **state)
{
    (void)state;
    struct flash_hysteresis one = {.state = FLASH_HYSTERESIS_CLEAR};
    for (int64_t now_ms = 0; now_ms < 1000; now_ms += 9) {
        assert_false(step(&one, now_ms % 2 == 0, now_ms));
    }
    struct flash_hysteresis other = {.state = FLASH_HYSTERESIS_RAISED};
    for (int64_t now_ms = 0; now_ms < 1000; now_ms += 29) {
        assert_false(step(&other, now_ms % 2 == 0, now_ms));
        assert_int_equal(other.state, FLASH_HYSTERESIS_RAISED);
    }
}

/* A process that begins tells also that all is well: an earlier one may have raised. */
static void test_the_beginning(void **state)
{
    (void)state;
    struct flash_hysteresis one = {0};
    assert_false(step(&one, false, 5));
    assert_true(step(&one, false, 35));
    assert_int_equal(one.state, FLASH_HYSTERESIS_CLEAR);
}

static void test_no_limits(void **state)
{
    (void)state;
    const struct flash_hysteresis_limits none = {0, 0};
    struct flash_hysteresis one = {0};
    assert_true(flash_hysteresis_step(&one, &none, true, 1));
    assert_true(flash_hysteresis_step(&one, &none, false, 1));
    assert_false(flash_hysteresis_step(&one, &none, false, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raised_when_it_lasted),
        cmocka_unit_test(test_cleared_when_that_lasted),
        cmocka_unit_test(test_flutter_is_none),
        cmocka_unit_test(test_the_beginning),
        cmocka_unit_test(test_no_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
