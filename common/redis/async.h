/* The parts of struct flash_redis, shared by async.c (life of the connection), async_call.c (calls
 * on it) and async_events.c (hiredis on libevent). */
#ifndef FLASH_COMMON_REDIS_ASYNC_H
#define FLASH_COMMON_REDIS_ASYNC_H

#include <event2/event.h>
#include <hiredis/async.h>

#include "greet.h"

enum flash_redis_state {
    FLASH_REDIS_AWAY,       /* no connection; the timer starts the next try */
    FLASH_REDIS_CONNECTING, /* the socket is on its way; the timer gives up */
    FLASH_REDIS_GREETING,   /* connected, the greeting is unanswered; the timer gives up */
    FLASH_REDIS_READY,      /* calls are taken; the timer watches the oldest */
    FLASH_REDIS_LOST,       /* the context is being torn down, its callbacks are still coming */
    FLASH_REDIS_CLOSED,     /* flash_redis_free has begun */
};

/* One command in flight, from the fixed pool. Replies come in order, so the list's head is the
 * oldest. */
struct flash_redis_slot {
    struct flash_redis_slot *next;
    struct flash_redis *redis;
    void (*answer)(struct flash_redis_slot *slot, const redisReply *reply); /* reply NULL: lost */
    struct flash_resp command; /* calls: kept until the reply, to repeat it after NOSCRIPT */
    uint64_t deadline_us;
    int step; /* greeting: which */
    enum flash_script script;
    bool repeated; /* as EVAL */
    flash_redis_done done;
    void *arg;
};

struct flash_redis_list {
    struct flash_redis_slot *head, *tail;
};

struct flash_redis {
    struct event_base *base; /* borrowed */
    struct event *timer;     /* what it is for depends on the state */
    struct event *pulse;     /* INFO memory, once a second while READY */
    redisAsyncContext *ac;   /* NULL while AWAY; hiredis frees it after its last callback */
    enum flash_redis_state state;
    int tries; /* since the last READY */
    char ip[64];
    int port, max_in_flight;
    int64_t connect_timeout_ms, reply_timeout_ms;
    struct flash_greet_login login;
    struct flash_scripts scripts;
    struct flash_greet_server server;
    char trouble[256];

    struct flash_redis_slot *slots; /* the pool, slot_count of them */
    int slot_count;
    struct flash_redis_slot *spare;
    struct flash_redis_list in_flight;
    int calls;                 /* of in_flight: script calls */
    size_t bytes;              /* of all commands in flight */
    int loads;                 /* of in_flight: SCRIPT LOADs after a NOSCRIPT */
    bool asking;               /* INFO memory is in flight */
    int completing;            /* depth of done() on the stack */
    struct flash_resp scratch; /* the EVAL of a repeated call */
};

/* Marks the connection as lost: no more calls are taken. text is why. Does nothing once it is LOST
 * or CLOSED. */
void flash_redis_lose(struct flash_redis *redis, const char *text);
/* The same, and lets the timer tear the context down (never inside one of its callbacks, PITFALLS
 * §1.1). */
void flash_redis_lose_later(struct flash_redis *redis, const char *text);
/* The greeting is answered. */
void flash_redis_greeted(struct flash_redis *redis);
/* Makes the timer fire in ms. */
void flash_redis_timer(struct flash_redis *redis, int64_t ms);

FLASH_MUST_CHECK bool flash_redis_pool_new(struct flash_redis *redis);
void flash_redis_pool_free(struct flash_redis *redis);
/* Pipelines the greeting. */
void flash_redis_greet(struct flash_redis *redis);
/* Asks INFO memory. */
void flash_redis_ask_memory(struct flash_redis *redis);

/* hiredis' hooks for ac on base; NULL memory: false. */
FLASH_MUST_CHECK bool flash_redis_attach(redisAsyncContext *ac, struct event_base *base);

#endif
