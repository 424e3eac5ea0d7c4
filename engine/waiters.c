/* The held requests; see waiters.h.
 *
 * A waiter leaves by exactly one way: answered with a new state, answered at its deadline, or its
 * client left. */
#include "waiters.h"

static struct flash_waiter *waiter_of(struct flash_watcher *watcher)
{
    return (struct flash_waiter *)watcher;
}

static void finish(struct flash_waiter *waiter)
{
    flash_watchers_remove(&waiter->watcher);
    flash_pool_give(&waiter->watcher.worker->waiters, waiter);
}

/* order NULL: it cannot be read, or is gone, though it was there: Redis has lost writes. */
static void answer(struct flash_waiter *waiter, const struct flash_order_view *order)
{
    struct flash_request *request = waiter->request;
    finish(waiter);
    flash_request_on_gone(request, NULL, NULL);
    if (order) {
        flash_answer_order(request, order);
    } else {
        flash_answer_refuse(request, FLASH_REFUSE_UNAVAILABLE, NULL);
    }
}

/* With the state the client has. */
static void release(struct flash_waiter *waiter)
{
    const struct flash_watcher *watcher = &waiter->watcher;
    const struct flash_order_view order = {.sku = watcher->sku->id,
                                           .ref = {watcher->ref, watcher->ref_len},
                                           .record.state = watcher->state};
    answer(waiter, &order);
}

/* It may have closed its sending half only, and hears this. */
static void client_gone(struct flash_request *request, void *arg)
{
    (void)request;
    release(arg);
}

bool flash_waiters_hold(struct flash_worker *worker, const struct flash_read *read,
                        enum flash_state state)
{
    struct flash_waiter *waiter = flash_pool_take(&worker->waiters);
    if (!waiter) {
        return false;
    }
    waiter->watcher.kind = FLASH_WATCHER_WAITER;
    waiter->request = read->request;
    waiter->deadline_us = worker->now_us + (uint64_t)read->wait_us;
    flash_watchers_add(&waiter->watcher, worker, read, state);
    flash_request_on_gone(waiter->request, client_gone, waiter);
    return true;
}

void flash_waiters_seen(struct flash_watcher *watcher, const struct flash_order_view *order)
{
    struct flash_waiter *waiter = waiter_of(watcher);
    if (!order || order->record.state != watcher->state ||
        watcher->worker->now_us >= waiter->deadline_us) {
        answer(waiter, order);
    }
}

void flash_waiters_missed(struct flash_watcher *watcher)
{
    if (watcher->worker->now_us >= waiter_of(watcher)->deadline_us) {
        answer(waiter_of(watcher), NULL);
    }
}

void flash_waiters_release(struct flash_sku *sku)
{
    struct flash_watcher *watcher, *next;
    for (watcher = TAILQ_FIRST(&sku->watchers); watcher; watcher = next) {
        next = TAILQ_NEXT(watcher, links);
        if (watcher->kind == FLASH_WATCHER_WAITER) {
            release(waiter_of(watcher));
        }
    }
}
