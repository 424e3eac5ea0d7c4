/* Server-sent events (HTML Living Standard §9.2) on the streams of flash/http.h: what every such
 * stream begins with, and the comment that keeps it open. */
#ifndef FLASH_HTTP_SSE_H
#define FLASH_HTTP_SSE_H

#include "flash/http.h"

#define FLASH_SSE_TYPE "text/event-stream"
#define FLASH_SSE_HEADERS "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n"

/* flash_request_stream with the type and headers above, whatever start names; its first bytes tell
 * a client that is cut off to come back after a second. */
struct flash_stream *flash_sse_open(struct flash_request *request,
                                    const struct flash_stream_start *start);
/* An event with one line of data (borrowed), without an id. As flash_stream_write. */
bool flash_sse_event(struct flash_stream *stream, const char *name, struct flash_text data);
/* A comment, which a client reads over. As flash_stream_write. */
bool flash_sse_beat(struct flash_stream *stream);

#endif
