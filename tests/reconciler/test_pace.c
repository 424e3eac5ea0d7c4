/* The pace keeps to its rate, evenly, and never saves time up for a burst. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../reconciler/pace.h"
#include "flash/limits.h"

static void portions_are_a_64th_of_a_second(void **state)
{
    static const struct {
        int64_t rate;
        int portion;
    } rows[] = {{1, 1},
                {63, 1},
                {64, 1},
                {6400, 100},
                {20000, FLASH_BATCH_LINES},
                {1000000, FLASH_BATCH_LINES}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_pace pace;
        flash_pace_init(&pace, rows[i].rate);
        assert_int_equal(flash_pace_portion(&pace), rows[i].portion);
    }
}

static void a_second_has_the_rates_orders(void **state)
{
    struct flash_pace pace;
    uint64_t now_us = 5000000;
    int64_t orders = 0;
    (void)state;
    flash_pace_init(&pace, 20000);
    while (now_us < 6000000) {
        now_us = flash_pace_charge(&pace, now_us, 256);
        orders += 256;
    }
    assert_in_range(orders, 20000, 20000 + 256);
}

static void calls_are_evenly_apart(void **state)
{
    struct flash_pace pace;
    (void)state;
    flash_pace_init(&pace, 20000);
    uint64_t first_us = flash_pace_charge(&pace, 1000000, 256);
    assert_int_equal(first_us, 1012800);
    assert_int_equal(flash_pace_charge(&pace, first_us + 300, 256), first_us + 300 + 12800);
}

static void time_is_not_saved_up(void **state)
{
    struct flash_pace pace;
    (void)state;
    flash_pace_init(&pace, 1000);
    flash_pace_charge(&pace, 0, 1000);
    assert_int_equal(flash_pace_charge(&pace, 60000000, 100), 60100000);
}

static void small_debts_add_up(void **state)
{
    struct flash_pace pace;
    uint64_t next_us = 0;
    (void)state;
    flash_pace_init(&pace, 20000);
    for (int i = 0; i < 200; i++) {
        next_us = flash_pace_charge(&pace, 7, 1); /* all began at once, none has waited */
    }
    assert_int_equal(next_us, 7 + 200 * 50);
}

static void a_rate_below_one_is_one(void **state)
{
    struct flash_pace pace;
    (void)state;
    flash_pace_init(&pace, 0);
    assert_int_equal(flash_pace_charge(&pace, 0, 1), 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(portions_are_a_64th_of_a_second),
        cmocka_unit_test(a_second_has_the_rates_orders),
        cmocka_unit_test(calls_are_evenly_apart),
        cmocka_unit_test(time_is_not_saved_up),
        cmocka_unit_test(small_debts_add_up),
        cmocka_unit_test(a_rate_below_one_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
