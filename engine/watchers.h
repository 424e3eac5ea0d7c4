/* Orders that somebody watches: read again and again until they change.
 *
 * A SKU has one list of them, the longest unread first, so that however many watch, each tick costs
 * one call (lua/status, up to FLASH_BATCH_LINES orders). */
#ifndef ENGINE_WATCHERS_H
#define ENGINE_WATCHERS_H

#include "answer.h"
#include "worker.h"

enum flash_watcher_kind {
    FLASH_WATCHER_WAITER, /* struct flash_waiter: a request held by Prefer: wait */
    FLASH_WATCHER_STREAM, /* struct flash_event_stream */
};

/* One order watched by one client; embedded as first member. */
struct flash_watcher {
    TAILQ_ENTRY(flash_watcher) links; /* in its SKU's list */
    enum flash_watcher_kind kind;
    struct flash_worker *worker;
    struct flash_sku *sku;
    struct flash_read *reading; /* the read under way for it, or NULL */
    enum flash_state state;     /* what the client has */
    uint64_t read_us;           /* when its last read began */
    uint8_t ref_len;
    char ref[FLASH_REF_MAX];
};

/* From now on the order of read, which is in state, is watched. */
void flash_watchers_add(struct flash_watcher *watcher, struct flash_worker *worker,
                        const struct flash_read *read, enum flash_state state);
void flash_watchers_remove(struct flash_watcher *watcher);
/* The client has been told of state. */
void flash_watchers_told(struct flash_watcher *watcher, enum flash_state state);
/* The order was read. order NULL: it is gone. The watcher may be freed by this. */
void flash_watchers_seen(struct flash_watcher *watcher, const struct flash_order_view *order);
/* The order could not be read now. The watcher may be freed by this. */
void flash_watchers_missed(struct flash_watcher *watcher);
/* Up to max of sku's watchers whose orders are due to be read, in list; returns how many. */
int flash_watchers_next(struct flash_sku *sku, struct flash_watcher **list, int max);

#endif
