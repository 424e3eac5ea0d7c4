/* The list of waiting requests; see asks.h. The lock guards the list, its length and `closed`. */
#include "asks.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_MAX 64

struct flash_ask {
    struct flash_letter letter; /* first member: in the list, then in the mailbox */
    struct flash_request *request;
    struct flash_expiry_done done;
};

struct flash_asks {
    struct flash_mailbox *mailbox;
    pthread_mutex_t lock;
    struct flash_letter *waiting; /* asks, by their letters, youngest first */
    int count;
    bool closed;
};

static const struct flash_problem problems[] = {
    [FLASH_EXPIRY_STOPPED] = {503, "stopping", "Stopping", "The reconciler is shutting down.", 2},
    [FLASH_EXPIRY_NO_LEDGER] = {503, "ledger-unavailable", "Ledger unavailable",
                                "The ledger has not been read yet. Nothing was changed.", 2},
    [FLASH_EXPIRY_NO_KAFKA] = {503, "kafka-unavailable", "Kafka unavailable",
                               "What is taken could not be recorded. Nothing was changed.", 2},
    [FLASH_EXPIRY_NO_REDIS] = {503, "redis-unavailable", "Redis unavailable",
                               "Redis stopped answering; what was done before is counted here.", 2},
};

static void reply(struct flash_request *request, const struct flash_expiry_done *done)
{
    char members[256], body[280];
    snprintf(members, sizeof(members),
             "\"skus\":%" PRId64 ",\"expired\":%" PRId64 ",\"queued\":%" PRId64
             ",\"skipped\":%" PRId64 ",\"complete\":%s,\"took_ms\":%" PRId64,
             done->skus, done->expired, done->queued, done->skipped,
             done->end == FLASH_EXPIRY_COMPLETE ? "true" : "false", done->took_us / 1000);
    if (done->end == FLASH_EXPIRY_COMPLETE || done->end == FLASH_EXPIRY_CUT) {
        int len = snprintf(body, sizeof(body), "{%s}", members);
        flash_request_reply(request,
                            &(struct flash_response){.status = 200,
                                                     .headers = "Cache-Control: no-store\r\n",
                                                     .body = {body, (size_t)len}});
        return;
    }
    struct flash_problem problem = problems[done->end];
    problem.extra = members;
    flash_request_problem(request, &problem);
}

static void deliver(struct flash_letter *letter, void *arg)
{
    struct flash_ask *ask = (struct flash_ask *)letter;
    (void)arg;
    reply(ask->request, &ask->done);
    free(ask);
}

bool flash_asks_new(struct event_base *base, struct flash_asks **ret_asks, struct flash_error *err)
{
    const struct flash_mailbox_reader reader = {.deliver = deliver};
    struct flash_asks *asks = calloc(1, sizeof(*asks));
    if (!asks) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "asks: out of memory");
    }
    pthread_mutex_init(&asks->lock, NULL);
    if (!flash_mailbox_new(base, &reader, &asks->mailbox, err)) {
        flash_asks_free(asks);
        return false;
    }
    *ret_asks = asks;
    return true;
}

bool flash_asks_add(struct flash_asks *asks, struct flash_request *request)
{
    struct flash_ask *ask = calloc(1, sizeof(*ask));
    if (!ask) {
        return false;
    }
    ask->request = request;
    pthread_mutex_lock(&asks->lock);
    bool room = !asks->closed && asks->count < WAITING_MAX;
    if (room) {
        ask->letter.next = asks->waiting;
        asks->waiting = &ask->letter;
        asks->count++;
    }
    pthread_mutex_unlock(&asks->lock);
    if (!room) {
        free(ask);
    }
    return room;
}

struct flash_ask *flash_asks_take(struct flash_asks *asks)
{
    pthread_mutex_lock(&asks->lock);
    struct flash_letter *taken = asks->waiting;
    asks->waiting = NULL;
    asks->count = 0;
    pthread_mutex_unlock(&asks->lock);
    return (struct flash_ask *)taken;
}

void flash_asks_answer(struct flash_asks *asks, struct flash_ask *taken,
                       const struct flash_expiry_done *done)
{
    for (struct flash_letter *letter = taken ? &taken->letter : NULL; letter;) {
        struct flash_letter *next = letter->next;
        ((struct flash_ask *)letter)->done = *done;
        flash_mailbox_post(asks->mailbox, letter);
        letter = next;
    }
}

void flash_asks_close(struct flash_asks *asks)
{
    const struct flash_expiry_done none = {.end = FLASH_EXPIRY_STOPPED};
    pthread_mutex_lock(&asks->lock);
    asks->closed = true;
    pthread_mutex_unlock(&asks->lock);
    flash_asks_answer(asks, flash_asks_take(asks), &none);
}

void flash_asks_free(struct flash_asks *asks)
{
    if (asks) {
        flash_asks_close(asks);
        flash_mailbox_free(asks->mailbox);
        pthread_mutex_destroy(&asks->lock);
        free(asks);
    }
}
