/* From orders to one call of lua/reserve and back: what goes together, and what each word becomes.
 */
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
#include "flash/entry.h"

#define SKU 42

static void submit_many(struct rig *rig, int64_t sku, int count)
{
    for (int i = 0; i < count; i++) {
        char ref[16];
        snprintf(ref, sizeof(ref), "r%d", i);
        rig_order(rig, sku, ref);
    }
}

static bool argument_is(struct rig *rig, int call, int n, const char *text)
{
    return fake_redis_argument_is(rig->redis, call, n, text);
}

static void a_call_is_what_the_script_takes(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    rig_order(rig, SKU, "first");
    rig_order(rig, SKU, "second");
    assert_int_equal(fake_redis_calls(rig->redis), 0); /* not before the turn's end */
    rig_turn(rig);
    const struct fake_redis_call *call = fake_redis_open(rig->redis, 0);
    assert_int_equal(call->script, FLASH_SCRIPT_RESERVE);
    assert_int_equal(call->sku, SKU);
    assert_int_equal(call->argc, 4 + 2 * 3);
    assert_true(argument_is(rig, 0, 0, "7"));
    struct flash_uuid uuid;
    char low[24];
    assert_true(flash_uuid_parse((struct flash_text){call->argv[1], call->argv_len[1]}, &uuid));
    snprintf(low, sizeof(low), "%llu", (unsigned long long)flash_uuid_low64(&uuid));
    assert_true(argument_is(rig, 0, 2, low));
    assert_true(argument_is(rig, 0, 3, "[\"first\",\"u-1\",1],[\"second\",\"u-1\",1]"));
    assert_true(argument_is(rig, 0, 4, "first"));
    assert_true(argument_is(rig, 0, 5, "u-1"));
    assert_true(argument_is(rig, 0, 6, "1"));
    assert_true(argument_is(rig, 0, 7, "second"));
    rig_decide_all(rig, "ACCEPTED");
}

static void the_next_call_leaves_before_the_buyers_of_the_last_are_answered(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *accepted = rig_order(rig, SKU, "a");
    rig_turn(rig);
    struct flash_request *refused = rig_order(rig, SKU, "b");
    fake_redis_reply(rig->redis, json_pack("[s,s,I,I,i,s]", "OK", "{entry}", (json_int_t)RIG_AT,
                                           (json_int_t)RIG_DUE, 1, "ACCEPTED"));
    assert_int_equal(rig_answered(accepted), 0);
    rig_turn(rig);
    assert_int_equal(rig_lines(rig, 0), 1);
    assert_int_equal(rig_answered(accepted), 202);
    fake_redis_reply(rig->redis, json_pack("[s,s,I,I,i,s]", "OK", "", (json_int_t)RIG_AT,
                                           (json_int_t)RIG_DUE, 1, "SOLD_OUT"));
    assert_int_equal(rig_answered(refused), 0);
    rig_turn(rig);
    assert_true(rig_refused(refused, 409, "sold-out"));
    assert_int_equal(rig_metric(METRIC_ORDERS_SOLD_OUT), 1);
}

static void what_arrives_while_a_call_is_out_goes_together(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *first = rig_order(rig, SKU, "first");
    rig_turn(rig);
    submit_many(rig, SKU, 9);
    rig_turn(rig);
    rig_turn(rig);
    assert_int_equal(fake_redis_calls(rig->redis), 1);
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(first), 202);
    assert_int_equal(fake_redis_calls(rig->redis), 1); /* never from inside a completion */
    rig_turn(rig);
    assert_int_equal(fake_redis_calls(rig->redis), 2);
    assert_int_equal(rig_lines(rig, 0), 9);
    rig_decide_all(rig, "ACCEPTED");
    rig_turn(rig);
    assert_int_equal(fake_redis_calls(rig->redis), 2);
    assert_int_equal(rig_metric(METRIC_RESERVE_CALLS), 2);
    assert_int_equal(rig_metric(METRIC_RESERVE_LINES), 10);
    assert_int_equal(rig_metric(METRIC_ORDERS_ACCEPTED), 10);
}

static void a_call_is_never_longer_than_allowed(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    submit_many(rig, SKU, 260);
    rig_turn(rig);
    assert_int_equal(rig_lines(rig, 0), FLASH_BATCH_LINES);
    rig_decide_all(rig, "ACCEPTED");
    rig_turn(rig);
    assert_int_equal(rig_lines(rig, 0), 4);
    rig_decide_all(rig, "ACCEPTED");
    rig->config.engine.batch_lines = 3;
    submit_many(rig, SKU, 7);
    for (int lines = 7; lines > 0; lines -= 3) {
        rig_turn(rig);
        assert_int_equal(rig_lines(rig, 0), lines > 3 ? 3 : lines);
        rig_decide_all(rig, "SOLD_OUT");
    }
    assert_int_equal(rig_metric(METRIC_ORDERS_ACCEPTED), 260);
    assert_int_equal(rig_metric(METRIC_ORDERS_SOLD_OUT), 7);
}

static void skus_have_lanes_of_their_own(void **state)
{
    struct rig *rig = *state;
    for (int64_t sku = 1; sku <= 3; sku++) {
        rig_know(rig, sku);
        rig_order(rig, sku, "a");
        rig_order(rig, sku, "b");
    }
    rig_turn(rig);
    assert_int_equal(flash_redis_in_flight(rig->redis), 3);
    int64_t seen = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rig_lines(rig, i), 2);
        seen |= 1 << fake_redis_open(rig->redis, i)->sku;
    }
    assert_int_equal(seen, 2 + 4 + 8);
    int64_t freed = fake_redis_open(rig->redis, 0)->sku;
    for (int64_t sku = 1; sku <= 3; sku++) {
        rig_order(rig, sku, "c");
    }
    rig_decide_all(rig, "ACCEPTED");
    rig_turn(rig); /* only the lane whose call is back sends again */
    assert_int_equal(fake_redis_calls(rig->redis), 4);
    assert_int_equal(fake_redis_open(rig->redis, 2)->sku, freed);
    while (flash_redis_in_flight(rig->redis)) {
        rig_decide_all(rig, "ACCEPTED");
        rig_turn(rig);
    }
}

static void every_word_has_its_answer(void **state)
{
    static const struct {
        const char *word;
        int status;
        const char *slug;
        enum flash_engine_metric metric;
    } rows[] = {
        {"SOLD_OUT", 409, "sold-out", METRIC_ORDERS_SOLD_OUT},
        {"LIMIT", 409, "limit-reached", METRIC_ORDERS_LIMIT},
        {"NOT_STARTED", 409, "not-started", METRIC_ORDERS_NOT_STARTED},
        {"ENDED", 409, "ended", METRIC_ORDERS_ENDED},
        {"KEY_REUSED", 422, "key-reused", METRIC_ORDERS_KEY_REUSED},
        {"BAD_QUANTITY", 503, "outcome-unknown", METRIC_ORDERS_UNKNOWN},
        {"no record", 503, "outcome-unknown", METRIC_ORDERS_UNKNOWN},
        {"", 503, "outcome-unknown", METRIC_ORDERS_UNKNOWN},
    };
    struct rig *rig = *state;
    rig_know(rig, SKU);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t before = rig_metric(rows[i].metric);
        struct flash_request *request = rig_order(rig, SKU, "x");
        rig_turn(rig);
        rig_decide(rig, (const char *const[]){rows[i].word, NULL});
        assert_true(rig_refused(request, rows[i].status, rows[i].slug));
        assert_int_equal(rig_metric(rows[i].metric), before + 1);
    }
    assert_int_equal(fake_kafka_count(rig->producer), 0);
    assert_int_equal(flash_pool_used(&rig->worker.lines), 0);
}

static void lines_of_one_call_are_answered_each_by_its_word(void **state)
{
    static const char *const words[] = {"ACCEPTED", "SOLD_OUT", "C2:1:1763718000000001:0:u-1",
                                        "ACCEPTED", "LIMIT",    NULL};
    struct rig *rig = *state;
    struct flash_request *requests[5];
    rig_know(rig, SKU);
    for (int i = 0; i < 5; i++) {
        char ref[16];
        snprintf(ref, sizeof(ref), "o%d", i);
        requests[i] = rig_order(rig, SKU, ref);
    }
    rig_turn(rig);
    rig_decide(rig, words);
    assert_int_equal(rig_answered(requests[0]), 202);
    assert_true(rig_refused(requests[1], 409, "sold-out"));
    assert_int_equal(rig_answered(requests[2]), 202);
    assert_int_equal(rig_answered(requests[3]), 202);
    assert_true(rig_refused(requests[4], 409, "limit-reached"));
    assert_non_null(strstr(fake_request_answer(requests[3])->body,
                           "\"order_id\":\"42.o3\",\"sku\":\"42\",\"quantity\":1,"
                           "\"status\":\"QUEUED\""));
    assert_int_equal(fake_kafka_count(rig->producer), 1); /* one entry, one message */
}

static void a_word_given_once_is_everybodys(void **state)
{
    static const char *const accepted[] = {"ACCEPTED", NULL}, *const sold_out[] = {"SOLD_OUT",
                                                                                   NULL};
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *first = rig_order(rig, SKU, "a"), *second = rig_order(rig, SKU, "b");
    rig_turn(rig);
    rig_decide(rig, accepted);
    assert_int_equal(rig_answered(first), 202);
    assert_int_equal(rig_answered(second), 202);
    first = rig_order(rig, SKU, "c");
    second = rig_order(rig, SKU, "d");
    rig_turn(rig);
    rig_decide(rig, sold_out);
    assert_true(rig_refused(first, 409, "sold-out"));
    assert_true(rig_refused(second, 409, "sold-out"));
}

/* A repeat, however late, gets its first answer again, with what has become of the order since. */
static void a_replay_is_accepted_with_todays_status(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *paid = rig_order(rig, SKU, "paid");
    struct flash_request *failed = rig_order(rig, SKU, "failed");
    rig_turn(rig);
    rig_decide(rig, (const char *const[]){"P2:1:1763718000000001:1763719800:u-1\"pay-1",
                                          "S1:1:1763718000000001:0:u-1", NULL});
    assert_int_equal(rig_answered(paid), 202);
    assert_non_null(strstr(fake_request_answer(paid)->body, "\"status\":\"PAID\""));
    assert_string_equal(fake_request_answer(paid)->headers,
                        "Location: /v1/orders/42.paid\r\nRetry-After: 1\r\n");
    assert_int_equal(rig_answered(failed), 202);
    assert_non_null(
        strstr(fake_request_answer(failed)->body, "\"status\":\"FAILED\",\"reason\":\"shortage\""));
    assert_int_equal(rig_metric(METRIC_ORDERS_REPLAYED), 2);
    assert_int_equal(rig_metric(METRIC_ORDERS_ACCEPTED), 0);
    assert_int_equal(fake_kafka_count(rig->producer), 0);
}

static void the_entry_goes_to_kafka_as_it_came(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    rig_order(rig, SKU, "a");
    rig_turn(rig);
    char uuid[FLASH_UUID_TEXT + 1];
    snprintf(uuid, sizeof(uuid), "%s", fake_redis_open(rig->redis, 0)->argv[1]);
    rig_decide_all(rig, "ACCEPTED");
    const struct fake_kafka_message *message = fake_kafka_message(rig->producer, 0);
    assert_string_equal(message->value.at, "{entry}");
    assert_string_equal(message->key.at, "42");
    assert_string_equal(message->headers.id, uuid);
    assert_string_equal(message->headers.type, "flashgate.reserve");
    assert_null(message->topic);
    assert_int_equal(message->partition, -1);
    assert_int_equal(rig_metric(METRIC_ENTRIES_PUBLISHED), 1);
    fake_kafka_deliver(rig->producer, 0, FLASH_DELIVERY_ACKED);
    rig_kafka(rig);
    assert_int_equal(rig_metric(METRIC_ENTRIES_ACKED), 1);
}

static void a_full_kafka_queue_leaves_the_entry_in_the_journal(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    fake_kafka_set_full(rig->producer, true);
    struct flash_request *request = rig_order(rig, SKU, "a");
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(request), 202);
    assert_int_equal(rig_metric(METRIC_ENTRIES_NOT_SENT), 1);
    assert_int_equal(rig_metric(METRIC_ENTRIES_PUBLISHED), 0);
}

static void a_gather_window_holds_small_calls_back_only_in_a_flood(void **state)
{
    struct rig *rig = *state;
    struct flash_sku *sku = rig_know(rig, SKU);
    rig->engine.limits.gather_window_us = 1000;
    uint64_t now_us = rig->worker.now_us;
    rig_order(rig, SKU, "idle");
    assert_int_equal(flash_reserve_turn(&rig->worker, sku), 0);
    assert_int_equal(rig_lines(rig, 0), 1);
    rig_decide_all(rig, "ACCEPTED");
    sku->orders.rate.per_us = 0.01; /* ten in the window */
    sku->orders.rate.since_us = rig->worker.now_us = now_us;
    rig_order(rig, SKU, "flood");
    assert_int_equal(flash_reserve_turn(&rig->worker, sku), 1000);
    rig->worker.now_us = now_us + 600;
    assert_int_equal(flash_reserve_turn(&rig->worker, sku), 400);
    assert_int_equal(fake_redis_calls(rig->redis), 1);
    rig->worker.now_us = now_us + 1000;
    assert_int_equal(flash_reserve_turn(&rig->worker, sku), 0);
    assert_int_equal(rig_lines(rig, 0), 1);
    rig_decide_all(rig, "ACCEPTED");
}

/* Whoever could still come is there: more would only come after an answer. */
static void a_gather_window_ends_when_every_connection_waits(void **state)
{
    struct rig *rig = *state;
    struct flash_sku *sku = rig_know(rig, SKU);
    rig->engine.limits.gather_window_us = 1000;
    rig->worker.connections = 2;
    sku->orders.rate.per_us = 0.01;
    sku->orders.rate.since_us = rig->worker.now_us;
    rig_order(rig, SKU, "first");
    assert_int_equal(flash_reserve_turn(&rig->worker, sku), 1000);
    rig_order(rig, SKU, "second");
    assert_int_equal(flash_reserve_turn(&rig->worker, sku), 0);
    assert_int_equal(rig_lines(rig, 0), 2);
    rig_decide_all(rig, "ACCEPTED");
}

/* In worker.c: a SKU that is held back comes up again by itself. */
static void a_held_back_sku_stays_in_the_list(void **state)
{
    struct rig *rig = *state;
    struct flash_sku *sku = rig_know(rig, SKU);
    rig->engine.limits.gather_window_us = 900000;
    sku->orders.rate.per_us = 1;
    sku->orders.rate.since_us = rig->worker.now_us;
    struct flash_request *request = rig_order(rig, SKU, "a");
    rig_turn(rig);
    rig_turn(rig);
    assert_int_equal(fake_redis_calls(rig->redis), 0);
    assert_true(sku->dirty);
    rig->engine.limits.gather_window_us = 0;
    rig_turn(rig);
    assert_int_equal(rig_lines(rig, 0), 1);
    assert_int_equal(rig_answered(request), 0);
    rig_decide_all(rig, "ACCEPTED");
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(a_call_is_what_the_script_takes),
        RIGGED(the_next_call_leaves_before_the_buyers_of_the_last_are_answered),
        RIGGED(what_arrives_while_a_call_is_out_goes_together),
        RIGGED(a_call_is_never_longer_than_allowed),
        RIGGED(skus_have_lanes_of_their_own),
        RIGGED(every_word_has_its_answer),
        RIGGED(lines_of_one_call_are_answered_each_by_its_word),
        RIGGED(a_word_given_once_is_everybodys),
        RIGGED(a_replay_is_accepted_with_todays_status),
        RIGGED(the_entry_goes_to_kafka_as_it_came),
        RIGGED(a_full_kafka_queue_leaves_the_entry_in_the_journal),
        RIGGED(a_gather_window_holds_small_calls_back_only_in_a_flood),
        RIGGED(a_gather_window_ends_when_every_connection_waits),
        RIGGED(a_held_back_sku_stays_in_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
