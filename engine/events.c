/* Streams of events; see events.h.
 *
 * A stream leaves by exactly one way: closed here (last state, order gone, token over), or its
 * client is gone, which flash_http tells: left, too slow, or the worker drains. After a write that
 * failed that is on its way, and nothing needs to be done here. A closed client comes back by
 * itself with Last-Event-ID. */
#include "events.h"

#include <stdio.h>
#include <string.h>

#include "auth.h"
#include "flash/http_sse.h"
#include "flash/time.h"
#include "metrics.h"

#define BEATS_PER_TICK 512 /* so that streams opened together do not hold a tick up */
#define EVENT_MAX (FLASH_ORDER_TEXT_MAX + 64)

/* No arrow leads on from a state that holds nothing. */
static bool is_last(enum flash_state state)
{
    return !flash_state_holds(state);
}

static struct flash_text event_text(char out[EVENT_MAX], const struct flash_order_view *order)
{
    char data[FLASH_ORDER_TEXT_MAX];
    flash_answer_order_text(data, order);
    int len = snprintf(out, EVENT_MAX, "id: %d\nevent: status\ndata: %s\n\n",
                       flash_state_visible_version(order->record.state), data);
    return (struct flash_text){out, (size_t)len};
}

static void beat_later(struct flash_event_stream *events)
{
    struct flash_worker *worker = events->watcher.worker;
    events->beat_us =
        worker->now_us + (uint64_t)worker->engine->config->engine.event_heartbeat_ms * 1000;
    TAILQ_INSERT_TAIL(&worker->beats, events, beats);
}

static void finish(struct flash_event_stream *events)
{
    struct flash_worker *worker = events->watcher.worker;
    flash_watchers_remove(&events->watcher);
    TAILQ_REMOVE(&worker->beats, events, beats);
    flash_pool_give(&worker->streams, events);
}

static void client_gone(struct flash_stream *stream, void *arg)
{
    (void)stream;
    finish(arg);
}

static void close_stream(struct flash_event_stream *events)
{
    struct flash_stream *stream = events->stream;
    finish(events);
    flash_stream_close(stream);
}

static void send_event(struct flash_event_stream *events, const struct flash_order_view *order)
{
    char text[EVENT_MAX];
    flash_stream_write(events->stream, event_text(text, order));
    flash_engine_count(METRIC_EVENTS, 1);
    flash_watchers_told(&events->watcher, order->record.state);
    TAILQ_REMOVE(&events->watcher.worker->beats, events, beats);
    beat_later(events);
}

/* ---- opening ---- */

static bool has_it(const struct flash_request *request, enum flash_state state)
{
    struct flash_text last = flash_request_header(request, "last-event-id");
    char version[16];
    int len = snprintf(version, sizeof(version), "%d", flash_state_visible_version(state));
    return last.at && last.len == (size_t)len && memcmp(last.at, version, last.len) == 0;
}

/* The last event and no more. 204 tells a client that reconnects to stop (§9.2.3). */
static void answer_last(struct flash_request *request, const struct flash_order_view *order)
{
    char text[EVENT_MAX];
    struct flash_response response = {.status = 204, .headers = FLASH_SSE_HEADERS};
    if (!has_it(request, order->record.state)) {
        response.status = 200;
        response.content_type = FLASH_SSE_TYPE;
        response.body = event_text(text, order);
        flash_engine_count(METRIC_EVENTS, 1);
    }
    flash_request_reply(request, &response);
}

static void start(struct flash_worker *worker, const struct flash_read *read,
                  const struct flash_order_view *order, int64_t end_s)
{
    struct flash_event_stream *events = flash_pool_take(&worker->streams);
    if (!events) {
        flash_answer_refuse(read->request, FLASH_REFUSE_UNAVAILABLE,
                            "Too many event streams are open.");
        return;
    }
    bool known = has_it(read->request, order->record.state);
    const struct flash_stream_start stream = {.gone = client_gone, .arg = events};
    events->watcher.kind = FLASH_WATCHER_STREAM;
    events->end_s = end_s;
    flash_watchers_add(&events->watcher, worker, read, order->record.state);
    beat_later(events);
    events->stream = flash_sse_open(read->request, &stream);
    if (!known) {
        send_event(events, order);
    }
}

void flash_events_open(struct flash_worker *worker, const struct flash_read *read,
                       const struct flash_order_view *order)
{
    const struct flash_claims *claims = flash_auth(worker, read->request);
    if (!claims) {
        return;
    }
    if (flash_request_method(read->request) == FLASH_METHOD_HEAD) {
        flash_request_reply(read->request, &(struct flash_response){.status = 200,
                                                                    .content_type = FLASH_SSE_TYPE,
                                                                    .headers = FLASH_SSE_HEADERS});
    } else if (is_last(order->record.state)) {
        answer_last(read->request, order);
    } else {
        start(worker, read, order, claims->exp_s);
    }
}

/* ---- open streams ---- */

void flash_events_seen(struct flash_watcher *watcher, const struct flash_order_view *order)
{
    struct flash_event_stream *events = (struct flash_event_stream *)watcher;
    if (order && order->record.state == watcher->state) {
        return;
    }
    if (order) {
        send_event(events, order);
    }
    if (!order || is_last(order->record.state)) {
        close_stream(events);
    }
}

void flash_events_beat(struct flash_worker *worker)
{
    int64_t now_s = (int64_t)(flash_time_wall_ms() / 1000);
    struct flash_event_stream *events;
    for (int left = BEATS_PER_TICK;
         left > 0 && (events = TAILQ_FIRST(&worker->beats)) && events->beat_us <= worker->now_us;
         left--) {
        if (events->end_s && now_s >= events->end_s) {
            close_stream(events);
            continue;
        }
        TAILQ_REMOVE(&worker->beats, events, beats);
        beat_later(events);
        flash_sse_beat(events->stream);
    }
}
