/* Sends commands and hands their replies on, one slot of a fixed pool each.
 *
 * A call is formatted into its slot's buffer, which is kept until the reply: NOSCRIPT (somebody
 * said SCRIPT FLUSH) is answered by the same call as EVAL, once, and by loading all scripts again.
 * A slot goes back to the pool before done() runs, so that done() may start the next call at once.
 * Replies come in order; hiredis' order is asserted to be ours. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "async.h"
#include "flash/time.h"

#define BYTES_IN_FLIGHT_MAX                                                                        \
    (64u << 20) /* hiredis' output buffer itself has no limit (PITFALLS §1.8) */
/* Slots beside those of calls: the greeting or the scripts' reload, and INFO memory. */
#define OWN_SLOTS (FLASH_SCRIPT_COUNT + 4)

bool flash_redis_pool_new(struct flash_redis *redis)
{
    redis->slot_count = redis->max_in_flight + OWN_SLOTS;
    redis->slots = calloc((size_t)redis->slot_count, sizeof(*redis->slots));
    if (redis->slots == NULL) {
        return false;
    }
    for (int i = redis->slot_count - 1; i >= 0; i--) {
        redis->slots[i].redis = redis;
        redis->slots[i].next = redis->spare;
        redis->spare = &redis->slots[i];
    }
    return true;
}

void flash_redis_pool_free(struct flash_redis *redis)
{
    for (int i = 0; redis->slots != NULL && i < redis->slot_count; i++) {
        flash_resp_free(&redis->slots[i].command);
    }
    flash_resp_free(&redis->scratch);
    free(redis->slots);
}

static struct flash_redis_slot *take_spare(struct flash_redis *redis)
{
    struct flash_redis_slot *slot = redis->spare;
    assert(slot != NULL); /* the pool has room for all that the counters admit */
    redis->spare = slot->next;
    slot->next = NULL;
    slot->repeated = false;
    return slot;
}

static void put_spare(struct flash_redis_slot *slot)
{
    flash_resp_trim(&slot->command);
    slot->next = slot->redis->spare;
    slot->redis->spare = slot;
}

static struct flash_redis_slot *pop_oldest(struct flash_redis *redis)
{
    struct flash_redis_slot *slot = redis->in_flight.head;
    assert(slot != NULL);
    redis->in_flight.head = slot->next;
    if (slot->next == NULL) {
        redis->in_flight.tail = NULL;
    }
    slot->next = NULL;
    return slot;
}

static void on_reply(redisAsyncContext *ac, void *reply, void *arg)
{
    struct flash_redis_slot *slot = arg;
    struct flash_redis *redis = slot->redis;
    struct flash_redis_slot *oldest = pop_oldest(redis);
    assert(oldest == slot);
    redis->bytes -= slot->command.len;
    if (reply == NULL) {
        flash_redis_lose(redis, ac->c.err != 0 ? ac->c.errstr : "closed");
    }
    slot->answer(slot, reply); /* owns the slot now */
}

/* Puts slot in flight with command (its own, or the EVAL of it). */
static void launch(struct flash_redis_slot *slot, const struct flash_resp *command)
{
    struct flash_redis *redis = slot->redis;
    int64_t timeout_ms = redis->reply_timeout_ms;
    int rc = redisAsyncFormattedCommand(redis->ac, on_reply, slot, command->bytes, command->len);
    assert(rc == REDIS_OK); /* the state says that the context is live */
    slot->deadline_us = flash_time_monotonic_us() + (uint64_t)timeout_ms * 1000;
    if (redis->in_flight.tail != NULL) {
        redis->in_flight.tail->next = slot;
    } else {
        redis->in_flight.head = slot;
    }
    redis->in_flight.tail = slot;
    redis->bytes += slot->command.len;
    if (!evtimer_pending(redis->timer, NULL)) {
        flash_redis_timer(redis, timeout_ms);
    }
}

static void complete(struct flash_redis_slot *slot, const struct flash_redis_result *result)
{
    struct flash_redis *redis = slot->redis;
    flash_redis_done done = slot->done;
    void *arg = slot->arg;
    redis->calls--;
    put_spare(slot);
    redis->completing++;
    done(result, arg);
    redis->completing--;
}

static void answer_load(struct flash_redis_slot *slot, const redisReply *reply)
{
    (void)reply; /* refused: the next NOSCRIPT tries again */
    slot->redis->loads--;
    put_spare(slot);
}

static void load_again(struct flash_redis *redis)
{
    if (redis->loads > 0) {
        return;
    }
    for (int i = 0; i < FLASH_SCRIPT_COUNT; i++) {
        struct flash_redis_slot *slot = take_spare(redis);
        slot->answer = answer_load;
        if (!flash_scripts_format_load((enum flash_script)i, &slot->command, NULL)) {
            put_spare(slot);
            return;
        }
        launch(slot, &slot->command);
        redis->loads++;
    }
}

static bool repeat(struct flash_redis_slot *slot)
{
    struct flash_redis *redis = slot->redis;
    if (slot->repeated || redis->state != FLASH_REDIS_READY ||
        !flash_scripts_format_eval(slot->script, &slot->command, &redis->scratch, NULL)) {
        return false;
    }
    slot->repeated = true;
    launch(slot, &redis->scratch);
    load_again(redis);
    return true;
}

static void answer_call(struct flash_redis_slot *slot, const redisReply *reply)
{
    struct flash_redis_result result = {.outcome = FLASH_REDIS_UNKNOWN};
    if (reply != NULL && reply->type != REDIS_REPLY_ERROR) {
        result.outcome = FLASH_REDIS_REPLY;
        result.reply = (const struct flash_redis_reply *)reply;
    } else if (reply != NULL) {
        if (strncmp(reply->str, "NOSCRIPT", 8) == 0 && repeat(slot)) {
            return;
        }
        result.outcome = FLASH_REDIS_ERROR;
        result.error = reply->str;
    }
    complete(slot, &result);
}

static void answer_greeting(struct flash_redis_slot *slot, const redisReply *reply)
{
    struct flash_redis *redis = slot->redis;
    struct flash_greet_answer answer = {slot->step, &redis->scripts, reply};
    struct flash_error err;
    put_spare(slot);
    if (reply == NULL || redis->state != FLASH_REDIS_GREETING) {
        return;
    }
    if (!flash_greet_check(&answer, &redis->server, &err)) {
        flash_redis_lose_later(redis, err.text);
    } else if (answer.step == flash_greet_steps() - 1) {
        flash_redis_greeted(redis);
    }
}

void flash_redis_greet(struct flash_redis *redis)
{
    struct flash_error err;
    for (int step = 0; step < flash_greet_steps(); step++) {
        struct flash_redis_slot *slot = take_spare(redis);
        slot->answer = answer_greeting;
        slot->step = step;
        if (!flash_greet_format(step, &redis->login, &slot->command, &err)) {
            put_spare(slot);
            flash_redis_lose_later(redis, err.text);
            return;
        }
        if (slot->command.len == 0) {
            put_spare(slot);
            continue;
        }
        launch(slot, &slot->command);
    }
}

static void answer_memory(struct flash_redis_slot *slot, const redisReply *reply)
{
    struct flash_redis *redis = slot->redis;
    struct flash_error err;
    redis->asking = false;
    put_spare(slot);
    if (reply != NULL && redis->state == FLASH_REDIS_READY &&
        !flash_greet_memory(reply, &redis->server.memory_percent, &err)) {
        flash_redis_lose_later(redis, err.text);
    }
}

void flash_redis_ask_memory(struct flash_redis *redis)
{
    if (redis->state != FLASH_REDIS_READY || redis->asking) {
        return;
    }
    struct flash_redis_slot *slot = take_spare(redis);
    slot->answer = answer_memory;
    if (!flash_greet_format_memory(&slot->command, NULL)) {
        put_spare(slot);
        return;
    }
    redis->asking = true;
    launch(slot, &slot->command);
}

bool flash_redis_call(struct flash_redis *redis, const struct flash_redis_call *call,
                      struct flash_error *err)
{
    if (redis->state != FLASH_REDIS_READY) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis is away: %.200s", redis->trouble);
    }
    if (redis->calls >= redis->max_in_flight || redis->bytes > BYTES_IN_FLIGHT_MAX) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: %d calls in flight, %zu bytes",
                               redis->calls, redis->bytes);
    }
    struct flash_redis_slot *slot = take_spare(redis);
    if (!flash_scripts_format(&redis->scripts, call, &slot->command, err)) {
        put_spare(slot);
        return false;
    }
    slot->answer = answer_call;
    slot->script = call->script;
    slot->done = call->done;
    slot->arg = call->arg;
    redis->calls++;
    launch(slot, &slot->command);
    return true;
}

int flash_redis_in_flight(const struct flash_redis *redis)
{
    return redis->calls;
}

int flash_redis_fd(const struct flash_redis *redis)
{
    return redis->ac ? redis->ac->c.fd : -1;
}

int flash_redis_room(const struct flash_redis *redis)
{
    if (redis->state != FLASH_REDIS_READY) {
        return 100;
    }
    int calls = 100 * (redis->max_in_flight - redis->calls) / redis->max_in_flight;
    int bytes = redis->bytes > BYTES_IN_FLIGHT_MAX
                    ? 0
                    : (int)(100 - 100 * (uint64_t)redis->bytes / BYTES_IN_FLIGHT_MAX);
    return calls < bytes ? calls : bytes;
}
