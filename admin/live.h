/* GET /v1/live: the views of GET /v1/pipeline as server-sent events, one a second while somebody
 * listens. All on the loop's thread. */
#ifndef ADMIN_LIVE_H
#define ADMIN_LIVE_H

#include <sys/queue.h>

#include "pipeline.h"

#define FLASH_LIVE_STREAMS 64 /* open at most, then 503 */

struct event;
struct flash_live;

/* One listener. */
struct flash_live_stream {
    TAILQ_ENTRY(flash_live_stream) links; /* among the open or the free ones */
    struct flash_live *live;
    struct flash_stream *stream;
    int64_t end_s; /* wall clock: when its token ends; 0: never */
};

struct flash_live {
    struct flash_pipeline *pipeline; /* (borrowed) */
    struct event *timer;             /* each second, while streams are open */
    uint64_t told_us;                /* when they were told something last */
    TAILQ_HEAD(flash_live_list, flash_live_stream) open, free;
    struct flash_live_stream streams[FLASH_LIVE_STREAMS];
};

/* Error kind: RETRY. */
FLASH_MUST_CHECK bool flash_live_init(struct flash_live *live, struct event_base *base,
                                      struct flash_pipeline *pipeline, struct flash_error *err);
/* Once the listener is gone. */
void flash_live_done(struct flash_live *live);
/* Answers request by a stream until end_s. */
void flash_live_open(struct flash_live *live, struct flash_request *request, int64_t end_s);

#endif
