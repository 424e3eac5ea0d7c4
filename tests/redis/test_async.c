/* Calls of the asynchronous adapter against a private Redis: what each can end in, and that it ends
 * once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

static void start_status(struct harness *harness)
{
    struct flash_error err;
    assert_true(harness_status(harness, &err));
}

static void calls_are_answered(void **state)
{
    struct harness *harness = *state;
    struct flash_error err;
    char available[128];
    harness_until_ready(harness);
    start_status(harness);
    assert_true(harness_load(harness, &err));
    assert_int_equal(flash_redis_in_flight(harness->redis), 2);
    harness_until_completed(harness, 2);
    assert_int_equal(flash_redis_in_flight(harness->redis), 0);
    assert_string_equal(harness->tickets[0].word, "ABSENT");
    assert_string_equal(harness->tickets[1].word, "LOADED");
    private_server_ask(&harness_server, available, "HGET flash:{7}:stock available");
    assert_string_equal(available, "1000");
}

static void completion_may_start_a_call(void **state)
{
    struct harness *harness = *state;
    harness_until_ready(harness);
    harness->tickets[0].chain = harness->tickets[1].chain = true;
    start_status(harness);
    harness_until_completed(harness, 3);
    assert_string_equal(harness->tickets[2].word, "ABSENT");
}

static void push_does_not_wait_for_the_loop(void **state)
{
    struct harness *harness = *state;
    struct flash_error err;
    char available[128] = "";
    harness_until_ready(harness);
    assert_true(harness_load(harness, &err));
    flash_redis_push(harness->redis);
    for (int i = 0; i < 1000 && strcmp(available, "1000") != 0; i++) {
        private_server_ask(&harness_server, available, "HGET flash:{7}:stock available");
    }
    assert_string_equal(available, "1000");
    flash_redis_push(harness->redis); /* there is nothing to write */
    harness_until_completed(harness, 1);
    assert_string_equal(harness->tickets[0].word, "LOADED");
}

static void push_to_a_server_that_died(void **state)
{
    struct harness *harness = *state;
    harness_until_ready(harness);
    private_server_kill(&harness_server);
    start_status(harness);
    flash_redis_push(harness->redis);
    harness_until_completed(harness, 1);
    assert_int_equal(harness->tickets[0].outcome, FLASH_REDIS_UNKNOWN);
    private_server_restart(&harness_server);
    harness_until_ready(harness);
}

static void full_batch_fits(void **state)
{
    struct harness *harness = *state;
    struct flash_error err;
    char out[128];
    harness_until_ready(harness);
    assert_true(harness_load(harness, &err));
    harness_until_completed(harness, 1);
    private_server_ask(&harness_server, out,
                       "HSET flash:{7}:stock sale 1 ends 9000000000000 limit 1");
    assert_true(harness_reserve(harness, FLASH_BATCH_LINES, &err));
    harness_until_completed(harness, 2);
    assert_string_equal(harness->tickets[1].word, "OK");
    assert_string_equal(harness->tickets[1].sixth, "ACCEPTED");
    private_server_ask(&harness_server, out, "HLEN flash:{7}:orders");
    assert_string_equal(out, "256");
}

static void killed_server_leaves_calls_unknown(void **state)
{
    struct harness *harness = *state;
    char before[64];
    harness_until_ready(harness);
    snprintf(before, sizeof(before), "%s", flash_redis_run_id(harness->redis));
    private_server_pause(&harness_server);
    for (int i = 0; i < 5; i++) {
        harness->tickets[i].chain = true; /* refused, as the connection is lost */
        start_status(harness);
    }
    event_base_loop(harness->base, EVLOOP_NONBLOCK);
    private_server_kill(&harness_server);
    harness_until_completed(harness, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(harness->tickets[i].outcome, FLASH_REDIS_UNKNOWN);
    }
    assert_int_equal(flash_redis_in_flight(harness->redis), 0);
    private_server_restart(&harness_server);
    harness_until_ready(harness);
    assert_string_not_equal(flash_redis_run_id(harness->redis), before);
    start_status(harness);
    harness_until_completed(harness, 6);
    assert_string_equal(harness->tickets[5].word, "ABSENT");
}

static void frozen_server_leaves_calls_unknown(void **state)
{
    struct harness *harness = *state;
    harness_until_ready(harness);
    private_server_pause(&harness_server);
    start_status(harness);
    harness->tickets[1].chain = true;
    start_status(harness);
    harness_until_completed(harness, 2);
    assert_int_equal(harness->tickets[0].outcome, FLASH_REDIS_UNKNOWN);
    assert_int_equal(harness->tickets[1].outcome, FLASH_REDIS_UNKNOWN);
    assert_false(flash_redis_ready(harness->redis));
    assert_string_equal(flash_redis_trouble(harness->redis), "no answer in 300 ms");
    private_server_resume(&harness_server);
    harness_until_ready(harness);
    start_status(harness);
    harness_until_completed(harness, 3);
    assert_int_equal(harness->tickets[2].outcome, FLASH_REDIS_REPLY);
}

static void late_loop_is_not_a_late_server(void **state)
{
    struct harness *harness = *state;
    char out[128];
    harness_until_ready(harness);
    start_status(harness);
    event_base_loop(harness->base, EVLOOP_NONBLOCK);
    /* The thread itself is busy elsewhere: for longer than a reply may take. */
    private_server_ask(&harness_server, out, "BLPOP nothing %f", (HARNESS_TIMEOUT_MS + 50) / 1e3);
    harness_until_completed(harness, 1);
    assert_int_equal(harness->tickets[0].outcome, FLASH_REDIS_REPLY);
}

static void flushed_scripts_are_sent_again(void **state)
{
    struct harness *harness = *state;
    struct flash_error err;
    char out[128];
    harness_until_ready(harness);
    private_server_ask(&harness_server, out, "SCRIPT FLUSH");
    assert_true(harness_load(harness, &err));
    for (int i = 0; i < 20; i++) {
        start_status(harness);
    }
    harness_until_completed(harness, 21);
    assert_string_equal(harness->tickets[0].word, "LOADED");
    for (int i = 1; i < 21; i++) {
        assert_int_equal(harness->tickets[i].outcome, FLASH_REDIS_REPLY);
    }
    assert_int_equal(flash_redis_in_flight(harness->redis), 0);
    start_status(harness);
    harness_until_completed(harness, 22); /* the reload's replies came before this one's */
    private_server_ask(&harness_server, out, "EVAL %s 0",
                       "return string.match(redis.call('INFO', 'memory'), "
                       "'number_of_cached_scripts:(%d+)')");
    assert_int_equal(strtol(out, NULL, 10), FLASH_SCRIPT_COUNT + 1);
}

static void full_memory_is_an_error(void **state)
{
    struct harness *harness = *state;
    struct flash_error err;
    char out[128];
    harness_until_ready(harness);
    private_server_ask(&harness_server, out, "CONFIG SET maxmemory 500kb");
    assert_true(harness_reserve(harness, 1, &err));
    harness_until_completed(harness, 1);
    while (flash_redis_memory_percent(harness->redis) == 0) {
        event_base_loop(harness->base, EVLOOP_ONCE);
    }
    private_server_ask(&harness_server, out, "CONFIG SET maxmemory 0");
    assert_int_equal(harness->tickets[0].outcome, FLASH_REDIS_ERROR);
    assert_non_null(strstr(harness->tickets[0].error, "OOM"));
    assert_true(flash_redis_memory_percent(harness->redis) > 100);
    assert_true(flash_redis_ready(harness->redis));
}

static void in_flight_is_capped(void **state)
{
    struct harness *harness = *state;
    struct flash_error err = {0};
    harness_until_ready(harness);
    for (int i = 0; i < 256; i++) {
        start_status(harness);
    }
    assert_false(harness_status(harness, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_int_equal(flash_redis_in_flight(harness->redis), 256);
    harness_until_completed(harness, 256);
    start_status(harness);
    harness_until_completed(harness, 257);
}

static void free_completes_open_calls(void **state)
{
    struct harness *harness = *state;
    harness_until_ready(harness);
    harness->tickets[1].chain = true; /* refused while closing */
    start_status(harness);
    start_status(harness);
    flash_redis_free(harness->redis);
    harness->redis = NULL;
    assert_int_equal(harness->completed, 2);
    assert_int_equal(harness->tickets[0].outcome, FLASH_REDIS_UNKNOWN);
    assert_int_equal(harness->tickets[1].outcome, FLASH_REDIS_UNKNOWN);
}

/* More than the socket takes: the rest waits for EV_WRITE and nothing is mixed up. */
static void full_socket_is_waited_for(void **state)
{
    struct harness *harness = *state;
    struct flash_error err;
    flash_redis_free(harness->redis);
    harness->config->redis.reply_timeout_ms = 8000;
    assert_true(flash_redis_new(harness->base, harness->config, &harness->redis, &err));
    harness_until_ready(harness);
    private_server_pause(&harness_server);
    for (int i = 0; i < 250; i++) {
        assert_true(harness_reserve(harness, FLASH_BATCH_LINES, &err));
        event_base_loop(harness->base, EVLOOP_NONBLOCK);
    }
    start_status(harness);
    private_server_resume(&harness_server);
    harness_until_completed(harness, 251);
    for (int i = 0; i < 250; i++) {
        assert_string_equal(harness->tickets[i].word, "GENERATION");
    }
    assert_string_equal(harness->tickets[250].word, "ABSENT");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(calls_are_answered),
        TEST(completion_may_start_a_call),
        TEST(push_does_not_wait_for_the_loop),
        TEST(push_to_a_server_that_died),
        TEST(full_batch_fits),
        TEST(killed_server_leaves_calls_unknown),
        TEST(frozen_server_leaves_calls_unknown),
        TEST(late_loop_is_not_a_late_server),
        TEST(flushed_scripts_are_sent_again),
        TEST(full_memory_is_an_error),
        TEST(in_flight_is_capped),
        TEST(free_completes_open_calls),
        TEST(full_socket_is_waited_for),
    };
#undef TEST
    return cmocka_run_group_tests(tests, harness_start_server, harness_remove_server);
}
