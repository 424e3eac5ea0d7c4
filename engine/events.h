/* GET /v1/orders/{id}/events: an order's changes as server-sent events (HTML Living Standard §9.2).
 *
 * An event's id is the order's visible version, its data the JSON of GET /v1/orders/{id}. The
 * stream ends with the order's last state, and when the token that opened it does. */
#ifndef ENGINE_EVENTS_H
#define ENGINE_EVENTS_H

#include "watchers.h"

struct flash_event_stream {
    struct flash_watcher watcher; /* first member */
    struct flash_stream *stream;
    TAILQ_ENTRY(flash_event_stream) beats; /* in its worker's list, the next to beat first */
    uint64_t beat_us; /* when a comment is due, unless an event is sent before */
    int64_t end_s;    /* wall clock: when its token ends; 0: never */
};

/* Answers read's request with a stream of order's events, the first at once unless Last-Event-ID
 * names it; at the limit with 503; where nothing more can happen, with the last event, or with 204
 * to a client that has it. */
void flash_events_open(struct flash_worker *worker, const struct flash_read *read,
                       const struct flash_order_view *order);
/* A stream's order was read. */
void flash_events_seen(struct flash_watcher *watcher, const struct flash_order_view *order);
/* Every tick: a comment to those that have heard nothing for engine.event_heartbeat. */
void flash_events_beat(struct flash_worker *worker);

#endif
