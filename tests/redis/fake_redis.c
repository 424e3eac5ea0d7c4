/* The fake adapter: a list of open calls, oldest first, and the answers a test gives.
 *
 * It keeps the promises of redis.h that callers rely on: a completion runs once and never inside
 * its starter, refused calls leave no trace, free completes what is open with UNKNOWN. struct
 * flash_redis_reply is a json_t. */
#include "fake_redis.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct flash_redis {
    struct fake_redis_call *oldest, *youngest;
    int open, taken, max_in_flight, memory_percent;
    bool ready, closing;
    char run_id[64];
};

static struct flash_redis *last;

bool flash_redis_new(struct event_base *base, const struct flash_config *config,
                     struct flash_redis **ret_redis, struct flash_error *err)
{
    (void)base;
    (void)err;
    struct flash_redis *redis = calloc(1, sizeof(*redis));
    assert(redis != NULL);
    redis->max_in_flight = config->redis.max_in_flight;
    redis->ready = true;
    memset(redis->run_id, 'a', 40);
    *ret_redis = last = redis;
    return true;
}

struct flash_redis *fake_redis_last(void)
{
    return last;
}

void flash_redis_free(struct flash_redis *redis)
{
    if (redis == NULL) {
        return;
    }
    redis->closing = true;
    while (redis->oldest != NULL) {
        fake_redis_unknown(redis);
    }
    if (last == redis) {
        last = NULL;
    }
    free(redis);
}

static void copy_arguments(struct fake_redis_call *copy, const struct flash_redis_call *call)
{
    size_t count = (size_t)call->argc;
    copy->argv = calloc(count + 1, sizeof(*copy->argv));
    copy->argv_len = calloc(count + 1, sizeof(*copy->argv_len));
    assert(copy->argv != NULL && copy->argv_len != NULL);
    for (size_t i = 0; i < count; i++) {
        copy->argv[i] = calloc(1, call->argv_len[i] + 1);
        assert(copy->argv[i] != NULL);
        memcpy(copy->argv[i], call->argv[i], call->argv_len[i]);
        copy->argv_len[i] = call->argv_len[i];
    }
}

bool flash_redis_call(struct flash_redis *redis, const struct flash_redis_call *call,
                      struct flash_error *err)
{
    if (!redis->ready || redis->closing) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis is away: so says the test");
    }
    if (redis->max_in_flight > 0 && redis->open >= redis->max_in_flight) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: %d calls in flight", redis->open);
    }
    struct fake_redis_call *copy = calloc(1, sizeof(*copy));
    assert(copy != NULL);
    copy->script = call->script;
    copy->sku = call->sku;
    copy->argc = call->argc;
    copy->done = call->done;
    copy->arg = call->arg;
    copy_arguments(copy, call);
    if (redis->youngest != NULL) {
        redis->youngest->next = copy;
    } else {
        redis->oldest = copy;
    }
    redis->youngest = copy;
    redis->open++;
    redis->taken++;
    return true;
}

static void complete(struct flash_redis *redis, const struct flash_redis_result *result)
{
    struct fake_redis_call *call = redis->oldest;
    assert(call != NULL);
    redis->oldest = call->next;
    if (call->next == NULL) {
        redis->youngest = NULL;
    }
    redis->open--;
    call->done(result, call->arg);
    for (int i = 0; i < call->argc; i++) {
        free(call->argv[i]);
    }
    free(call->argv);
    free(call->argv_len);
    free(call);
}

void fake_redis_reply(struct flash_redis *redis, json_t *reply)
{
    assert(reply != NULL); /* json_pack did not like its format */
    complete(redis, &(struct flash_redis_result){
                        .outcome = FLASH_REDIS_REPLY,
                        .reply = (const struct flash_redis_reply *)reply,
                    });
    json_decref(reply);
}

void fake_redis_error(struct flash_redis *redis, const char *text)
{
    complete(redis, &(struct flash_redis_result){.outcome = FLASH_REDIS_ERROR, .error = text});
}

void fake_redis_unknown(struct flash_redis *redis)
{
    complete(redis, &(struct flash_redis_result){.outcome = FLASH_REDIS_UNKNOWN});
}

int flash_redis_fd(const struct flash_redis *redis)
{
    (void)redis;
    return -1;
}

int flash_redis_room(const struct flash_redis *redis)
{
    int most = redis->max_in_flight;
    return redis->ready && most > 0 ? 100 * (most - redis->open) / most : 100;
}

void fake_redis_set_ready(struct flash_redis *redis, bool ready)
{
    redis->ready = ready;
}

void fake_redis_set_max_in_flight(struct flash_redis *redis, int most)
{
    redis->max_in_flight = most;
}

void fake_redis_set_run_id(struct flash_redis *redis, const char *run_id)
{
    assert(strlen(run_id) < sizeof(redis->run_id));
    memcpy(redis->run_id, run_id, strlen(run_id) + 1);
}

void fake_redis_set_memory_percent(struct flash_redis *redis, int percent)
{
    redis->memory_percent = percent;
}

int fake_redis_calls(const struct flash_redis *redis)
{
    return redis->taken;
}

const struct fake_redis_call *fake_redis_open(const struct flash_redis *redis, int i)
{
    const struct fake_redis_call *call = redis->oldest;
    for (; call != NULL && i > 0; i--) {
        call = call->next;
    }
    return call;
}

bool fake_redis_argument_is(const struct flash_redis *redis, int i, int n, const char *text)
{
    const struct fake_redis_call *call = fake_redis_open(redis, i);
    return call != NULL && n < call->argc && call->argv_len[n] == strlen(text) &&
           memcmp(call->argv[n], text, call->argv_len[n]) == 0;
}

void flash_redis_push(struct flash_redis *redis)
{
    (void)redis; /* what is called is there at once */
}

bool flash_redis_ready(const struct flash_redis *redis)
{
    return redis->ready;
}

const char *flash_redis_trouble(const struct flash_redis *redis)
{
    return redis->ready ? "" : "so says the test";
}

int flash_redis_in_flight(const struct flash_redis *redis)
{
    return redis->open;
}

const char *flash_redis_run_id(const struct flash_redis *redis)
{
    return redis->ready ? redis->run_id : "";
}

int flash_redis_memory_percent(const struct flash_redis *redis)
{
    return redis->memory_percent;
}

static const json_t *json(const struct flash_redis_reply *reply)
{
    return (const json_t *)reply;
}

size_t flash_redis_reply_count(const struct flash_redis_reply *reply)
{
    return json_array_size(json(reply));
}

const struct flash_redis_reply *flash_redis_reply_at(const struct flash_redis_reply *reply,
                                                     size_t i)
{
    return (const struct flash_redis_reply *)json_array_get(json(reply), i);
}

struct flash_text flash_redis_reply_text(const struct flash_redis_reply *reply)
{
    if (!json_is_string(json(reply))) {
        return (struct flash_text){"", 0};
    }
    return (struct flash_text){json_string_value(json(reply)), json_string_length(json(reply))};
}

int64_t flash_redis_reply_int(const struct flash_redis_reply *reply)
{
    if (json_is_integer(json(reply))) {
        return json_integer_value(json(reply));
    }
    struct flash_text text = flash_redis_reply_text(reply);
    char *end;
    long long number = strtoll(text.at, &end, 10);
    return text.len > 0 && end == text.at + text.len ? number : 0;
}

bool flash_redis_reply_is(const struct flash_redis_reply *reply, const char *word)
{
    struct flash_text text = flash_redis_reply_text(reply);
    return json_is_string(json(reply)) && text.len == strlen(word) &&
           memcmp(text.at, word, text.len) == 0;
}
