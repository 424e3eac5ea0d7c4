/* Carries hiredis' reads and writes on libevent, with as few system calls as the kernel allows.
 *
 * hiredis' own adapter adds and deletes its events around every read and write: four epoll_ctl a
 * call. Here the read event is persistent, and a write is first simply tried, at flash_redis_push
 * or else once all callbacks of this turn of the loop have had their say (so calls of one turn
 * leave in one write); only a full socket waits for EV_WRITE. Until the socket is connected every
 * write waits, because hiredis takes the first write event for "connected". */
#include <stdlib.h>

#include "async.h"

struct hooks {
    redisAsyncContext *ac; /* borrowed */
    struct event *readable, *writable;
    bool writing; /* hiredis is writing: what it asks for now is the rest of it */
    bool untried; /* there is something to write, and no write of it was tried */
};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct hooks *hooks = arg;
    redisAsyncHandleRead(hooks->ac); /* may free hooks */
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct hooks *hooks = arg;
    hooks->untried = false;
    hooks->writing = true;            /* until hiredis says add_write or del_write, */
    redisAsyncHandleWrite(hooks->ac); /* or frees hooks */
}

static void add_read(void *arg)
{
    (void)arg; /* the event is persistent */
}

static void del_read(void *arg)
{
    struct hooks *hooks = arg;
    event_del(hooks->readable);
}

static void add_write(void *arg)
{
    struct hooks *hooks = arg;
    if (hooks->writing || !(hooks->ac->c.flags & REDIS_CONNECTED)) {
        hooks->writing = false;
        event_add(hooks->writable, NULL);
    } else if (!event_pending(hooks->writable, EV_WRITE, NULL)) {
        hooks->untried = true;
        event_active(hooks->writable, EV_WRITE, 0);
    }
}

static void del_write(void *arg)
{
    struct hooks *hooks = arg;
    hooks->writing = false;
    event_del(hooks->writable);
}

static void hooks_free(void *arg)
{
    struct hooks *hooks = arg;
    if (hooks->readable != NULL) {
        event_free(hooks->readable);
    }
    if (hooks->writable != NULL) {
        event_free(hooks->writable);
    }
    free(hooks);
}

bool flash_redis_attach(redisAsyncContext *ac, struct event_base *base)
{
    struct hooks *hooks = calloc(1, sizeof(*hooks));
    if (hooks == NULL) {
        return false;
    }
    hooks->ac = ac;
    hooks->readable = event_new(base, ac->c.fd, EV_READ | EV_PERSIST, on_readable, hooks);
    hooks->writable = event_new(base, ac->c.fd, EV_WRITE, on_writable, hooks);
    if (hooks->readable == NULL || hooks->writable == NULL ||
        event_add(hooks->readable, NULL) != 0) {
        hooks_free(hooks);
        return false;
    }
    ac->ev.addRead = add_read;
    ac->ev.delRead = del_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = del_write;
    ac->ev.cleanup = hooks_free;
    ac->ev.data = hooks;
    return true;
}

void flash_redis_push(struct flash_redis *redis)
{
    struct hooks *hooks = redis->state == FLASH_REDIS_READY ? redis->ac->ev.data : NULL;
    if (hooks != NULL && hooks->untried) {
        on_writable(redis->ac->c.fd, EV_WRITE, hooks);
    }
}
