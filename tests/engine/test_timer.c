/* The kernel's timer on a loop: not before its time, once, and not later for being set again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>

#include "../../engine/timer.h"
#include "flash/time.h"

#define SOON_US 2000
#define LATER_US 60000000

static struct event_base *base;
static struct flash_timer timer;
static int calls;

static void count(void *arg)
{
    calls += *(int *)arg;
}

static int open_timer(void **state)
{
    static int one = 1;
    (void)state;
    calls = 0;
    base = event_base_new();
    timer = (struct flash_timer){.done = count, .arg = &one};
    return !base || !flash_timer_init(&timer, base);
}

static int close_timer(void **state)
{
    (void)state;
    flash_timer_finish(&timer);
    event_base_free(base);
    return 0;
}

static void goes_off_once_at_its_time(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++) {
        uint64_t at_us = flash_time_monotonic_us() + SOON_US;
        flash_timer_at(&timer, at_us);
        event_base_loop(base, EVLOOP_ONCE);
        assert_true(flash_time_monotonic_us() >= at_us);
        assert_int_equal(calls, i);
        assert_int_equal(timer.at_us, 0);
        event_base_loop(base, EVLOOP_NONBLOCK);
        assert_int_equal(calls, i);
    }
}

static void the_soonest_time_holds(void **state)
{
    (void)state;
    uint64_t now_us = flash_time_monotonic_us();
    flash_timer_at(&timer, now_us + LATER_US);
    flash_timer_at(&timer, now_us + SOON_US);
    flash_timer_at(&timer, now_us + LATER_US);
    assert_int_equal(timer.at_us, now_us + SOON_US);
    event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(calls, 1);
}

static void a_time_that_is_past_is_now(void **state)
{
    (void)state;
    flash_timer_at(&timer, flash_time_monotonic_us() - 1);
    event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(calls, 1);
}

static void one_that_was_never_opened_ends(void **state)
{
    (void)state;
    struct flash_timer none = {0};
    flash_timer_finish(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(goes_off_once_at_its_time, open_timer, close_timer),
        cmocka_unit_test_setup_teardown(the_soonest_time_holds, open_timer, close_timer),
        cmocka_unit_test_setup_teardown(a_time_that_is_past_is_now, open_timer, close_timer),
        cmocka_unit_test(one_that_was_never_opened_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
