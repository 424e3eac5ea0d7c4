/* Orders that are answered only when Kafka has acknowledged their entry. */
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

#define SKU 42

static struct flash_request *order(struct rig *rig, const char *ref, bool durable)
{
    struct flash_request *request = rig_request(rig, &(struct fake_request_head){0});
    flash_reserve_submit(&rig->worker, request,
                         &(struct flash_order){.sku = SKU,
                                               .ref = {ref, strlen(ref)},
                                               .user = {"u-1", 3},
                                               .quantity = 1,
                                               .durable = durable});
    return request;
}

static int open_log(void **state)
{
    int rc = rig_open(state);
    struct rig *rig = *state;
    rig->config.engine.accept_after = FLASH_ACCEPT_LOG;
    rig_know(rig, SKU);
    return rc;
}

static int open_journal(void **state)
{
    int rc = rig_open(state);
    rig_know(*state, SKU);
    return rc;
}

static void in_log_mode_an_order_waits_for_kafka(void **state)
{
    struct rig *rig = *state;
    struct flash_request *a = order(rig, "a", false), *b = order(rig, "b", true);
    struct flash_request *sold_out = order(rig, "c", false);
    rig_turn(rig);
    rig_decide(rig, (const char *const[]){"ACCEPTED", "ACCEPTED", "SOLD_OUT", NULL});
    assert_true(rig_refused(sold_out, 409, "sold-out")); /* decided: nothing to wait for */
    rig_kafka(rig);
    assert_int_equal(rig_answered(a), 0);
    assert_int_equal(rig_answered(b), 0);
    assert_int_equal(flash_pool_used(&rig->worker.lines), 2); /* they count for admission */
    fake_kafka_deliver(rig->producer, 0, FLASH_DELIVERY_ACKED);
    assert_int_equal(rig_answered(a), 0);
    rig_kafka(rig);
    assert_int_equal(rig_answered(a), 202);
    assert_int_equal(rig_answered(b), 202);
    assert_non_null(strstr(fake_request_answer(b)->body, "\"order_id\":\"42.b\""));
    assert_non_null(
        strstr(fake_request_answer(b)->body, "\"pay_by\":\"2025-11-21T10:10:00.000Z\""));
    assert_int_equal(rig_metric(METRIC_ORDERS_ACCEPTED), 2);
    assert_int_equal(flash_pool_used(&rig->worker.lines), 0);
}

static void the_lane_goes_on_while_kafka_is_waited_for(void **state)
{
    struct rig *rig = *state;
    struct flash_request *first = order(rig, "a", false);
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    struct flash_request *second = order(rig, "b", false);
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    fake_kafka_deliver(rig->producer, 1, FLASH_DELIVERY_ACKED);
    rig_kafka(rig);
    assert_int_equal(rig_answered(first), 0);
    assert_int_equal(rig_answered(second), 202);
    fake_kafka_deliver(rig->producer, 0, FLASH_DELIVERY_ACKED);
    rig_kafka(rig);
    assert_int_equal(rig_answered(first), 202);
}

/* It is in the journal and may yet become an order: no other word is true. */
static void without_an_acknowledgement_the_outcome_is_unknown(void **state)
{
    struct rig *rig = *state;
    static const enum flash_delivery outcomes[] = {FLASH_DELIVERY_NOT_SENT, FLASH_DELIVERY_UNKNOWN};
    for (int i = 0; i < 2; i++) {
        struct flash_request *request = order(rig, "a", false);
        rig_turn(rig);
        rig_decide_all(rig, "ACCEPTED");
        fake_kafka_deliver(rig->producer, i, outcomes[i]);
        rig_kafka(rig);
        assert_true(rig_refused(request, 503, "outcome-unknown"));
    }
    assert_int_equal(rig_metric(METRIC_ORDERS_UNKNOWN), 2);
    assert_int_equal(rig_metric(METRIC_ENTRIES_FAILED), 2);
    assert_int_equal(rig_metric(METRIC_ORDERS_ACCEPTED), 0);
}

static void what_kafka_does_not_take_is_unknown_at_once(void **state)
{
    struct rig *rig = *state;
    fake_kafka_set_full(rig->producer, true);
    struct flash_request *request = order(rig, "a", false);
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    assert_true(rig_refused(request, 503, "outcome-unknown"));
    assert_int_equal(rig_metric(METRIC_ENTRIES_NOT_SENT), 1);
}

static void a_replay_is_unknown_while_its_entry_is_open(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = order(rig, "a", true);
    rig_turn(rig);
    rig_decide(rig, (const char *const[]){"Q1:1:1763718000000001:1763719800:u-1", NULL});
    assert_true(rig_refused(request, 503, "outcome-unknown"));
    request = order(rig, "a", true);
    rig_turn(rig);
    rig_decide(rig, (const char *const[]){"C1:1:1763718000000001:1763719800:u-1", NULL});
    assert_int_equal(rig_answered(request), 202);
}

static void in_journal_mode_only_durable_orders_wait(void **state)
{
    struct rig *rig = *state;
    struct flash_request *durable[2], *quick[2];
    durable[0] = order(rig, "a", true);
    quick[0] = order(rig, "b", false);
    durable[1] = order(rig, "c", true);
    quick[1] = order(rig, "d", false);
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rig_answered(quick[i]), 202);
        assert_int_equal(rig_answered(durable[i]), 0);
    }
    assert_int_equal(fake_kafka_count(rig->producer), 1);
    fake_kafka_deliver(rig->producer, 0, FLASH_DELIVERY_ACKED);
    rig_kafka(rig);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rig_answered(durable[i]), 202);
    }
}

static void a_full_queue_fails_durable_orders_only(void **state)
{
    struct rig *rig = *state;
    fake_kafka_set_full(rig->producer, true);
    struct flash_request *durable = order(rig, "a", true), *quick = order(rig, "b", false);
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(quick), 202);
    assert_true(rig_refused(durable, 503, "outcome-unknown"));
}

/* The SKU is lost and others come while an order waits for Kafka: its answer stays its own. */
static void the_answer_names_its_order_whatever_happened_since(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = order(rig, "a", false);
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    struct flash_sku *sku = flash_sku_find(rig->worker.skus, SKU, rig->worker.now_us);
    sku->known = FLASH_SKU_ABSENT;
    for (int64_t id = 100; id < 200; id++) {
        flash_sku_find(rig->worker.skus, id, rig->worker.now_us + 60000000);
    }
    fake_kafka_deliver(rig->producer, 0, FLASH_DELIVERY_ACKED);
    rig_kafka(rig);
    assert_non_null(strstr(fake_request_answer(request)->body, "\"order_id\":\"42.a\""));
}

/* The producer goes first, then the worker's mailbox: its last reports are heard. */
static void the_producers_end_answers_what_waits(void **state)
{
    struct rig *rig = *state;
    order(rig, "a", false);
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED"); /* rig_close sees to the rest */
}

/* As when the engine stood still after Redis' answer: to the topic the entry would be new, and by
 * now it may be proven lost and fenced. */
static void an_entry_older_than_20_s_is_not_sent(void **state)
{
    struct rig *rig = *state;
    for (int durable = 0; durable < 2; durable++) {
        rig->worker.now_us = flash_time_monotonic_us() - 20000001;
        struct flash_request *request = order(rig, "a", durable);
        flash_reserve_turn(&rig->worker, flash_sku_find(rig->worker.skus, SKU, 0));
        rig_decide_all(rig, "ACCEPTED");
        assert_true(rig_refused(request, 503, "outcome-unknown"));
    }
    assert_int_equal(fake_kafka_count(rig->producer), 0);
    assert_int_equal(rig_metric(METRIC_ENTRIES_NOT_SENT), 2);
}

#define LOG(test) cmocka_unit_test_setup_teardown(test, open_log, rig_close)
#define JOURNAL(test) cmocka_unit_test_setup_teardown(test, open_journal, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG(in_log_mode_an_order_waits_for_kafka),
        LOG(the_lane_goes_on_while_kafka_is_waited_for),
        LOG(without_an_acknowledgement_the_outcome_is_unknown),
        LOG(what_kafka_does_not_take_is_unknown_at_once),
        LOG(a_replay_is_unknown_while_its_entry_is_open),
        JOURNAL(in_journal_mode_only_durable_orders_wait),
        JOURNAL(a_full_queue_fails_durable_orders_only),
        LOG(the_answer_names_its_order_whatever_happened_since),
        LOG(the_producers_end_answers_what_waits),
        JOURNAL(an_entry_older_than_20_s_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
