/* Requests held by Prefer: wait (RFC 7240 §4.3). */
#ifndef ENGINE_WAITERS_H
#define ENGINE_WAITERS_H

#include "reads.h"

/* Holds read's request, whose order is in state, for read->wait_us; false when too many are held
 * already. */
bool flash_waiters_hold(struct flash_worker *worker, const struct flash_read *read,
                        enum flash_state state);
/* A waiter's order was read: answers it if its state has changed or its time is up. order NULL: it
 * is gone. */
void flash_waiters_seen(struct flash_waiter *waiter, const struct flash_order_view *order);
/* Up to max of sku's waiters that have no read under way, the longest unread first; returns how
 * many. */
int flash_waiters_next(struct flash_sku *sku, struct flash_waiter **list, int max);

/* Answers every held request of sku with the state its client has (304): the worker is stopping. */
void flash_waiters_release(struct flash_sku *sku);

#endif
