/* The listeners of the pipeline; see live.h.
 *
 * A stream leaves by exactly one way: closed here when its token ends, or its client is gone, which
 * flash_http tells: left, too slow, or the daemon drains. */
#include "live.h"

#include <event2/event.h>
#include <string.h>

#include "flash/http_sse.h"
#include "flash/time.h"
#include "metrics.h"

#define WAITING_MAX 262144 /* bytes of a listener that lags: some views of 100 SKUs */
#define BEAT_US UINT64_C(10000000)

static const struct timeval second = {1, 0};

static void leave(struct flash_live_stream *listener)
{
    struct flash_live *live = listener->live;
    TAILQ_REMOVE(&live->open, listener, links);
    TAILQ_INSERT_HEAD(&live->free, listener, links);
    flash_admin_count(METRIC_LIVE_STREAMS, -1);
    if (TAILQ_EMPTY(&live->open)) {
        event_del(live->timer);
    }
}

static void client_gone(struct flash_stream *stream, void *arg)
{
    (void)stream;
    leave(arg);
}

static void close_ended(struct flash_live *live)
{
    int64_t now_s = (int64_t)(flash_time_wall_ms() / 1000);
    struct flash_live_stream *listener = TAILQ_FIRST(&live->open), *next;
    for (; listener; listener = next) {
        next = TAILQ_NEXT(listener, links);
        if (listener->end_s && now_s >= listener->end_s) {
            struct flash_stream *stream = listener->stream;
            leave(listener);
            flash_stream_close(stream);
        }
    }
}

/* After a write that failed client_gone is on its way. */
static void tell(void *arg)
{
    struct flash_live *live = arg;
    struct flash_live_stream *listener;
    struct flash_text text = flash_pipeline_last(live->pipeline);
    TAILQ_FOREACH(listener, &live->open, links)
    {
        (void)flash_sse_event(listener->stream, "pipeline", text);
    }
    live->told_us = flash_time_monotonic_us();
}

static void beat(struct flash_live *live)
{
    struct flash_live_stream *listener;
    TAILQ_FOREACH(listener, &live->open, links)
    {
        (void)flash_sse_beat(listener->stream);
    }
    live->told_us = flash_time_monotonic_us();
}

static void tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct flash_live *live = arg;
    close_ended(live);
    if (!TAILQ_EMPTY(&live->open)) {
        (void)flash_pipeline_refresh(live->pipeline); /* where it cannot, in a second again */
        if (flash_time_monotonic_us() - live->told_us >= BEAT_US) {
            beat(live);
        }
    }
}

bool flash_live_init(struct flash_live *live, struct event_base *base,
                     struct flash_pipeline *pipeline, struct flash_error *err)
{
    memset(live, 0, sizeof(*live));
    TAILQ_INIT(&live->open);
    TAILQ_INIT(&live->free);
    for (int i = 0; i < FLASH_LIVE_STREAMS; i++) {
        live->streams[i].live = live;
        TAILQ_INSERT_TAIL(&live->free, &live->streams[i], links);
    }
    live->pipeline = pipeline;
    live->timer = event_new(base, -1, EV_PERSIST, tick, live);
    pipeline->told = tell;
    pipeline->arg = live;
    return live->timer || flash_error_set(err, FLASH_ERROR_RETRY, "no events");
}

void flash_live_done(struct flash_live *live)
{
    if (live->timer) {
        event_free(live->timer);
    }
}

void flash_live_open(struct flash_live *live, struct flash_request *request, int64_t end_s)
{
    struct flash_live_stream *listener = TAILQ_FIRST(&live->free);
    struct flash_text text = flash_pipeline_fresh(live->pipeline);
    if (flash_request_method(request) == FLASH_METHOD_HEAD) {
        flash_request_reply(request, &(struct flash_response){.status = 200,
                                                              .content_type = FLASH_SSE_TYPE,
                                                              .headers = FLASH_SSE_HEADERS});
        return;
    }
    if (!listener) {
        flash_answer_refuse(request, FLASH_REFUSE_OVERLOADED, "Too many streams are open.", NULL);
        return;
    }
    if (TAILQ_EMPTY(&live->open)) {
        live->told_us = flash_time_monotonic_us();
        event_add(live->timer, &second);
    }
    TAILQ_REMOVE(&live->free, listener, links);
    TAILQ_INSERT_TAIL(&live->open, listener, links);
    flash_admin_count(METRIC_LIVE_STREAMS, 1);
    const struct flash_stream_start start = {
        .gone = client_gone, .arg = listener, .room = WAITING_MAX};
    listener->end_s = end_s;
    listener->stream = flash_sse_open(request, &start);
    if (text.at) {
        (void)flash_sse_event(listener->stream, "pipeline", text);
    } else {
        (void)flash_pipeline_refresh(live->pipeline);
    }
}
