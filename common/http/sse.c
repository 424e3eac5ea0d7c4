/* Server-sent events; see flash/http_sse.h. */
#include "flash/http_sse.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 64

static bool put(struct flash_stream *stream, const char *text)
{
    return flash_stream_write(stream, (struct flash_text){text, strlen(text)});
}

struct flash_stream *flash_sse_open(struct flash_request *request,
                                    const struct flash_stream_start *start)
{
    struct flash_stream_start sse = *start;
    sse.content_type = FLASH_SSE_TYPE;
    sse.headers = FLASH_SSE_HEADERS;
    struct flash_stream *stream = flash_request_stream(request, &sse);
    put(stream, "retry: 1000\n\n");
    return stream;
}

bool flash_sse_event(struct flash_stream *stream, const char *name, struct flash_text data)
{
    char head[NAME_MAX_BYTES];
    snprintf(head, sizeof(head), "event: %.40s\ndata: ", name);
    return put(stream, head) && flash_stream_write(stream, data) && put(stream, "\n\n");
}

bool flash_sse_beat(struct flash_stream *stream)
{
    return put(stream, ":\n\n");
}
