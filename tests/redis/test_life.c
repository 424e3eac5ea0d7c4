/* The life of the asynchronous adapter's connection: refused, silent, frozen, full, and back again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "harness.h"

static void knows_its_server(void **state)
{
    struct harness *harness = *state;
    char run_id[128];
    assert_string_equal(flash_redis_run_id(harness->redis), "");
    assert_string_equal(flash_redis_trouble(harness->redis), "connecting");
    harness_until_ready(harness);
    assert_int_equal(strlen(flash_redis_run_id(harness->redis)), 40);
    private_server_ask(&harness_server, run_id, "EVAL %s 0",
                       "return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')");
    assert_string_equal(flash_redis_run_id(harness->redis), run_id);
    assert_string_equal(flash_redis_trouble(harness->redis), "");
    assert_int_equal(flash_redis_memory_percent(harness->redis), 0);
}

static void refused_while_away(void **state)
{
    struct harness *harness = *state;
    struct flash_error err = {0};
    assert_false(harness_status(harness, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_string_equal(err.text, "redis is away: connecting");
    harness_until_ready(harness);
    private_server_kill(&harness_server);
    harness_until_away(harness);
    assert_false(harness_status(harness, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_string_equal(flash_redis_run_id(harness->redis), "");
}

static void frozen_idle_server_is_noticed(void **state)
{
    struct harness *harness = *state;
    harness_until_ready(harness);
    private_server_pause(&harness_server);
    harness_until_away(harness); /* INFO memory goes unanswered */
    private_server_resume(&harness_server);
    harness_until_ready(harness);
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
    private_server_ask(&harness_server, out, "CONFIG SET requirepass a-secret");
    flash_redis_free(harness->redis); /* it was let in without, when it connected */
    assert_true(flash_redis_new(harness->base, harness->config, &harness->redis, &err));
    harness_until_trouble(harness, "NOAUTH");
    flash_redis_free(harness->redis);
    snprintf(harness->config->redis.user, sizeof(harness->config->redis.user), "default");
    snprintf(harness->config->redis.password, sizeof(harness->config->redis.password), "a-secret");
    assert_true(flash_redis_new(harness->base, harness->config, &harness->redis, &err));
    harness_until_ready(harness);
    flash_redis_free(harness->redis);
    snprintf(harness->config->redis.password, sizeof(harness->config->redis.password), "another");
    assert_true(flash_redis_new(harness->base, harness->config, &harness->redis, &err));
    harness_until_trouble(harness, "WRONGPASS");
    private_server_kill(&harness_server); /* and the password with it */
}

static void silent_server_is_left(void **state)
{
    struct harness *harness = *state;
    private_server_pause(&harness_server); /* the kernel still takes the connection */
    harness_until_trouble(harness, "no answer to the greeting");
    private_server_resume(&harness_server);
    harness_until_ready(harness);
}

static void refused_connection_is_told(void **state)
{
    struct harness *harness = *state;
    private_server_kill(&harness_server);
    harness_until_trouble(harness, "Connection refused");
    private_server_restart(&harness_server);
    harness_until_ready(harness);
}

static void full_server_is_told(void **state)
{
    struct harness *harness = *state;
    struct flash_error err;
    char out[128];
    harness_until_ready(harness);
    private_server_ask(&harness_server, out, "CONFIG SET maxclients 1");
    flash_redis_free(harness->redis);
    redisContext *only = redisConnect("127.0.0.1", harness_server.port);
    freeReplyObject(redisCommand(only, "PING"));
    assert_true(flash_redis_new(harness->base, harness->config, &harness->redis, &err));
    harness_until_trouble(harness, "max number of clients");
    redisFree(only);
    harness_until_ready(harness);
    private_server_kill(&harness_server); /* and its setting with it */
}

/* Nothing of a sale has a TTL: volatile-lru evicts none of it, allkeys-lru anything. */
static void server_that_evicts_is_left(void **state)
{
    struct harness *harness = *state;
    char out[128];
    private_server_ask(&harness_server, out, "CONFIG SET maxmemory-policy volatile-lru");
    harness_until_ready(harness);
    private_server_ask(&harness_server, out, "CONFIG SET maxmemory-policy allkeys-lru");
    harness_until_trouble(harness, "maxmemory-policy allkeys-lru forgets orders");
    assert_false(flash_redis_ready(harness->redis));
    private_server_ask(&harness_server, out, "CONFIG SET maxmemory-policy noeviction");
    harness_until_ready(harness);
}

static void unknown_host_is_refused(void **state)
{
    struct harness *harness = *state;
    struct flash_redis *redis = NULL;
    struct flash_error err = {0};
    snprintf(harness->config->redis.host, sizeof(harness->config->redis.host), "not a host");
    assert_false(flash_redis_new(harness->base, harness->config, &redis, &err));
    assert_true(err.kind == FLASH_ERROR_CONFIG || err.kind == FLASH_ERROR_RETRY);
    assert_null(redis);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(knows_its_server),
        TEST(refused_while_away),
        TEST(frozen_idle_server_is_noticed),
        TEST(free_at_any_moment),
        TEST(wrong_password_is_told),
        TEST(silent_server_is_left),
        TEST(refused_connection_is_told),
        TEST(full_server_is_told),
        TEST(server_that_evicts_is_left),
        TEST(unknown_host_is_refused),
    };
#undef TEST
    return cmocka_run_group_tests(tests, harness_start_server, harness_remove_server);
}
