/* The fake adapter keeps the promises that other modules' tests lean on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_redis.h"

struct seen {
    int count;
    enum flash_redis_outcome outcome;
    int64_t number;
    char error[32];
};

static void on_done(const struct flash_redis_result *result, void *arg)
{
    struct seen *seen = arg;
    seen->count++;
    seen->outcome = result->outcome;
    seen->number = flash_redis_reply_int(flash_redis_reply_at(result->reply, 1));
    snprintf(seen->error, sizeof(seen->error), "%s", result->error != NULL ? result->error : "");
}

static void call_once(struct flash_redis *redis, struct seen *seen)
{
    struct flash_error err;
    struct flash_redis_call call = {.script = FLASH_SCRIPT_STATUS,
                                    .sku = 3,
                                    .argc = 1,
                                    .argv = (const char *const[]){"0"},
                                    .argv_len = (const size_t[]){1},
                                    .done = on_done,
                                    .arg = seen};
    assert_true(flash_redis_call(redis, &call, &err));
}

static void calls_complete_when_told(void **state)
{
    (void)state;
    struct flash_config *config = calloc(1, sizeof(*config));
    struct flash_redis *redis;
    struct flash_error err;
    struct seen seen = {0};
    config->redis.max_in_flight = 2;
    assert_true(flash_redis_new(NULL, config, &redis, &err));
    free(config);
    assert_ptr_equal(fake_redis_last(), redis);
    call_once(redis, &seen);
    call_once(redis, &seen);
    struct flash_redis_call third = {.script = FLASH_SCRIPT_SALE};
    assert_false(flash_redis_call(redis, &third, &err));
    assert_int_equal(seen.count, 0);
    assert_int_equal(fake_redis_open(redis, 1)->sku, 3);
    assert_null(fake_redis_open(redis, 2));
    assert_true(fake_redis_argument_is(redis, 0, 0, "0"));
    fake_redis_reply(redis, json_pack("[s,s]", "OK", "17"));
    assert_int_equal(seen.outcome, FLASH_REDIS_REPLY);
    assert_int_equal(seen.number, 17);
    fake_redis_error(redis, "OOM");
    assert_int_equal(seen.outcome, FLASH_REDIS_ERROR);
    assert_string_equal(seen.error, "OOM");
    call_once(redis, &seen);
    fake_redis_set_ready(redis, false);
    assert_false(flash_redis_call(redis, &third, &err));
    flash_redis_free(redis);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.outcome, FLASH_REDIS_UNKNOWN);
    assert_null(fake_redis_last());
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(calls_complete_when_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
