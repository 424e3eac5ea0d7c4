/* Redis for a blocking thread: calls are queued, sent together at the first take, and answered in
 * order.
 *
 * NOSCRIPT inside a pipeline: every connection loads all scripts first, so it takes a SCRIPT FLUSH
 * meanwhile. The replies behind it are then read and kept with their calls, and only then the call
 * is sent again as EVAL, so that its reply cannot be mistaken for another's. Calls may therefore
 * run in another order than they were queued, after a flush only: the scripts commute (DESIGN §3).
 *
 * Invariant: a queued call keeps its command until it is taken; `kept` is its reply when that was
 * read early. What cannot be queued empties the queue, or its answers would be met by whoever
 * queues next. */
#include "flash/redis_sync.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "greet.h"

#define QUEUE_BYTES_MAX (64u << 20)

struct queued {
    struct flash_resp command; /* its memory is kept for the ring's next round */
    enum flash_script script;
    redisReply *kept; /* owned; NULL: not read yet */
};

struct flash_redis_sync {
    char host[64];
    int port;
    struct timeval connect_timeout, reply_timeout;
    struct flash_greet_login login;
    struct flash_scripts scripts;
    struct flash_greet_server server;
    redisContext *context; /* NULL while away */
    struct queued *ring;   /* FLASH_REDIS_SYNC_QUEUE of them */
    unsigned first, count; /* of the ring: the queued calls */
    size_t bytes;
    struct flash_resp scratch;
};

static struct timeval to_timeval(int64_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static struct queued *queued_at(struct flash_redis_sync *redis, unsigned i)
{
    return &redis->ring[(redis->first + i) % FLASH_REDIS_SYNC_QUEUE];
}

static void forget_first(struct flash_redis_sync *redis)
{
    struct queued *call = queued_at(redis, 0);
    redis->bytes -= call->command.len;
    flash_resp_trim(&call->command);
    if (call->kept != NULL) {
        freeReplyObject(call->kept);
        call->kept = NULL;
    }
    redis->count--; /* an empty ring begins anew: few slots keep memory for the next round */
    redis->first = redis->count > 0 ? (redis->first + 1) % FLASH_REDIS_SYNC_QUEUE : 0;
}

static void hang_up(struct flash_redis_sync *redis)
{
    while (redis->count > 0) {
        forget_first(redis);
    }
    if (redis->context != NULL) {
        redisFree(redis->context);
        redis->context = NULL;
    }
    redis->server = (struct flash_greet_server){0};
}

bool flash_redis_sync_new(const struct flash_config *config, struct flash_redis_sync **ret_redis,
                          struct flash_error *err)
{
    struct flash_redis_sync *redis = calloc(1, sizeof(*redis));
    if (redis == NULL ||
        (redis->ring = calloc(FLASH_REDIS_SYNC_QUEUE, sizeof(*redis->ring))) == NULL) {
        free(redis);
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: no memory");
    }
    memcpy(redis->host, config->redis.host, sizeof(redis->host));
    redis->port = config->redis.port;
    redis->connect_timeout = to_timeval(config->redis.connect_timeout_ms);
    redis->reply_timeout = to_timeval(config->redis.reply_timeout_ms);
    redis->login = flash_greet_login(config);
    flash_scripts_init(&redis->scripts);
    *ret_redis = redis;
    return true;
}

void flash_redis_sync_free(struct flash_redis_sync *redis)
{
    if (redis == NULL) {
        return;
    }
    hang_up(redis);
    for (int i = 0; i < FLASH_REDIS_SYNC_QUEUE; i++) {
        flash_resp_free(&redis->ring[i].command);
    }
    flash_resp_free(&redis->scratch);
    explicit_bzero(&redis->login, sizeof(redis->login));
    free(redis->ring);
    free(redis);
}

static const char *reason(const redisContext *context)
{
    bool late = context->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
    return late ? "no answer in time" : context->errstr;
}

/* One command and its reply, with nothing else on its way. NULL: the connection is of no use any
 * more. */
static redisReply *ask(struct flash_redis_sync *redis, const struct flash_resp *command)
{
    void *reply = NULL;
    if (redisAppendFormattedCommand(redis->context, command->bytes, command->len) != REDIS_OK ||
        redisGetReply(redis->context, &reply) != REDIS_OK) {
        return NULL;
    }
    return reply;
}

static bool greet_step(struct flash_redis_sync *redis, int step, struct flash_error *err)
{
    if (!flash_greet_format(step, &redis->login, &redis->scratch, err)) {
        return false;
    }
    if (redis->scratch.len == 0) {
        return true;
    }
    redisReply *reply = ask(redis, &redis->scratch);
    if (reply == NULL) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: %s", reason(redis->context));
    }
    struct flash_greet_answer answer = {step, &redis->scripts, reply};
    bool ok = flash_greet_check(&answer, &redis->server, err);
    freeReplyObject(reply);
    return ok;
}

static bool connect_now(struct flash_redis_sync *redis, struct flash_error *err)
{
    redisContext *context =
        redisConnectWithTimeout(redis->host, redis->port, redis->connect_timeout);
    redis->context = context;
    if (context == NULL) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: no memory");
    }
    if (context->err != 0 || redisSetTimeout(context, redis->reply_timeout) != REDIS_OK) {
        flash_error_set(err, FLASH_ERROR_RETRY, "redis: %s:%d: %s", redis->host, redis->port,
                        context->errstr);
        hang_up(redis);
        return false;
    }
    redisEnableKeepAlive(context);
    for (int step = 0; step < flash_greet_steps(); step++) {
        if (!greet_step(redis, step, err)) {
            hang_up(redis);
            return false;
        }
    }
    return true;
}

/* An idle connection has nothing to read; if it has, Redis has closed it, and nothing is lost by
 * taking another. */
static bool connected(struct flash_redis_sync *redis, struct flash_error *err)
{
    if (redis->context != NULL && redis->count == 0) {
        struct pollfd closed = {.fd = redis->context->fd, .events = POLLIN};
        if (poll(&closed, 1, 0) > 0) {
            hang_up(redis);
        }
    }
    return redis->context != NULL || connect_now(redis, err);
}

bool flash_redis_sync_ping(struct flash_redis_sync *redis, struct flash_error *err)
{
    static const struct flash_text ping = {"PING", 4};
    if (redis->count > 0) {
        return flash_error_set(err, FLASH_ERROR_BUG, "redis: ping with %u calls queued",
                               redis->count);
    }
    if (!connected(redis, err) || !flash_resp_command(&redis->scratch, &ping, 1, err)) {
        return false;
    }
    redisReply *reply = ask(redis, &redis->scratch);
    bool ok = reply != NULL && flash_redis_reply_is((struct flash_redis_reply *)reply, "PONG");
    if (!ok) {
        flash_error_set(err, FLASH_ERROR_RETRY, "redis: %.200s",
                        reply != NULL ? reply->str : reason(redis->context));
        hang_up(redis);
    }
    freeReplyObject(reply);
    return ok;
}

bool flash_redis_sync_queue(struct flash_redis_sync *redis, const struct flash_redis_call *call,
                            struct flash_error *err)
{
    if (redis->count == FLASH_REDIS_SYNC_QUEUE || redis->bytes > QUEUE_BYTES_MAX) {
        flash_error_set(err, FLASH_ERROR_RETRY, "redis: %u calls queued, and one more",
                        redis->count);
        hang_up(redis); /* who goes on after this must not take the answers of these */
        return false;
    }
    struct queued *next = queued_at(redis, redis->count);
    if (!connected(redis, err)) {
        return false;
    }
    if (!flash_scripts_format(&redis->scripts, call, &next->command, err)) {
        hang_up(redis);
        return false;
    }
    if (redisAppendFormattedCommand(redis->context, next->command.bytes, next->command.len) !=
        REDIS_OK) {
        hang_up(redis);
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: no memory");
    }
    next->script = call->script;
    redis->bytes += next->command.len;
    redis->count++;
    return true;
}

static bool unknown(struct flash_redis_sync *redis, struct flash_error *err)
{
    flash_error_set(err, FLASH_ERROR_UNKNOWN, "redis: %s, %u calls unanswered",
                    reason(redis->context), redis->count);
    hang_up(redis);
    return false;
}

bool flash_redis_sync_flush(struct flash_redis_sync *redis, struct flash_error *err)
{
    int done = redis->count == 0;
    while (!done) {
        if (redisBufferWrite(redis->context, &done) != REDIS_OK) {
            return unknown(redis, err);
        }
    }
    return true;
}

/* Reads the replies of all calls behind the first, so that nothing is on its way. */
static bool drain(struct flash_redis_sync *redis)
{
    for (unsigned i = 1; i < redis->count; i++) {
        struct queued *call = queued_at(redis, i);
        void *reply = NULL;
        if (call->kept == NULL) {
            if (redisGetReply(redis->context, &reply) != REDIS_OK) {
                return false;
            }
            call->kept = reply;
        }
    }
    return true;
}

static redisReply *repeat_first(struct flash_redis_sync *redis)
{
    const struct queued *call = queued_at(redis, 0);
    if (!drain(redis) ||
        !flash_scripts_format_eval(call->script, &call->command, &redis->scratch, NULL)) {
        return NULL;
    }
    return ask(redis, &redis->scratch);
}

bool flash_redis_sync_take(struct flash_redis_sync *redis, struct flash_redis_reply **ret_reply,
                           struct flash_error *err)
{
    if (redis->count == 0) {
        return flash_error_set(err, FLASH_ERROR_BUG, "redis: take without a queued call");
    }
    struct queued *call = queued_at(redis, 0);
    void *reply = call->kept;
    call->kept = NULL;
    if (reply == NULL && redisGetReply(redis->context, &reply) != REDIS_OK) {
        return unknown(redis, err);
    }
    redisReply *answer = reply;
    if (answer->type == REDIS_REPLY_ERROR && strncmp(answer->str, "NOSCRIPT", 8) == 0) {
        freeReplyObject(answer);
        answer = repeat_first(redis);
        if (answer == NULL) {
            return unknown(redis, err);
        }
    }
    forget_first(redis);
    if (answer->type == REDIS_REPLY_ERROR) {
        flash_error_set(err, FLASH_ERROR_RETRY, "redis: %.200s", answer->str);
        freeReplyObject(answer);
        return false;
    }
    *ret_reply = (struct flash_redis_reply *)answer;
    return true;
}

bool flash_redis_sync_call(struct flash_redis_sync *redis, const struct flash_redis_call *call,
                           struct flash_redis_reply **ret_reply, struct flash_error *err)
{
    assert(redis->count == 0); /* else the reply taken would be another call's */
    return flash_redis_sync_queue(redis, call, err) && flash_redis_sync_take(redis, ret_reply, err);
}

const char *flash_redis_sync_run_id(const struct flash_redis_sync *redis)
{
    return redis->server.run_id;
}
