/* The fake of the blocking adapter: a list of calls and a list of answers; see fake_redis_sync.h.
 * The functions that read a reply are fake_redis.c's. */
#include "fake_redis_sync.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct answer {
    json_t *reply; /* NULL: refused with text, or lost without one */
    char *text;
};

struct flash_redis_sync {
    struct fake_redis_sync_call *calls;
    int call_count, taken;
    struct answer *answers;
    int answer_count, answered;
    bool away;
    char run_id[64];
};

static struct flash_redis_sync *last;

static void *checked(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

bool flash_redis_sync_new(const struct flash_config *config, struct flash_redis_sync **ret_redis,
                          struct flash_error *err)
{
    (void)config;
    (void)err;
    struct flash_redis_sync *redis = checked(calloc(1, sizeof(*redis)));
    memset(redis->run_id, 'a', 40);
    *ret_redis = last = redis;
    return true;
}

static void forget_call(struct fake_redis_sync_call *call)
{
    for (int i = 0; i < call->argc; i++) {
        free(call->argv[i]);
    }
    free(call->argv);
    free(call->argv_len);
}

void flash_redis_sync_free(struct flash_redis_sync *redis)
{
    if (redis == NULL) {
        return;
    }
    for (int i = 0; i < redis->call_count; i++) {
        forget_call(&redis->calls[i]);
    }
    for (int i = 0; i < redis->answer_count; i++) {
        json_decref(redis->answers[i].reply);
        free(redis->answers[i].text);
    }
    free(redis->calls);
    free(redis->answers);
    if (last == redis) {
        last = NULL;
    }
    free(redis);
}

struct flash_redis_sync *fake_redis_sync_last(void)
{
    return last;
}

/* ---- what the test says beforehand ---- */

static void add_answer(struct flash_redis_sync *redis, json_t *reply, const char *text)
{
    size_t count = (size_t)redis->answer_count + 1;
    redis->answers = checked(reallocarray(redis->answers, count, sizeof(*redis->answers)));
    redis->answers[redis->answer_count++] = (struct answer){
        .reply = reply,
        .text = text == NULL ? NULL : checked(strdup(text)),
    };
}

void fake_redis_sync_reply(struct flash_redis_sync *redis, json_t *reply)
{
    assert(reply != NULL); /* json_pack did not like its format */
    add_answer(redis, reply, NULL);
}

void fake_redis_sync_refuse(struct flash_redis_sync *redis, const char *text)
{
    add_answer(redis, NULL, text);
}

void fake_redis_sync_lose(struct flash_redis_sync *redis)
{
    add_answer(redis, NULL, NULL);
}

void fake_redis_sync_set_away(struct flash_redis_sync *redis, bool away)
{
    redis->away = away;
}

void fake_redis_sync_set_run_id(struct flash_redis_sync *redis, const char *run_id)
{
    assert(strlen(run_id) < sizeof(redis->run_id));
    memcpy(redis->run_id, run_id, strlen(run_id) + 1);
}

/* ---- what the code under test does ---- */

bool flash_redis_sync_ping(struct flash_redis_sync *redis, struct flash_error *err)
{
    assert(redis->taken == redis->call_count); /* as the real one: nothing may be queued */
    return !redis->away || flash_error_set(err, FLASH_ERROR_RETRY, "redis: away, says the test");
}

bool flash_redis_sync_queue(struct flash_redis_sync *redis, const struct flash_redis_call *call,
                            struct flash_error *err)
{
    if (redis->away) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: away, says the test");
    }
    if (redis->call_count - redis->taken == FLASH_REDIS_SYNC_QUEUE) {
        redis->taken = redis->call_count; /* as the real one: nothing is queued any more */
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: the queue was full");
    }
    size_t count = (size_t)call->argc;
    struct fake_redis_sync_call copy = {.script = call->script, .sku = call->sku};
    copy.argc = call->argc;
    copy.argv = checked(calloc(count + 1, sizeof(*copy.argv)));
    copy.argv_len = checked(calloc(count + 1, sizeof(*copy.argv_len)));
    for (size_t i = 0; i < count; i++) {
        copy.argv[i] = checked(calloc(1, call->argv_len[i] + 1));
        memcpy(copy.argv[i], call->argv[i], call->argv_len[i]);
        copy.argv_len[i] = call->argv_len[i];
    }
    count = (size_t)redis->call_count + 1;
    redis->calls = checked(reallocarray(redis->calls, count, sizeof(*redis->calls)));
    redis->calls[redis->call_count++] = copy;
    return true;
}

bool flash_redis_sync_flush(struct flash_redis_sync *redis, struct flash_error *err)
{
    (void)redis;
    (void)err;
    return true;
}

bool flash_redis_sync_take(struct flash_redis_sync *redis, struct flash_redis_reply **ret_reply,
                           struct flash_error *err)
{
    assert(redis->taken < redis->call_count);
    assert(redis->answered < redis->answer_count); /* the test has not said what comes now */
    struct answer *answer = &redis->answers[redis->answered++];
    redis->taken++;
    if (answer->reply != NULL) {
        *ret_reply = (struct flash_redis_reply *)answer->reply;
        answer->reply = NULL;
        return true;
    }
    if (answer->text != NULL) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: %s", answer->text);
    }
    redis->taken = redis->call_count;
    return flash_error_set(err, FLASH_ERROR_UNKNOWN, "redis: connection lost, says the test");
}

bool flash_redis_sync_call(struct flash_redis_sync *redis, const struct flash_redis_call *call,
                           struct flash_redis_reply **ret_reply, struct flash_error *err)
{
    assert(redis->taken == redis->call_count);
    return flash_redis_sync_queue(redis, call, err) && flash_redis_sync_take(redis, ret_reply, err);
}

void flash_redis_reply_free(struct flash_redis_reply *reply)
{
    json_decref((json_t *)reply);
}

const char *flash_redis_sync_run_id(const struct flash_redis_sync *redis)
{
    return redis->away ? "" : redis->run_id;
}

/* ---- what the test looks at afterwards ---- */

int fake_redis_sync_calls(const struct flash_redis_sync *redis)
{
    return redis->call_count;
}

const struct fake_redis_sync_call *fake_redis_sync_call(const struct flash_redis_sync *redis, int i)
{
    return i < redis->call_count ? &redis->calls[i] : NULL;
}

bool fake_redis_sync_argument_is(const struct flash_redis_sync *redis, int i, int n,
                                 const char *text)
{
    const struct fake_redis_sync_call *call = fake_redis_sync_call(redis, i);
    return call != NULL && n < call->argc && call->argv_len[n] == strlen(text) &&
           memcmp(call->argv[n], text, call->argv_len[n]) == 0;
}

int fake_redis_sync_answers_left(const struct flash_redis_sync *redis)
{
    return redis->answer_count - redis->answered;
}
