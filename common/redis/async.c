/* The life of the connection: who may do what to it when.
 *
 *     AWAY ──timer──▶ CONNECTING ──connected──▶ GREETING ──all answered──▶ READY
 *       ▲                 │ refused, too late       │ refused, too late       │ closed, a reply too
 * late └─────────────────┴──────────◀──────────────┴───────── LOST ◀─────────┘
 *
 * Rules of hiredis 0.14 that this keeps (PITFALLS §1): a context is freed by the timer or by
 * hiredis, never by us inside one of its callbacks; its pointer is dropped in the callback that
 * announces its end; the next connect comes from the timer. A lost connection gives every open call
 * a NULL reply, so what follows LOST is UNKNOWN for them. */
#include "async.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "flash/time.h"

#define BACKOFF_MIN_MS 50
#define BACKOFF_MAX_MS 1000
#define LATE_LOOP_MS                                                                               \
    1 /* how long to let the loop read what has arrived before a call is called late */
#define PULSE_S 1

static void move(struct flash_redis *redis, enum flash_redis_state next)
{
#define TO(state) (1u << FLASH_REDIS_##state)
    static const unsigned allowed[] = {
        [FLASH_REDIS_AWAY] = TO(CONNECTING) | TO(CLOSED),
        [FLASH_REDIS_CONNECTING] = TO(GREETING) | TO(AWAY) | TO(CLOSED),
        [FLASH_REDIS_GREETING] = TO(READY) | TO(LOST) | TO(CLOSED),
        [FLASH_REDIS_READY] = TO(LOST) | TO(CLOSED),
        [FLASH_REDIS_LOST] = TO(AWAY) | TO(CLOSED),
        [FLASH_REDIS_CLOSED] = 0,
    };
#undef TO
    assert(allowed[redis->state] & (1u << next));
    redis->state = next;
}

void flash_redis_timer(struct flash_redis *redis, int64_t ms)
{
    struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_add(redis->timer, &after);
}

/* Half of the step for sure, half by chance: many engines do not come back in the same millisecond.
 */
static void come_back(struct flash_redis *redis)
{
    unsigned random = 0;
    int shift = redis->tries < 8 ? redis->tries : 8;
    int64_t step = BACKOFF_MIN_MS << shift;
    step = step < BACKOFF_MAX_MS ? step : BACKOFF_MAX_MS;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0) {
        random = (unsigned)flash_time_monotonic_us();
    }
    redis->tries++;
    redis->ac = NULL;
    move(redis, FLASH_REDIS_AWAY);
    flash_redis_timer(redis, step / 2 + random % (step / 2 + 1));
}

static void set_trouble(struct flash_redis *redis, const char *text)
{
    snprintf(redis->trouble, sizeof(redis->trouble), "%s", text);
}

void flash_redis_lose(struct flash_redis *redis, const char *text)
{
    if (redis->state == FLASH_REDIS_LOST || redis->state == FLASH_REDIS_CLOSED) {
        return;
    }
    set_trouble(redis, text);
    move(redis, FLASH_REDIS_LOST);
    redis->server = (struct flash_greet_server){0};
    event_del(redis->pulse);
    event_del(redis->timer);
}

void flash_redis_lose_later(struct flash_redis *redis, const char *text)
{
    if (redis->state == FLASH_REDIS_GREETING || redis->state == FLASH_REDIS_READY) {
        flash_redis_lose(redis, text);
        flash_redis_timer(redis, 0);
    }
}

void flash_redis_greeted(struct flash_redis *redis)
{
    struct timeval second = {.tv_sec = PULSE_S};
    move(redis, FLASH_REDIS_READY);
    redis->tries = 0;
    redis->trouble[0] = '\0';
    event_del(redis->timer);
    event_add(redis->pulse, &second);
}

static void on_connect(const redisAsyncContext *ac, int status)
{
    struct flash_redis *redis = ac->data;
    if (status != REDIS_OK) {
        set_trouble(redis, ac->c.errstr[0] != '\0' ? ac->c.errstr : "connect failed");
        come_back(redis);
        return;
    }
    redisEnableKeepAlive(&redis->ac->c);
    move(redis, FLASH_REDIS_GREETING);
    flash_redis_greet(redis);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    (void)status; /* OK when we freed it, whatever the reason was */
    struct flash_redis *redis = ac->data;
    if (redis->state == FLASH_REDIS_CLOSED) {
        redis->ac = NULL;
        return;
    }
    flash_redis_lose(redis, ac->err != 0 ? ac->errstr : "closed");
    come_back(redis);
}

static void start(struct flash_redis *redis)
{
    redisAsyncContext *ac = redisAsyncConnect(redis->ip, redis->port);
    move(redis, FLASH_REDIS_CONNECTING);
    if (ac == NULL || ac->err != 0 || !flash_redis_attach(ac, redis->base)) {
        set_trouble(redis, ac != NULL && ac->err != 0 ? ac->errstr : "no memory");
        if (ac != NULL) {
            redisAsyncFree(ac);
        }
        come_back(redis);
        return;
    }
    redis->ac = ac;
    ac->data = redis;
    redisAsyncSetDisconnectCallback(ac, on_disconnect);
    redisAsyncSetConnectCallback(ac, on_connect);
    flash_redis_timer(redis, redis->connect_timeout_ms);
}

/* From the timer only. Every open call gets its NULL reply in here, then on_disconnect runs. */
static void tear_down(struct flash_redis *redis, const char *text)
{
    flash_redis_lose(redis, text);
    redisAsyncFree(redis->ac);
}

/* The loop may be late, not Redis: then the answer is waiting in the socket and is read first. */
static bool answer_is_here(const struct flash_redis *redis)
{
    struct pollfd here = {.fd = redis->ac->c.fd, .events = POLLIN};
    return poll(&here, 1, 0) > 0;
}

static void watch_oldest(struct flash_redis *redis)
{
    const struct flash_redis_slot *oldest = redis->in_flight.head;
    uint64_t now_us = flash_time_monotonic_us();
    if (oldest == NULL) {
        return;
    }
    if (now_us < oldest->deadline_us) {
        flash_redis_timer(redis, (int64_t)((oldest->deadline_us - now_us) / 1000 + 1));
    } else if (answer_is_here(redis)) {
        flash_redis_timer(redis, LATE_LOOP_MS);
    } else {
        char text[64];
        snprintf(text, sizeof(text), "no answer in %lld ms", (long long)redis->reply_timeout_ms);
        tear_down(redis, text);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct flash_redis *redis = arg;
    switch (redis->state) {
    case FLASH_REDIS_AWAY:
        start(redis);
        break;
    case FLASH_REDIS_CONNECTING:
        set_trouble(redis, "connect timed out");
        redisAsyncFree(redis->ac); /* no callback: it never was connected */
        come_back(redis);
        break;
    case FLASH_REDIS_GREETING:
        tear_down(redis, "no answer to the greeting");
        break;
    case FLASH_REDIS_READY:
        watch_oldest(redis);
        break;
    case FLASH_REDIS_LOST:
        tear_down(redis, "");
        break;
    case FLASH_REDIS_CLOSED:
        break;
    }
}

static void on_pulse(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    flash_redis_ask_memory(arg);
}

bool flash_redis_new(struct event_base *base, const struct flash_config *config,
                     struct flash_redis **ret_redis, struct flash_error *err)
{
    struct flash_redis *redis = calloc(1, sizeof(*redis));
    bool ok = false;
    if (redis == NULL) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: no memory");
    }
    redis->base = base;
    redis->port = config->redis.port;
    redis->max_in_flight = config->redis.max_in_flight;
    redis->connect_timeout_ms = config->redis.connect_timeout_ms;
    redis->reply_timeout_ms = config->redis.reply_timeout_ms;
    redis->login = flash_greet_login(config);
    redis->state = FLASH_REDIS_AWAY;
    set_trouble(redis, "connecting");
    flash_scripts_init(&redis->scripts);
    if (!flash_greet_resolve(config->redis.host, redis->ip, err)) {
        goto out;
    }
    redis->timer = evtimer_new(base, on_timer, redis);
    redis->pulse = event_new(base, -1, EV_PERSIST, on_pulse, redis);
    if (redis->timer == NULL || redis->pulse == NULL || !flash_redis_pool_new(redis)) {
        flash_error_set(err, FLASH_ERROR_RETRY, "redis: no memory");
        goto out;
    }
    start(redis);
    *ret_redis = redis;
    ok = true;
out:
    if (!ok) {
        flash_redis_free(redis);
    }
    return ok;
}

void flash_redis_free(struct flash_redis *redis)
{
    if (redis == NULL) {
        return;
    }
    assert(redis->completing == 0);
    move(redis, FLASH_REDIS_CLOSED);
    if (redis->ac != NULL) {
        redisAsyncFree(redis->ac); /* open calls complete in here */
    }
    if (redis->timer != NULL) {
        event_free(redis->timer);
    }
    if (redis->pulse != NULL) {
        event_free(redis->pulse);
    }
    flash_redis_pool_free(redis);
    explicit_bzero(&redis->login, sizeof(redis->login));
    free(redis);
}

bool flash_redis_ready(const struct flash_redis *redis)
{
    return redis->state == FLASH_REDIS_READY;
}

const char *flash_redis_trouble(const struct flash_redis *redis)
{
    return redis->trouble;
}

const char *flash_redis_run_id(const struct flash_redis *redis)
{
    return redis->state == FLASH_REDIS_READY ? redis->server.run_id : "";
}

int flash_redis_memory_percent(const struct flash_redis *redis)
{
    return redis->server.memory_percent;
}
