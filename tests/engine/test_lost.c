/* Orders that Redis did not decide: what the buyer is told when the call was lost, refused, of
 * another generation, for no SKU, or never sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

#include "../../engine/admission.h"

#define SKU 42

static void only_the_lines_of_a_lost_call_are_unknown(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *lost[2] = {rig_order(rig, SKU, "a"), rig_order(rig, SKU, "b")};
    rig_turn(rig);
    struct flash_request *later = rig_order(rig, SKU, "c");
    rig_know(rig, SKU + 1);
    struct flash_request *other = rig_order(rig, SKU + 1, "d");
    rig_turn(rig);
    fake_redis_unknown(rig->redis);
    for (int i = 0; i < 2; i++) {
        assert_true(rig_refused(lost[i], 503, "outcome-unknown"));
        assert_int_equal(fake_request_answer(lost[i])->retry_after_s, 1);
    }
    assert_int_equal(rig_answered(later), 0);
    assert_int_equal(rig_answered(other), 0);
    assert_int_equal(rig_metric(METRIC_ORDERS_UNKNOWN), 2);
    assert_int_equal(rig_metric(METRIC_ORDERS_NOT_ADMITTED), 0);
    rig_decide_all(rig, "ACCEPTED");
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(later), 202);
    assert_int_equal(rig_answered(other), 202);
    assert_int_equal(fake_kafka_count(rig->producer), 2);
}

static void a_call_refused_by_redis_made_no_order(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *request = rig_order(rig, SKU, "a");
    rig_turn(rig);
    fake_redis_error(rig->redis, "OOM command not allowed");
    assert_true(rig_refused(request, 503, "not-admitting"));
    assert_int_equal(rig_metric(METRIC_REDIS_ERRORS), 1);
    assert_int_equal(rig_metric(METRIC_ORDERS_NOT_ADMITTED), 1);
    assert_int_equal(fake_kafka_count(rig->producer), 0);
}

static void a_call_that_could_not_be_sent_made_no_order(void **state)
{
    struct rig *rig = *state;
    struct flash_sku *sku = rig_know(rig, SKU);
    struct flash_request *request = rig_order(rig, SKU, "a");
    fake_redis_set_ready(rig->redis, false);
    rig_turn(rig);
    assert_true(rig_refused(request, 503, "not-admitting"));
    assert_false(sku->orders.in_flight);
    fake_redis_set_ready(rig->redis, true);
    request = rig_order(rig, SKU, "a");
    rig_turn(rig);
    rig_status(rig, (const char *const[]){NULL}); /* it was away: the gate is read anew */
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(request), 202);
}

/* An answer shorter than the call decides nothing about the lines it lacks; one word is all lines'.
 */
static void lines_without_a_word_are_unknown(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *first = rig_order(rig, SKU, "a");
    struct flash_request *second = rig_order(rig, SKU, "b");
    struct flash_request *third = rig_order(rig, SKU, "c");
    rig_turn(rig);
    rig_decide(rig, (const char *const[]){"ACCEPTED", "SOLD_OUT", NULL});
    assert_int_equal(rig_answered(first), 202);
    assert_true(rig_refused(second, 409, "sold-out"));
    assert_true(rig_refused(third, 503, "outcome-unknown"));
    first = rig_order(rig, SKU, "a");
    rig_turn(rig);
    fake_redis_reply(rig->redis, json_pack("[s]", "OK"));
    rig_turn(rig);
    assert_true(rig_refused(first, 503, "outcome-unknown"));
}

static void another_generation_is_asked_anew(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *request = rig_order(rig, SKU, "a");
    rig_turn(rig);
    struct flash_request *waiting = rig_order(rig, SKU, "b");
    fake_redis_reply(rig->redis, json_pack("[s,s]", "GENERATION", "8"));
    assert_true(rig_refused(request, 503, "not-admitting"));
    assert_int_equal(rig_metric(METRIC_GENERATION_REFUSALS), 1);
    rig_turn(rig);
    assert_int_equal(rig_script(rig, 0), FLASH_SCRIPT_STATUS);
    rig_gate(rig, "open", 8, flash_redis_run_id(rig->redis));
    fake_redis_reply(rig->redis,
                     json_pack("[s,I,i,s,i,[i,i,i,i,i,i,i,s,i,s]]", "OK", (json_int_t)RIG_AT, 0, "",
                               8, 1, 1, 0, 9, 0, 9, 1, "", 0, rig->gate));
    rig_turn(rig);
    assert_true(fake_redis_argument_is(rig->redis, 0, 0, "8"));
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(waiting), 202);
}

static void a_new_sku_is_asked_for_once_and_orders_wait(void **state)
{
    struct rig *rig = *state;
    struct flash_request *first = rig_order(rig, SKU, "a");
    rig_turn(rig);
    struct flash_request *second = rig_order(rig, SKU, "b");
    rig_turn(rig);
    assert_int_equal(fake_redis_calls(rig->redis), 1);
    rig_status(rig, (const char *const[]){NULL});
    rig_turn(rig);
    assert_int_equal(rig_lines(rig, 0), 2);
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(first), 202);
    assert_int_equal(rig_answered(second), 202);
}

static void an_absent_sku_is_unknown_and_believed_for_a_while(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = rig_order(rig, SKU, "a");
    rig_turn(rig);
    rig_absent(rig);
    assert_true(rig_refused(request, 404, "unknown-sku"));
    request = rig_order(rig, SKU, "b");
    flash_reserve_turn(&rig->worker, flash_sku_find(rig->worker.skus, SKU, 0));
    assert_true(rig_refused(request, 404, "unknown-sku"));
    assert_int_equal(fake_redis_calls(rig->redis), 1);
    flash_sku_find(rig->worker.skus, SKU, 0)->asked_us -= 100001;
    request = rig_order(rig, SKU, "c");
    rig_turn(rig);
    assert_int_equal(rig_answered(request), 0);
    rig_status(rig, (const char *const[]){NULL});
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(request), 202);
}

/* An emptied Redis: never "no such SKU". */
static void a_sku_that_was_there_is_being_recovered(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU)->known = FLASH_SKU_NEW; /* as after a refusal for its generation */
    struct flash_request *request = rig_order(rig, SKU, "a");
    rig_turn(rig);
    rig_absent(rig);
    assert_true(rig_refused(request, 503, "not-admitting"));
    request = rig_order(rig, SKU, "b");
    flash_reserve_turn(&rig->worker, flash_sku_find(rig->worker.skus, SKU, 0));
    assert_true(rig_refused(request, 503, "not-admitting"));
    assert_int_equal(fake_redis_calls(rig->redis), 1);
}

static void a_status_call_that_fails_admits_nothing(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = rig_order(rig, SKU, "a");
    rig_turn(rig);
    fake_redis_unknown(rig->redis);
    assert_true(rig_refused(request, 503, "not-admitting"));
    request = rig_order(rig, SKU, "b");
    rig_turn(rig);
    fake_redis_error(rig->redis, "LOADING");
    assert_true(rig_refused(request, 503, "not-admitting"));
    request = rig_order(rig, SKU, "c");
    fake_redis_set_ready(rig->redis, false);
    rig_turn(rig);
    assert_true(rig_refused(request, 503, "not-admitting"));
    assert_int_equal(flash_sku_find(rig->worker.skus, SKU, 0)->known, FLASH_SKU_NEW);
}

static void the_pool_is_the_last_limit(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    rig->engine.limits.redis_lines = RIG_LINES + 100;
    for (int i = 0; i < RIG_LINES; i++) {
        char ref[16];
        snprintf(ref, sizeof(ref), "r%d", i);
        assert_int_equal(rig_answered(rig_order(rig, SKU, ref)), 0);
    }
    assert_true(rig_refused(rig_order(rig, SKU, "more"), 503, "not-admitting"));
    rig_turn(rig);
    fake_redis_unknown(rig->redis); /* 256 of them */
    rig_turn(rig);
    fake_redis_unknown(rig->redis);
    assert_int_equal(flash_pool_used(&rig->worker.lines), 0);
}

/* Each reason of admission.h, as the worker finds it. */
static void every_reason_to_stop_is_looked_at(void **state)
{
    struct rig *rig = *state;
    struct flash_sku *sku = rig_know(rig, SKU);
    for (int reason = FLASH_STOP_DRAINING; reason < FLASH_ADMISSION_COUNT; reason++) {
        rig->engine.draining = reason == FLASH_STOP_DRAINING;
        fake_redis_set_ready(rig->redis, reason != FLASH_STOP_REDIS_AWAY);
        rig->engine.limits.redis_lines = reason == FLASH_STOP_REDIS_LINES ? 0 : 100;
        fake_redis_set_memory_percent(rig->redis, reason == FLASH_STOP_MEMORY ? 80 : 79);
        fake_kafka_set_ready(rig->producer, reason != FLASH_STOP_KAFKA_AWAY);
        rig->worker.kafka_queued = reason == FLASH_STOP_KAFKA_QUEUE ? 1000 : 999;
        sku->journal_entries = reason == FLASH_STOP_JOURNAL_DEPTH ? 1000 : 999;
        sku->journal_oldest_us = RIG_AT;
        sku->journal_read_us = RIG_AT + (reason == FLASH_STOP_JOURNAL_AGE ? 30000000 : 29999999);
        sku->known = reason == FLASH_STOP_GATE ? FLASH_SKU_CLOSED : FLASH_SKU_PRESENT;
        struct flash_request *request = rig_order(rig, SKU, "a");
        assert_true(rig_refused(request, 503, "not-admitting"));
        assert_string_equal(fake_request_answer(request)->detail,
                            flash_admission_text((enum flash_admission)reason));
    }
    assert_int_equal(rig_metric(METRIC_ORDERS_NOT_ADMITTED), FLASH_ADMISSION_COUNT - 1);
    assert_int_equal(fake_redis_calls(rig->redis), 0);
    sku->journal_read_us = RIG_AT;
    sku->known = FLASH_SKU_PRESENT;
    struct flash_request *request = rig_order(rig, SKU, "a");
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(request), 202);
    assert_int_equal(sku->journal_entries, 3); /* as the reply says */
}

/* What is open when the worker goes away is answered then. */
static void freeing_redis_answers_what_is_out(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *request = rig_order(rig, SKU, "a");
    rig_turn(rig);
    flash_redis_free(rig->worker.redis);
    rig->worker.redis = NULL;
    assert_true(rig_refused(request, 503, "outcome-unknown"));
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(only_the_lines_of_a_lost_call_are_unknown),
        RIGGED(a_call_refused_by_redis_made_no_order),
        RIGGED(a_call_that_could_not_be_sent_made_no_order),
        RIGGED(lines_without_a_word_are_unknown),
        RIGGED(another_generation_is_asked_anew),
        RIGGED(a_new_sku_is_asked_for_once_and_orders_wait),
        RIGGED(an_absent_sku_is_unknown_and_believed_for_a_while),
        RIGGED(a_sku_that_was_there_is_being_recovered),
        RIGGED(a_status_call_that_fails_admits_nothing),
        RIGGED(the_pool_is_the_last_limit),
        RIGGED(every_reason_to_stop_is_looked_at),
        RIGGED(freeing_redis_answers_what_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
