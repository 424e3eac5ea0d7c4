/* The blocking adapter against a private Redis: pipelines, NOSCRIPT inside one, what is unknown and
 * what was refused. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flash/redis_sync.h"
#include "private_server.h"

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

static int open_sync(void **state)
{
    struct flash_config *config = calloc(1, sizeof(*config));
    struct flash_redis_sync *redis;
    struct flash_error err;
    char out[128];
    if (server.pid == 0) {
        private_server_restart(&server);
    }
    private_server_ask(&server, out, "FLUSHALL");
    snprintf(config->redis.host, sizeof(config->redis.host), "127.0.0.1");
    config->redis.port = server.port;
    config->redis.connect_timeout_ms = config->redis.reply_timeout_ms = 300;
    assert_true(flash_redis_sync_new(config, &redis, &err));
    free(config);
    *state = redis;
    return 0;
}

static int close_sync(void **state)
{
    flash_redis_sync_free(*state);
    return 0;
}

static bool queue(struct flash_redis_sync *redis, enum flash_script script, int64_t sku,
                  struct flash_error *err)
{
    static const char *const load[] = {"1", "10", "0", "", "0"};
    static const char *const status[] = {"0", "a-ref", "", "", ""};
    static const char *const reserve[] = {"1", "u", "1", "ref", "user", "1", "line"};
    const char *const *argv = script == FLASH_SCRIPT_LOAD     ? load
                              : script == FLASH_SCRIPT_STATUS ? status
                                                              : reserve;
    size_t argv_len[7];
    int argc = script == FLASH_SCRIPT_LOAD ? 5 : script == FLASH_SCRIPT_STATUS ? 2 : 7;
    for (int i = 0; i < argc; i++) {
        argv_len[i] = strlen(argv[i]);
    }
    return flash_redis_sync_queue(
        redis,
        &(struct flash_redis_call){
            .script = script, .sku = sku, .argc = argc, .argv = argv, .argv_len = argv_len},
        err);
}

static void queue_ok(struct flash_redis_sync *redis, enum flash_script script, int64_t sku)
{
    struct flash_error err;
    assert_true(queue(redis, script, sku, &err));
}

static void take_word(struct flash_redis_sync *redis, const char *word)
{
    struct flash_redis_reply *reply = NULL;
    struct flash_error err;
    assert_true(flash_redis_sync_take(redis, &reply, &err));
    assert_true(flash_redis_reply_is(flash_redis_reply_at(reply, 0), word));
    flash_redis_reply_free(reply);
}

static enum flash_error_kind take_error(struct flash_redis_sync *redis, struct flash_error *err)
{
    struct flash_redis_reply *reply = NULL;
    assert_false(flash_redis_sync_take(redis, &reply, err));
    assert_null(reply);
    return err->kind;
}

static void ping_connects(void **state)
{
    struct flash_redis_sync *redis = *state;
    struct flash_error err;
    assert_string_equal(flash_redis_sync_run_id(redis), "");
    assert_true(flash_redis_sync_ping(redis, &err));
    assert_int_equal(strlen(flash_redis_sync_run_id(redis)), 40);
    assert_true(flash_redis_sync_ping(redis, &err));
}

static void one_call(void **state)
{
    struct flash_redis_sync *redis = *state;
    struct flash_redis_reply *reply;
    struct flash_error err;
    const char *argv[] = {"1"};
    struct flash_redis_call call = {.script = FLASH_SCRIPT_STATUS,
                                    .sku = 9223372036854775807,
                                    .argc = 1,
                                    .argv = argv,
                                    .argv_len = (const size_t[]){1}};
    assert_true(flash_redis_sync_call(redis, &call, &reply, &err));
    assert_true(flash_redis_reply_is(flash_redis_reply_at(reply, 0), "ABSENT"));
    assert_int_equal(flash_redis_reply_count(reply), 6);
    assert_true(flash_redis_reply_int(flash_redis_reply_at(reply, 1)) > 1000000);
    assert_null(flash_redis_reply_at(reply, 6));
    flash_redis_reply_free(reply);
}

static void pipeline_keeps_order(void **state)
{
    struct flash_redis_sync *redis = *state;
    for (int round = 0; round < 3; round++) {
        for (int i = 1; i <= 1000; i++) {
            queue_ok(redis, i % 3 == 0 ? FLASH_SCRIPT_LOAD : FLASH_SCRIPT_STATUS, i);
        }
        for (int i = 1; i <= 1000; i++) {
            const char *loaded = round == 0 ? "LOADED" : "LIVE";
            take_word(redis, i % 3 == 0 ? loaded : "ABSENT");
        }
    }
}

static void pipeline_is_bounded(void **state)
{
    struct flash_redis_sync *redis = *state;
    struct flash_error err;
    int queued = 0;
    while (queue(redis, FLASH_SCRIPT_STATUS, 5, &err)) {
        queued++;
    }
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_int_equal(queued, FLASH_REDIS_SYNC_QUEUE);
    assert_int_equal(take_error(redis, &err), FLASH_ERROR_BUG); /* nothing is left of them */
    assert_true(flash_redis_sync_ping(redis, &err));
    queue_ok(redis, FLASH_SCRIPT_LOAD, 5);
    take_word(redis, "LOADED"); /* its own answer, not one of theirs */
}

static void flushed_scripts_inside_a_pipeline(void **state)
{
    struct flash_redis_sync *redis = *state;
    struct flash_error err;
    char out[128];
    assert_true(flash_redis_sync_ping(redis, &err));
    private_server_ask(&server, out, "SCRIPT FLUSH");
    for (int i = 1; i <= 50; i++) {
        queue_ok(redis, i % 2 == 0 ? FLASH_SCRIPT_LOAD : FLASH_SCRIPT_STATUS, i);
    }
    for (int i = 1; i <= 25; i++) {
        take_word(redis, i % 2 == 0 ? "LOADED" : "ABSENT");
    }
    queue_ok(redis, FLASH_SCRIPT_STATUS, 99); /* behind replies that were read early */
    for (int i = 26; i <= 50; i++) {
        take_word(redis, i % 2 == 0 ? "LOADED" : "ABSENT");
    }
    take_word(redis, "ABSENT");
}

static void refused_call_leaves_the_others(void **state)
{
    struct flash_redis_sync *redis = *state;
    struct flash_error err;
    char out[128];
    assert_true(flash_redis_sync_ping(redis, &err));
    private_server_ask(&server, out, "CONFIG SET maxmemory 500kb");
    queue_ok(redis, FLASH_SCRIPT_STATUS, 5);
    queue_ok(redis, FLASH_SCRIPT_RESERVE, 5);
    queue_ok(redis, FLASH_SCRIPT_STATUS, 5);
    take_word(redis, "ABSENT");
    assert_int_equal(take_error(redis, &err), FLASH_ERROR_RETRY);
    assert_non_null(strstr(err.text, "OOM"));
    take_word(redis, "ABSENT");
    private_server_ask(&server, out, "CONFIG SET maxmemory 0");
}

static void frozen_server_is_unknown(void **state)
{
    struct flash_redis_sync *redis = *state;
    struct flash_error err;
    assert_true(flash_redis_sync_ping(redis, &err));
    private_server_pause(&server);
    queue_ok(redis, FLASH_SCRIPT_STATUS, 5);
    queue_ok(redis, FLASH_SCRIPT_STATUS, 5);
    assert_int_equal(take_error(redis, &err), FLASH_ERROR_UNKNOWN);
    assert_non_null(strstr(err.text, "no answer in time, 2 calls"));
    assert_int_equal(take_error(redis, &err), FLASH_ERROR_BUG); /* the second is gone too */
    assert_string_equal(flash_redis_sync_run_id(redis), "");
    assert_false(flash_redis_sync_ping(redis, &err)); /* the greeting is not answered */
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    private_server_resume(&server);
    assert_true(flash_redis_sync_ping(redis, &err));
}

static void killed_server_is_unknown_then_away(void **state)
{
    struct flash_redis_sync *redis = *state;
    struct flash_error err;
    assert_true(flash_redis_sync_ping(redis, &err));
    queue_ok(redis, FLASH_SCRIPT_STATUS, 5);
    private_server_kill(&server);
    assert_int_equal(take_error(redis, &err), FLASH_ERROR_UNKNOWN);
    assert_false(queue(redis, FLASH_SCRIPT_STATUS, 5, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_non_null(strstr(err.text, "refused"));
    private_server_restart(&server);
    queue_ok(redis, FLASH_SCRIPT_STATUS, 5);
    take_word(redis, "ABSENT");
}

static void idle_connection_is_replaced(void **state)
{
    struct flash_redis_sync *redis = *state;
    struct flash_error err;
    char before[64];
    assert_true(flash_redis_sync_ping(redis, &err));
    snprintf(before, sizeof(before), "%s", flash_redis_sync_run_id(redis));
    private_server_kill(&server);
    private_server_restart(&server);
    queue_ok(redis, FLASH_SCRIPT_STATUS, 5);
    take_word(redis, "ABSENT");
    assert_string_not_equal(flash_redis_sync_run_id(redis), before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_sync, close_sync)
    const struct CMUnitTest tests[] = {
        TEST(ping_connects),
        TEST(one_call),
        TEST(pipeline_keeps_order),
        TEST(pipeline_is_bounded),
        TEST(flushed_scripts_inside_a_pipeline),
        TEST(refused_call_leaves_the_others),
        TEST(frozen_server_is_unknown),
        TEST(killed_server_is_unknown_then_away),
        TEST(idle_connection_is_replaced),
    };
#undef TEST
    return cmocka_run_group_tests(tests, start_server, remove_server);
}
