/* The asynchronous adapter against a private Redis: what a call can end in, and how the connection
 * comes back. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness.h"

#define TIMEOUT_MS 300

static struct private_server server;

static int start_server(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    private_server_start(&server);
    return 0;
}

static int remove_server(void **state)
{
    (void)state;
    private_server_remove(&server);
    return 0;
}

static int open_harness(void **state)
{
    char out[128];
    struct harness *harness = malloc(sizeof(*harness));
    if (server.pid == 0) {
        private_server_restart(&server);
    }
    private_server_ask(&server, out, "FLUSHALL");
    harness_open(harness, &server, TIMEOUT_MS);
    *state = harness;
    return 0;
}

static int close_harness(void **state)
{
    harness_close(*state);
    free(*state);
    return 0;
}

static void start_status(struct harness *harness)
{
    struct flash_error err;
    assert_true(harness_status(harness, &err));
}

static void knows_its_server(void **state)
{
    struct harness *harness = *state;
    char run_id[128];
    assert_string_equal(flash_redis_run_id(harness->redis), "");
    assert_string_equal(flash_redis_trouble(harness->redis), "connecting");
    harness_until_ready(harness);
    assert_int_equal(strlen(flash_redis_run_id(harness->redis)), 40);
    private_server_ask(&server, run_id, "EVAL %s 0",
                       "return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')");
    assert_string_equal(flash_redis_run_id(harness->redis), run_id);
    assert_string_equal(flash_redis_trouble(harness->redis), "");
    assert_int_equal(flash_redis_memory_percent(harness->redis), 0);
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
    private_server_ask(&server, available, "HGET flash:{7}:stock available");
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

static void full_batch_fits(void **state)
{
    struct harness *harness = *state;
    struct flash_error err;
    char out[128];
    harness_until_ready(harness);
    assert_true(harness_load(harness, &err));
    harness_until_completed(harness, 1);
    private_server_ask(&server, out, "HSET flash:{7}:stock sale 1 ends 9000000000000 limit 1");
    assert_true(harness_reserve(harness, FLASH_BATCH_LINES, &err));
    harness_until_completed(harness, 2);
    assert_string_equal(harness->tickets[1].word, "OK");
    assert_string_equal(harness->tickets[1].sixth, "ACCEPTED");
    private_server_ask(&server, out, "HLEN flash:{7}:orders");
    assert_string_equal(out, "256");
}

static void refused_while_away(void **state)
{
    struct harness *harness = *state;
    struct flash_error err = {0};
    assert_false(harness_status(harness, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_string_equal(err.text, "redis is away: connecting");
    harness_until_ready(harness);
    private_server_kill(&server);
    harness_until_away(harness);
    assert_false(harness_status(harness, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_string_equal(flash_redis_run_id(harness->redis), "");
}

static void killed_server_leaves_calls_unknown(void **state)
{
    struct harness *harness = *state;
    char before[64];
    harness_until_ready(harness);
    strcpy(before, flash_redis_run_id(harness->redis));
    private_server_pause(&server);
    for (int i = 0; i < 5; i++) {
        harness->tickets[i].chain = true; /* refused, as the connection is lost */
        start_status(harness);
    }
    event_base_loop(harness->base, EVLOOP_NONBLOCK);
    private_server_kill(&server);
    harness_until_completed(harness, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(harness->tickets[i].outcome, FLASH_REDIS_UNKNOWN);
    }
    assert_int_equal(flash_redis_in_flight(harness->redis), 0);
    private_server_restart(&server);
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
    private_server_pause(&server);
    start_status(harness);
    harness->tickets[1].chain = true;
    start_status(harness);
    harness_until_completed(harness, 2);
    assert_int_equal(harness->tickets[0].outcome, FLASH_REDIS_UNKNOWN);
    assert_int_equal(harness->tickets[1].outcome, FLASH_REDIS_UNKNOWN);
    assert_false(flash_redis_ready(harness->redis));
    assert_string_equal(flash_redis_trouble(harness->redis), "no answer in 300 ms");
    private_server_resume(&server);
    harness_until_ready(harness);
    start_status(harness);
    harness_until_completed(harness, 3);
    assert_int_equal(harness->tickets[2].outcome, FLASH_REDIS_REPLY);
}

static void frozen_idle_server_is_noticed(void **state)
{
    struct harness *harness = *state;
    harness_until_ready(harness);
    private_server_pause(&server);
    harness_until_away(harness); /* INFO memory goes unanswered */
    private_server_resume(&server);
    harness_until_ready(harness);
}

static void late_loop_is_not_a_late_server(void **state)
{
    struct harness *harness = *state;
    harness_until_ready(harness);
    start_status(harness);
    event_base_loop(harness->base, EVLOOP_NONBLOCK);
    usleep((TIMEOUT_MS + 50) * 1000); /* the thread itself is busy elsewhere */
    harness_until_completed(harness, 1);
    assert_int_equal(harness->tickets[0].outcome, FLASH_REDIS_REPLY);
}

static void flushed_scripts_are_sent_again(void **state)
{
    struct harness *harness = *state;
    struct flash_error err;
    char out[128];
    harness_until_ready(harness);
    private_server_ask(&server, out, "SCRIPT FLUSH");
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
    private_server_ask(&server, out, "EVAL %s 0",
                       "return string.match(redis.call('INFO', 'memory'), "
                       "'number_of_cached_scripts:(%d+)')");
    assert_int_equal(atoi(out), FLASH_SCRIPT_COUNT + 1);
}

static void full_memory_is_an_error(void **state)
{
    struct harness *harness = *state;
    struct flash_error err;
    char out[128];
    harness_until_ready(harness);
    private_server_ask(&server, out, "CONFIG SET maxmemory 500kb");
    assert_true(harness_reserve(harness, 1, &err));
    harness_until_completed(harness, 1);
    while (flash_redis_memory_percent(harness->redis) == 0) {
        event_base_loop(harness->base, EVLOOP_ONCE);
    }
    private_server_ask(&server, out, "CONFIG SET maxmemory 0");
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

static void free_at_any_moment(void **state)
{
    struct harness *harness = *state;
    struct flash_error err;
    for (int turns = 0; turns < 12; turns++) {
        for (int i = 0; i < turns; i++) {
            event_base_loop(harness->base, EVLOOP_NONBLOCK);
        }
        flash_redis_free(harness->redis);
        assert_true(flash_redis_new(harness->base, harness->config, &harness->redis, &err));
    }
}

static void wrong_password_is_told(void **state)
{
    struct harness *harness = *state;
    struct flash_error err;
    char out[128];
    private_server_ask(&server, out, "CONFIG SET requirepass a-secret");
    flash_redis_free(harness->redis); /* it was let in without, when it connected */
    assert_true(flash_redis_new(harness->base, harness->config, &harness->redis, &err));
    harness_until_trouble(harness, "NOAUTH");
    flash_redis_free(harness->redis);
    strcpy(harness->config->redis.user, "default");
    strcpy(harness->config->redis.password, "a-secret");
    assert_true(flash_redis_new(harness->base, harness->config, &harness->redis, &err));
    harness_until_ready(harness);
    flash_redis_free(harness->redis);
    strcpy(harness->config->redis.password, "another");
    assert_true(flash_redis_new(harness->base, harness->config, &harness->redis, &err));
    harness_until_trouble(harness, "WRONGPASS");
    private_server_kill(&server); /* and the password with it */
}

static void silent_server_is_left(void **state)
{
    struct harness *harness = *state;
    private_server_pause(&server); /* the kernel still takes the connection */
    harness_until_trouble(harness, "no answer to the greeting");
    private_server_resume(&server);
    harness_until_ready(harness);
}

static void unknown_host_is_refused(void **state)
{
    struct harness *harness = *state;
    struct flash_redis *redis = NULL;
    struct flash_error err = {0};
    strcpy(harness->config->redis.host, "not a host");
    assert_false(flash_redis_new(harness->base, harness->config, &redis, &err));
    assert_true(err.kind == FLASH_ERROR_CONFIG || err.kind == FLASH_ERROR_RETRY);
    assert_null(redis);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_harness, close_harness)
    const struct CMUnitTest tests[] = {
        TEST(knows_its_server),
        TEST(calls_are_answered),
        TEST(completion_may_start_a_call),
        TEST(full_batch_fits),
        TEST(refused_while_away),
        TEST(killed_server_leaves_calls_unknown),
        TEST(frozen_server_leaves_calls_unknown),
        TEST(frozen_idle_server_is_noticed),
        TEST(late_loop_is_not_a_late_server),
        TEST(flushed_scripts_are_sent_again),
        TEST(full_memory_is_an_error),
        TEST(in_flight_is_capped),
        TEST(free_completes_open_calls),
        TEST(free_at_any_moment),
        TEST(wrong_password_is_told),
        TEST(silent_server_is_left),
        TEST(unknown_host_is_refused),
    };
#undef TEST
    return cmocka_run_group_tests(tests, start_server, remove_server);
}
