/* Transitions that Redis did not decide: what is told when the call was lost, refused, of another
 * generation, for no SKU, or never sent; and that nobody waits for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../engine/change.h"
#include "rig.h"

#define SKU 42

static struct flash_request *submit(struct rig *rig, enum flash_change_kind kind)
{
    struct flash_request *request =
        rig_request(rig, &(struct fake_request_head){.method = FLASH_METHOD_POST});
    flash_change_submit(
        &rig->worker, request,
        &(struct flash_change_query){
            .kind = kind, .sku = SKU, .ref = {"a", 1}, .user = {"", 0}, .payment = {"p", 1}});
    return request;
}

/* One of each kind. */
static void submit_all(struct rig *rig, struct flash_request *requests[FLASH_CHANGE_COUNT])
{
    for (int kind = 0; kind < FLASH_CHANGE_COUNT; kind++) {
        requests[kind] = submit(rig, (enum flash_change_kind)kind);
    }
}

static void expect_all(struct flash_request *requests[FLASH_CHANGE_COUNT], int status,
                       const char *slug)
{
    for (int kind = 0; kind < FLASH_CHANGE_COUNT; kind++) {
        if (!rig_refused(requests[kind], status, slug)) {
            fail_msg("kind %d: %d", kind, rig_answered(requests[kind]));
        }
    }
}

static void a_lost_call_is_unknown(void **state)
{
    struct rig *rig = *state;
    struct flash_request *requests[FLASH_CHANGE_COUNT];
    rig_know(rig, SKU);
    submit_all(rig, requests);
    rig_turn(rig);
    for (int i = 0; i < FLASH_CHANGE_COUNT; i++) {
        fake_redis_unknown(rig->redis);
    }
    expect_all(requests, 503, "outcome-unknown");
    assert_int_equal(fake_request_answer(requests[0])->retry_after_s, 1);
    assert_int_equal(rig_metric(METRIC_CHANGES_UNKNOWN), 3);
    assert_int_equal(fake_kafka_count(rig->producer), 0);
}

static void a_refusal_of_redis_changed_nothing(void **state)
{
    struct rig *rig = *state;
    struct flash_request *requests[FLASH_CHANGE_COUNT];
    rig_know(rig, SKU);
    submit_all(rig, requests);
    rig_turn(rig);
    for (int i = 0; i < FLASH_CHANGE_COUNT; i++) {
        fake_redis_error(rig->redis, "OOM command not allowed");
    }
    expect_all(requests, 503, "unavailable");
    assert_int_equal(rig_metric(METRIC_REDIS_ERRORS), 3);
    assert_int_equal(rig_metric(METRIC_CHANGES_UNKNOWN), 0);
}

static void a_short_answer_is_unknown(void **state)
{
    struct rig *rig = *state;
    struct flash_request *requests[FLASH_CHANGE_COUNT];
    rig_know(rig, SKU);
    submit_all(rig, requests);
    rig_turn(rig);
    for (int i = 0; i < FLASH_CHANGE_COUNT; i++) {
        fake_redis_reply(rig->redis, json_pack("[s]", "OK"));
    }
    expect_all(requests, 503, "outcome-unknown");
}

static void another_generation_is_asked_anew(void **state)
{
    struct rig *rig = *state;
    struct flash_sku *sku = rig_know(rig, SKU);
    struct flash_request *first = submit(rig, FLASH_CHANGE_PAY);
    rig_turn(rig);
    struct flash_request *waiting = submit(rig, FLASH_CHANGE_PAY);
    fake_redis_reply(rig->redis, json_pack("[s,s]", "GENERATION", "8"));
    assert_true(rig_refused(first, 503, "unavailable"));
    assert_int_equal(sku->known, FLASH_SKU_NEW);
    assert_int_equal(rig_metric(METRIC_GENERATION_REFUSALS), 1);
    rig_turn(rig);
    assert_int_equal(rig_script(rig, 0), FLASH_SCRIPT_STATUS);
    rig_gate(rig, "open", 8, flash_redis_run_id(rig->redis));
    fake_redis_reply(rig->redis,
                     json_pack("[s,I,i,s,i,[i,i,i,i,i,i,i,s,i,s]]", "OK", (json_int_t)RIG_AT, 0, "",
                               8, 1, 1, 0, 9, 0, 9, 1, "", 0, rig->gate));
    rig_turn(rig);
    assert_true(fake_redis_argument_is(rig->redis, 0, 0, "8"));
    fake_redis_reply(rig->redis, json_pack("[s,s,I,i,s,s]", "OK", "{}", (json_int_t)RIG_AT, 1,
                                           "PAID", "P2:2:1763718000123456:1763719800:u\"p"));
    assert_int_equal(rig_answered(waiting), 200);
}

static void a_sku_that_is_not_there_has_no_order(void **state)
{
    struct rig *rig = *state;
    struct flash_request *requests[FLASH_CHANGE_COUNT];
    submit_all(rig, requests);
    rig_turn(rig);
    assert_int_equal(fake_redis_calls(rig->redis), 1);
    rig_absent(rig);
    rig_turn(rig);
    expect_all(requests, 404, "not-found");
    submit_all(rig, requests); /* believed for a while */
    rig_turn(rig);
    expect_all(requests, 404, "not-found");
    assert_int_equal(fake_redis_calls(rig->redis), 1);
}

static void a_sku_that_redis_has_lost_is_being_recovered(void **state)
{
    struct rig *rig = *state;
    struct flash_request *requests[FLASH_CHANGE_COUNT];
    rig_know(rig, SKU)->known = FLASH_SKU_NEW;
    submit_all(rig, requests);
    rig_turn(rig);
    rig_absent(rig);
    rig_turn(rig);
    expect_all(requests, 503, "unavailable");
}

static void while_redis_is_away_nothing_is_taken(void **state)
{
    struct rig *rig = *state;
    struct flash_request *requests[FLASH_CHANGE_COUNT];
    rig_know(rig, SKU);
    fake_redis_set_ready(rig->redis, false);
    submit_all(rig, requests);
    expect_all(requests, 503, "unavailable");
    fake_redis_set_ready(rig->redis, true);
    rig->engine.draining = true;
    submit_all(rig, requests);
    expect_all(requests, 503, "unavailable");
    rig->engine.draining = false;
    submit_all(rig, requests);
    fake_redis_set_ready(rig->redis, false); /* between the request and its turn */
    rig_turn(rig);
    expect_all(requests, 503, "unavailable");
    assert_int_equal(fake_redis_calls(rig->redis), 0);
}

/* The SKU's generation is not known, and cannot be asked for. */
static void a_question_that_fails_lets_nobody_wait(void **state)
{
    struct rig *rig = *state;
    struct flash_request *requests[FLASH_CHANGE_COUNT];
    submit_all(rig, requests);
    rig_turn(rig);
    fake_redis_unknown(rig->redis);
    expect_all(requests, 503, "unavailable");
    submit_all(rig, requests);
    rig_turn(rig);
    fake_redis_error(rig->redis, "LOADING");
    expect_all(requests, 503, "unavailable");
    submit_all(rig, requests);
    fake_redis_set_ready(rig->redis, false);
    rig_turn(rig);
    rig_turn(rig);
    expect_all(requests, 503, "unavailable");
}

static void no_room_for_the_question_lets_nobody_wait(void **state)
{
    struct rig *rig = *state;
    struct flash_request *requests[FLASH_CHANGE_COUNT];
    struct flash_pool *reads = &rig->worker.reads;
    void *taken, *last = NULL;
    while ((taken = flash_pool_take(reads))) { /* linked through their own memory */
        *(void **)taken = last;
        last = taken;
    }
    submit_all(rig, requests);
    rig_turn(rig);
    expect_all(requests, 503, "unavailable");
    while (last) {
        taken = *(void **)last;
        flash_pool_give(reads, last);
        last = taken;
    }
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(a_lost_call_is_unknown),
        RIGGED(a_refusal_of_redis_changed_nothing),
        RIGGED(a_short_answer_is_unknown),
        RIGGED(another_generation_is_asked_anew),
        RIGGED(a_sku_that_is_not_there_has_no_order),
        RIGGED(a_sku_that_redis_has_lost_is_being_recovered),
        RIGGED(while_redis_is_away_nothing_is_taken),
        RIGGED(a_question_that_fails_lets_nobody_wait),
        RIGGED(no_room_for_the_question_lets_nobody_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
