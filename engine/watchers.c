/* The list of watchers of each SKU; see watchers.h.
 *
 * A watcher leaves by its kind's own ways; a read under way for it is told (read->watcher = NULL),
 * never waited for. Held requests and orders on their way (QUEUED, CANCELLING …) make a SKU's list
 * hasty: it is read each tick. Streams of orders at rest, which stay for half an hour, are read no
 * more often than REST_US, so that few of them on many SKUs do not add up to a call per SKU and
 * tick. */
#include "watchers.h"

#include <string.h>

#include "events.h"
#include "waiters.h"

#define REST_US 250000

static void (*const seen[])(struct flash_watcher *, const struct flash_order_view *) = {
    [FLASH_WATCHER_WAITER] = flash_waiters_seen,
    [FLASH_WATCHER_STREAM] = flash_events_seen,
};

static bool hasty(const struct flash_watcher *watcher)
{
    return watcher->kind == FLASH_WATCHER_WAITER || watcher->state == FLASH_STATE_QUEUED ||
           watcher->state == FLASH_STATE_CANCELLING || watcher->state == FLASH_STATE_EXPIRING ||
           watcher->state == FLASH_STATE_RETURNING;
}

void flash_watchers_add(struct flash_watcher *watcher, struct flash_worker *worker,
                        const struct flash_read *read, enum flash_state state)
{
    watcher->worker = worker;
    watcher->sku = read->sku;
    watcher->reading = NULL;
    watcher->state = state;
    watcher->read_us = worker->now_us;
    watcher->ref_len = read->ref_len;
    memcpy(watcher->ref, read->ref, read->ref_len);
    if (TAILQ_EMPTY(&watcher->sku->watchers)) {
        TAILQ_INSERT_TAIL(&worker->watched, watcher->sku, next_watched);
    }
    TAILQ_INSERT_TAIL(&watcher->sku->watchers, watcher, links);
    watcher->sku->hasty_watchers += hasty(watcher);
}

void flash_watchers_remove(struct flash_watcher *watcher)
{
    if (watcher->reading) {
        watcher->reading->watcher = NULL;
    }
    watcher->sku->hasty_watchers -= hasty(watcher);
    TAILQ_REMOVE(&watcher->sku->watchers, watcher, links);
    if (TAILQ_EMPTY(&watcher->sku->watchers)) {
        TAILQ_REMOVE(&watcher->worker->watched, watcher->sku, next_watched);
    }
}

void flash_watchers_told(struct flash_watcher *watcher, enum flash_state state)
{
    watcher->sku->hasty_watchers -= hasty(watcher);
    watcher->state = state;
    watcher->sku->hasty_watchers += hasty(watcher);
}

void flash_watchers_seen(struct flash_watcher *watcher, const struct flash_order_view *order)
{
    watcher->reading = NULL;
    seen[watcher->kind](watcher, order);
}

void flash_watchers_missed(struct flash_watcher *watcher)
{
    watcher->reading = NULL;
    if (watcher->kind == FLASH_WATCHER_WAITER) {
        flash_waiters_missed(watcher); /* a stream has no deadline */
    }
}

/* The front is the longest unread: where it is not due, nobody is. */
static bool due(const struct flash_watcher *watcher)
{
    return !watcher->reading && (watcher->sku->hasty_watchers > 0 ||
                                 watcher->worker->now_us - watcher->read_us >= REST_US);
}

int flash_watchers_next(struct flash_sku *sku, struct flash_watcher **list, int max)
{
    int count = 0;
    struct flash_watcher *watcher, *next;
    for (watcher = TAILQ_FIRST(&sku->watchers); watcher && count < max && due(watcher);
         watcher = next) {
        next = TAILQ_NEXT(watcher, links);
        list[count++] = watcher;
    }
    for (int i = 0; i < count; i++) {
        TAILQ_REMOVE(&sku->watchers, list[i], links);
        TAILQ_INSERT_TAIL(&sku->watchers, list[i], links);
        list[i]->read_us = list[i]->worker->now_us;
    }
    return count;
}
