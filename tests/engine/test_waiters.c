/* Requests held by Prefer: wait: each leaves by exactly one way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flash/time.h"
#include "rig.h"

#include "../../engine/waiters.h"

#define SKU 42
#define QUEUED "Q1:2:1763718000000001:1763719800:u-1"
#define CREATED "C1:2:1763718000000001:1763719800:u-1"
#define LONG_US 30000000

static struct flash_request *hold(struct rig *rig, const char *ref, int64_t wait_us)
{
    struct flash_request *request = rig_read(
        rig, &(struct rig_read){
                 .sku = SKU, .ref = ref, .user = "u-1", .etag = "\"1\"", .wait_us = wait_us});
    rig_turn(rig);
    rig_status(rig, (const char *const[]){QUEUED, NULL});
    return request;
}

/* Holds a request for 1 us, and that is over. */
static struct flash_request *hold_briefly(struct rig *rig)
{
    struct flash_request *request = hold(rig, "a", 1);
    while (flash_time_monotonic_us() <= rig->worker.now_us) {
    }
    return request;
}

static void only_who_has_the_state_is_held(void **state)
{
    struct rig *rig = *state;
    struct rig_read read = {.sku = SKU, .ref = "a", .user = "u-1", .wait_us = LONG_US};
    struct flash_request *none = rig_read(rig, &read);
    read.etag = "\"2\"";
    struct flash_request *other = rig_read(rig, &read);
    read.etag = "\"1\"";
    read.wait_us = 0;
    struct flash_request *hurried = rig_read(rig, &read);
    rig_turn(rig);
    rig_status(rig, (const char *const[]){QUEUED, QUEUED, QUEUED, NULL});
    assert_int_equal(rig_answered(none), 200);
    assert_int_equal(rig_answered(other), 200);
    assert_int_equal(rig_answered(hurried), 304);
    assert_int_equal(flash_pool_used(&rig->worker.waiters), 0);
}

static void a_held_request_is_answered_by_a_change(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = hold(rig, "a", LONG_US);
    assert_int_equal(rig_answered(request), 0);
    assert_true(fake_request_watched(request));
    rig_tick(rig, SKU);
    assert_true(fake_redis_argument_is(rig->redis, 0, 1, "a"));
    rig_status(rig, (const char *const[]){QUEUED, NULL});
    assert_int_equal(rig_answered(request), 0);
    rig_tick(rig, SKU);
    rig_status(rig, (const char *const[]){CREATED, NULL});
    assert_int_equal(rig_answered(request), 200);
    assert_non_null(strstr(fake_request_answer(request)->headers, "ETag: \"2\""));
    assert_int_equal(flash_pool_used(&rig->worker.waiters), 0);
    int calls = fake_redis_calls(rig->redis);
    rig_tick(rig, SKU);
    assert_int_equal(fake_redis_calls(rig->redis), calls);
}

static void at_its_deadline_it_is_told_that_nothing_changed(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = hold_briefly(rig);
    rig_tick(rig, SKU);
    rig_status(rig, (const char *const[]){QUEUED, NULL});
    assert_int_equal(rig_answered(request), 304);
}

static void a_client_that_left_waits_no_more(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = hold(rig, "a", LONG_US);
    fake_request_leave(request);
    assert_int_not_equal(rig_answered(request), 0);
    assert_int_equal(flash_pool_used(&rig->worker.waiters), 0);
    rig_tick(rig, SKU);
    assert_null(fake_redis_open(rig->redis, 0));
}

static void a_client_may_leave_while_its_order_is_read(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = hold(rig, "a", LONG_US);
    rig_tick(rig, SKU);
    fake_request_leave(request);
    struct flash_request *next = hold(rig, "b", LONG_US); /* takes the waiter's place in the pool */
    assert_int_equal(rig_answered(next), 0);
    rig_turn(rig);
    rig_status(rig, (const char *const[]){QUEUED, NULL});
    assert_int_equal(rig_answered(next), 0);
    rig_tick(rig, SKU);
    rig_status(rig, (const char *const[]){CREATED, NULL});
    assert_int_equal(rig_answered(next), 200);
}

static void a_stopping_worker_releases_all(void **state)
{
    struct rig *rig = *state;
    struct flash_request *a = hold(rig, "a", LONG_US), *b = hold(rig, "b", LONG_US);
    rig_tick(rig, SKU); /* one with a read under way is released no later */
    flash_waiters_release(flash_sku_find(rig->worker.skus, SKU, 0));
    assert_int_equal(rig_answered(a), 304);
    assert_int_equal(rig_answered(b), 304);
    rig_status(rig, (const char *const[]){CREATED, CREATED, NULL});
    assert_int_equal(flash_pool_used(&rig->worker.waiters), 0);
    assert_int_equal(flash_pool_used(&rig->worker.reads), 0);
}

static void a_failed_read_leaves_it_waiting(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = hold(rig, "a", LONG_US);
    rig_tick(rig, SKU);
    fake_redis_unknown(rig->redis);
    assert_int_equal(rig_answered(request), 0);
    fake_redis_set_ready(rig->redis, false);
    rig_tick(rig, SKU);
    assert_int_equal(rig_answered(request), 0);
    fake_redis_set_ready(rig->redis, true);
    rig_tick(rig, SKU);
    rig_status(rig, (const char *const[]){CREATED, NULL});
    assert_int_equal(rig_answered(request), 200);
}

/* Redis may be away for longer than a client should wait. */
static void a_failed_read_ends_it_at_its_deadline(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = hold_briefly(rig);
    fake_redis_set_ready(rig->redis, false);
    rig_tick(rig, SKU);
    assert_true(rig_refused(request, 503, "unavailable"));
}

/* It was there: that it is gone is Redis' loss, not the order's end. */
static void an_order_that_is_gone_is_unavailable(void **state)
{
    struct rig *rig = *state;
    struct flash_request *forgotten = hold(rig, "a", LONG_US);
    rig_tick(rig, SKU);
    rig_status(rig, (const char *const[]){"", NULL});
    assert_true(rig_refused(forgotten, 503, "unavailable"));
    struct flash_request *emptied = hold(rig, "b", LONG_US);
    rig_tick(rig, SKU);
    rig_absent(rig);
    assert_true(rig_refused(emptied, 503, "unavailable"));
}

static void past_the_pool_nobody_is_held(void **state)
{
    struct rig *rig = *state;
    while (flash_pool_take(&rig->worker.waiters)) {
    }
    struct flash_request *request = hold(rig, "a", LONG_US);
    assert_int_equal(rig_answered(request), 304);
}

/* However many wait, a tick is one call; the next tick takes those it left. */
static void a_tick_reads_a_batch_and_the_next_the_rest(void **state)
{
    struct rig *rig = *state;
    for (int i = 0; i < FLASH_BATCH_LINES + 10; i++) {
        char ref[16];
        snprintf(ref, sizeof(ref), "r%d", i);
        hold(rig, ref, LONG_US);
    }
    assert_int_equal(rig_tick(rig, SKU), FLASH_BATCH_LINES);
    assert_int_equal(fake_redis_open(rig->redis, 0)->argc, 1 + FLASH_BATCH_LINES);
    assert_true(fake_redis_argument_is(rig->redis, 0, 1, "r0"));
    assert_int_equal(rig_tick(rig, SKU), 10);
    assert_int_equal(rig_tick(rig, SKU), 0); /* each is read once at a time */
    fake_redis_unknown(rig->redis);
    rig_turn(rig);
    assert_int_equal(fake_redis_open(rig->redis, 0)->argc, 1 + 10);
    assert_true(fake_redis_argument_is(rig->redis, 0, 1, "r256"));
    fake_redis_unknown(rig->redis);
    rig_turn(rig);
    assert_null(fake_redis_open(rig->redis, 0));
    flash_waiters_release(flash_sku_find(rig->worker.skus, SKU, 0));
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(only_who_has_the_state_is_held),
        RIGGED(a_held_request_is_answered_by_a_change),
        RIGGED(at_its_deadline_it_is_told_that_nothing_changed),
        RIGGED(a_client_that_left_waits_no_more),
        RIGGED(a_client_may_leave_while_its_order_is_read),
        RIGGED(a_stopping_worker_releases_all),
        RIGGED(a_failed_read_leaves_it_waiting),
        RIGGED(a_failed_read_ends_it_at_its_deadline),
        RIGGED(an_order_that_is_gone_is_unavailable),
        RIGGED(past_the_pool_nobody_is_held),
        RIGGED(a_tick_reads_a_batch_and_the_next_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
