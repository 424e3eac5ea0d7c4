/* A lane: order kept, a second call only where it is as large as the one that is out, never more
 * than asked for, and the gather window's rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../engine/lane.h"

#define WINDOW_US 1000

static struct flash_lane_item items[64];

static void push(struct flash_lane *lane, int count, uint64_t now_us)
{
    for (int i = 0; i < count; i++) {
        flash_lane_push(lane, &items[i], now_us);
    }
}

/* Arrivals of per_ms a millisecond, for a while; returns when the last one came. */
static uint64_t flood(struct flash_lane *lane, int per_ms, uint64_t now_us)
{
    int taken;
    for (int i = 0; i < 40 * per_ms; i++) {
        now_us += (uint64_t)(1000 / per_ms);
        flash_lane_push(lane, &items[0], now_us);
        flash_lane_take(lane, 1, now_us, &taken);
        flash_lane_done(lane);
    }
    return now_us;
}

static void items_leave_in_the_order_they_came(void **state)
{
    (void)state;
    struct flash_lane lane = {0};
    int count;
    push(&lane, 5, 10);
    struct flash_lane_item *list = flash_lane_take(&lane, 3, 20, &count);
    assert_int_equal(count, 3);
    assert_int_equal(lane.count, 2);
    for (int i = 0; i < 3; i++, list = list->next) {
        assert_ptr_equal(list, &items[i]);
    }
    assert_null(list);
    flash_lane_done(&lane);
    flash_lane_push(&lane, &items[5], 30);
    list = flash_lane_take(&lane, 100, 40, &count);
    assert_int_equal(count, 3);
    for (int i = 3; i < 6; i++, list = list->next) {
        assert_ptr_equal(list, &items[i]);
    }
    assert_null(list);
    assert_int_equal(lane.count, 0);
}

static void a_small_call_waits_for_the_one_that_is_out(void **state)
{
    (void)state;
    struct flash_lane lane = {0};
    uint64_t wait_us = 99;
    int count;
    assert_false(flash_lane_due(&lane, 1, 0, &wait_us));
    assert_int_equal(wait_us, 0);
    push(&lane, 2, 10);
    assert_true(flash_lane_due(&lane, 10, 0, &wait_us));
    flash_lane_take(&lane, 1, 10, &count);
    assert_int_equal(lane.in_flight, 1);
    assert_false(flash_lane_due(&lane, 1000000, WINDOW_US, &wait_us));
    assert_int_equal(wait_us, 0);
    flash_lane_done(&lane);
    assert_true(flash_lane_due(&lane, 1000000, WINDOW_US, &wait_us));
}

static void a_second_call_leaves_when_it_is_as_large(void **state)
{
    (void)state;
    struct flash_lane lane = {0};
    uint64_t wait_us;
    int count;
    push(&lane, 20, 10);
    flash_lane_take(&lane, 256, 10, &count);
    push(&lane, 19, 20);
    assert_false(flash_lane_due(&lane, 20, WINDOW_US, &wait_us));
    assert_int_equal(wait_us, 0); /* no time brings it nearer */
    flash_lane_push(&lane, &items[19], 30);
    assert_true(flash_lane_due(&lane, 30, WINDOW_US, &wait_us));
    flash_lane_take(&lane, 256, 30, &count);
    assert_int_equal(lane.in_flight, FLASH_LANE_CALLS);

    push(&lane, 64, 40); /* a third does not, however large */
    assert_false(flash_lane_due(&lane, 1000000, WINDOW_US, &wait_us));
    flash_lane_done(&lane);
    assert_true(flash_lane_due(&lane, 1000000, WINDOW_US, &wait_us));
}

static void a_second_call_is_never_small(void **state)
{
    (void)state;
    struct flash_lane lane = {0};
    uint64_t wait_us;
    int count;
    push(&lane, 1, 10);
    flash_lane_take(&lane, 256, 10, &count);
    push(&lane, FLASH_LANE_FULL - 1, 20);
    assert_false(flash_lane_due(&lane, 20, 0, &wait_us));
    flash_lane_push(&lane, &items[40], 20);
    assert_true(flash_lane_due(&lane, 20, 0, &wait_us));
}

static void taking_nothing_is_no_call(void **state)
{
    (void)state;
    struct flash_lane lane = {0};
    int count = 9;
    assert_null(flash_lane_take(&lane, 8, 1, &count));
    assert_int_equal(count, 0);
    assert_int_equal(lane.in_flight, 0);
}

static void a_cleared_lane_is_empty_and_its_call_stays_out(void **state)
{
    (void)state;
    struct flash_lane lane = {0};
    uint64_t wait_us;
    int count;
    assert_null(flash_lane_clear(&lane));
    push(&lane, 20, 10);
    flash_lane_take(&lane, 256, 10, &count);
    push(&lane, 3, 20);
    struct flash_lane_item *list = flash_lane_clear(&lane);
    for (int i = 0; i < 3; i++, list = list->next) {
        assert_ptr_equal(list, &items[i]);
    }
    assert_null(list);
    assert_int_equal(lane.in_flight, 1);
    push(&lane, 19, 30);
    assert_false(flash_lane_due(&lane, 30, 0, &wait_us)); /* measured by the call that is out */
    flash_lane_push(&lane, &items[19], 30);
    assert_true(flash_lane_due(&lane, 30, 0, &wait_us));
}

static void an_idle_lane_gathers_nothing(void **state)
{
    (void)state;
    struct flash_lane lane = {0};
    uint64_t wait_us;
    push(&lane, 1, 5000000);
    assert_true(flash_lane_due(&lane, 5000000, WINDOW_US, &wait_us));
    struct flash_lane slow = {0};
    uint64_t now_us = flood(&slow, 2, 5000000); /* two in the window: fewer than are worth it */
    push(&slow, 1, now_us);
    assert_true(flash_lane_due(&slow, now_us, WINDOW_US, &wait_us));
}

static void a_flooded_lane_gathers_for_the_window(void **state)
{
    (void)state;
    struct flash_lane lane = {0};
    uint64_t wait_us, now_us = flood(&lane, 10, 5000000);
    push(&lane, 1, now_us);
    assert_false(flash_lane_due(&lane, now_us, WINDOW_US, &wait_us));
    assert_int_equal(wait_us, WINDOW_US);
    assert_false(flash_lane_due(&lane, now_us + 400, WINDOW_US, &wait_us));
    assert_int_equal(wait_us, WINDOW_US - 400);
    assert_true(flash_lane_due(&lane, now_us + WINDOW_US, WINDOW_US, &wait_us));
    assert_true(flash_lane_due(&lane, now_us, 0, &wait_us)); /* no window: no gathering */
}

static void a_large_batch_does_not_wait(void **state)
{
    (void)state;
    struct flash_lane lane = {0};
    uint64_t wait_us, now_us = flood(&lane, 10, 5000000);
    push(&lane, FLASH_LANE_FULL - 1, now_us);
    assert_false(flash_lane_due(&lane, now_us, WINDOW_US, &wait_us));
    flash_lane_push(&lane, &items[40], now_us);
    assert_true(flash_lane_due(&lane, now_us, WINDOW_US, &wait_us));
}

static void a_flood_is_forgotten_after_a_pause(void **state)
{
    (void)state;
    struct flash_lane lane = {0};
    uint64_t wait_us, now_us = flood(&lane, 10, 5000000) + 60000000;
    push(&lane, 1, now_us);
    assert_true(flash_lane_due(&lane, now_us, WINDOW_US, &wait_us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_leave_in_the_order_they_came),
        cmocka_unit_test(a_small_call_waits_for_the_one_that_is_out),
        cmocka_unit_test(a_second_call_leaves_when_it_is_as_large),
        cmocka_unit_test(a_second_call_is_never_small),
        cmocka_unit_test(taking_nothing_is_no_call),
        cmocka_unit_test(a_cleared_lane_is_empty_and_its_call_stays_out),
        cmocka_unit_test(an_idle_lane_gathers_nothing),
        cmocka_unit_test(a_flooded_lane_gathers_for_the_window),
        cmocka_unit_test(a_large_batch_does_not_wait),
        cmocka_unit_test(a_flood_is_forgotten_after_a_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
