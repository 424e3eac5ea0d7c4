/* Requests held by Prefer: wait (RFC 7240 §4.3). */
#ifndef ENGINE_WAITERS_H
#define ENGINE_WAITERS_H

#include "watchers.h"

struct flash_waiter {
    struct flash_watcher watcher; /* first member */
    struct flash_request *request;
    uint64_t deadline_us;
};

/* Holds read's request, whose order is in state, for read->wait_us; false when too many are held
 * already. */
bool flash_waiters_hold(struct flash_worker *worker, const struct flash_read *read,
                        enum flash_state state);
/* A waiter's order was read: answers it if its state has changed or its time is up. */
void flash_waiters_seen(struct flash_watcher *watcher, const struct flash_order_view *order);
/* Its order could not be read: it waits on, unless its time is up. */
void flash_waiters_missed(struct flash_watcher *watcher);
/* Answers every held request of sku with the state its client has (304): the worker is stopping. */
void flash_waiters_release(struct flash_sku *sku);

#endif
