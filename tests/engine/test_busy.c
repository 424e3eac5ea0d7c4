/* More SKUs want a call than Redis has room for: nobody is refused, what sells goes first, and what
 * was put off goes in its turn. And a Redis that goes away answers all who wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../engine/change.h"
#include "rig.h"

#define MINE "A1:1:1763718000000001:0:u-1"

static struct flash_request *read_of(struct rig *rig, int64_t sku)
{
    return rig_read(rig, &(struct rig_read){.sku = sku, .ref = "a", .user = "u-1"});
}

static int64_t sku_of(struct rig *rig, int i)
{
    return fake_redis_open(rig->redis, i)->sku;
}

static void orders_wait_for_room(void **state)
{
    struct rig *rig = *state;
    struct flash_request *requests[4];
    fake_redis_set_max_in_flight(rig->redis, 2);
    for (int64_t sku = 0; sku < 4; sku++) {
        rig_know(rig, 1 + sku);
        requests[sku] = rig_order(rig, 1 + sku, "a");
    }
    rig_turn(rig);
    assert_int_equal(flash_redis_in_flight(rig->redis), 2);
    for (int i = 0; i < 4; i++) {
        rig_decide_all(rig, "ACCEPTED");
        rig_turn(rig);
        assert_int_equal(rig_answered(requests[i]), 202);
    }
    assert_int_equal(rig_metric(METRIC_ORDERS_NOT_ADMITTED), 0);
}

static void changes_wait_for_room(void **state)
{
    struct rig *rig = *state;
    fake_redis_set_max_in_flight(rig->redis, 1);
    rig_know(rig, 1);
    rig_know(rig, 2);
    rig_order(rig, 1, "a");
    struct flash_request *cancel =
        rig_request(rig, &(struct fake_request_head){.method = FLASH_METHOD_POST});
    flash_change_submit(
        &rig->worker, cancel,
        &(struct flash_change_query){.sku = 2, .kind = FLASH_CHANGE_CANCEL, .ref = {"a", 1}});
    rig_turn(rig);
    assert_int_equal(rig_script(rig, 0), FLASH_SCRIPT_RESERVE);
    assert_int_equal(rig_script(rig, 1), -1);
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(cancel), 0);
    rig_turn(rig);
    assert_int_equal(rig_script(rig, 0), FLASH_SCRIPT_RELEASE);
    fake_redis_unknown(rig->redis);
}

static void reads_leave_half_of_it_to_orders(void **state)
{
    struct rig *rig = *state;
    struct flash_request *reads[6];
    fake_redis_set_max_in_flight(rig->redis, 4);
    for (int64_t sku = 0; sku < 6; sku++) {
        rig_know(rig, 1 + sku);
        reads[sku] = read_of(rig, 1 + sku);
    }
    rig_turn(rig);
    assert_int_equal(flash_redis_in_flight(rig->redis), 2);
    rig_know(rig, 7);
    struct flash_request *order = rig_order(rig, 7, "a");
    rig_turn(rig);
    assert_int_equal(rig_script(rig, 2), FLASH_SCRIPT_RESERVE);
    rig_status(rig, (const char *const[]){MINE, NULL});
    rig_status(rig, (const char *const[]){MINE, NULL});
    rig_decide_all(rig, "ACCEPTED");
    rig_turn(rig);
    assert_int_equal(rig_answered(order), 202);
    assert_true(sku_of(rig, 0) == 3 && sku_of(rig, 1) == 4); /* in the order they came in */
    assert_int_equal(flash_redis_in_flight(rig->redis), 2);
    for (int i = 0; i < 4; i++) {
        rig_status(rig, (const char *const[]){MINE, NULL});
        rig_turn(rig);
    }
    for (int i = 0; i < 6; i++) {
        assert_int_equal(rig_answered(reads[i]), 200);
    }
}

static void a_redis_that_goes_away_answers_all_reads_that_wait(void **state)
{
    struct rig *rig = *state;
    struct flash_request *reads[3 * FLASH_BATCH_LINES];
    rig_know(rig, 1);
    for (int i = 0; i < 3 * FLASH_BATCH_LINES; i++) {
        reads[i] = read_of(rig, 1);
    }
    rig_turn(rig);
    fake_redis_set_ready(rig->redis, false);
    fake_redis_unknown(rig->redis);
    rig_turn(rig);
    for (int i = 0; i < 3 * FLASH_BATCH_LINES; i++) {
        assert_true(rig_refused(reads[i], 503, "unavailable"));
    }
    assert_int_equal(flash_pool_used(&rig->worker.reads), 0);
}

static void and_all_orders(void **state)
{
    struct rig *rig = *state;
    struct flash_request *orders[RIG_LINES];
    rig_know(rig, 1);
    for (int i = 0; i < RIG_LINES; i++) { /* more than a call */
        char ref[16];
        snprintf(ref, sizeof(ref), "r%d", i);
        orders[i] = rig_order(rig, 1, ref);
    }
    fake_redis_set_ready(rig->redis, false);
    rig_turn(rig);
    for (int i = 0; i < RIG_LINES; i++) {
        assert_true(rig_refused(orders[i], 503, "not-admitting"));
    }
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(orders_wait_for_room),
        RIGGED(changes_wait_for_room),
        RIGGED(reads_leave_half_of_it_to_orders),
        RIGGED(a_redis_that_goes_away_answers_all_reads_that_wait),
        RIGGED(and_all_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
