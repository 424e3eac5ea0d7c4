/* The list of held requests of each SKU; see waiters.h.
 *
 * A waiter leaves by exactly one way: answered with a new state, answered at its deadline, or its
 * client left. A read under way for it is told (read->waiter = NULL), never waited for. */
#include "waiters.h"

#include <string.h>

static void finish(struct flash_waiter *waiter)
{
    if (waiter->reading) {
        waiter->reading->waiter = NULL;
    }
    TAILQ_REMOVE(&waiter->sku->waiters, waiter, links);
    flash_pool_give(&waiter->worker->waiters, waiter);
}

static void client_gone(struct flash_request *request, void *arg)
{
    finish(arg);
    flash_answer_refuse(request, FLASH_REFUSE_UNAVAILABLE, NULL); /* frees it; nobody reads this */
}

bool flash_waiters_hold(struct flash_worker *worker, const struct flash_read *read,
                        enum flash_state state)
{
    struct flash_waiter *waiter = flash_pool_take(&worker->waiters);
    if (!waiter) {
        return false;
    }
    *waiter = (struct flash_waiter){
        .worker = worker,
        .request = read->request,
        .sku = read->sku,
        .state = state,
        .deadline_us = worker->now_us + (uint64_t)read->wait_us,
        .ref_len = read->ref_len,
    };
    memcpy(waiter->ref, read->ref, read->ref_len);
    TAILQ_INSERT_TAIL(&read->sku->waiters, waiter, links);
    flash_request_on_gone(waiter->request, client_gone, waiter);
    return true;
}

static void answer(struct flash_waiter *waiter, const struct flash_order_view *order)
{
    struct flash_request *request = waiter->request;
    finish(waiter);
    flash_request_on_gone(request, NULL, NULL);
    if (order) {
        flash_answer_order(request, order);
    } else {
        flash_answer_refuse(request, FLASH_REFUSE_NO_ORDER, NULL);
    }
}

void flash_waiters_seen(struct flash_waiter *waiter, const struct flash_order_view *order)
{
    waiter->reading = NULL;
    if (!order || order->record.state != waiter->state ||
        waiter->worker->now_us >= waiter->deadline_us) {
        answer(waiter, order);
    }
}

int flash_waiters_next(struct flash_sku *sku, struct flash_waiter **list, int max)
{
    int count = 0;
    struct flash_waiter *waiter, *next;
    for (waiter = TAILQ_FIRST(&sku->waiters); waiter && count < max; waiter = next) {
        next = TAILQ_NEXT(waiter, links);
        if (waiter->reading) {
            break; /* the front is the longest unread: the rest was sent this round already */
        }
        list[count++] = waiter;
    }
    for (int i = 0; i < count; i++) {
        TAILQ_REMOVE(&sku->waiters, list[i], links);
        TAILQ_INSERT_TAIL(&sku->waiters, list[i], links);
    }
    return count;
}

void flash_waiters_release(struct flash_sku *sku)
{
    struct flash_waiter *waiter;
    while ((waiter = TAILQ_FIRST(&sku->waiters))) {
        struct flash_order_view order = {
            .sku = sku->id, .ref = {waiter->ref, waiter->ref_len}, .record.state = waiter->state};
        struct flash_request *request = waiter->request;
        finish(waiter);
        flash_request_on_gone(request, NULL, NULL);
        flash_answer_order(request, &order);
    }
}
