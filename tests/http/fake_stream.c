/* Streams as growing texts; see fake_stream.h. */
#include "fake_stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct flash_stream {
    struct flash_stream *older;
    void (*gone)(struct flash_stream *, void *);
    void *arg;
    char *text;
    size_t len;
    enum { OPEN, CLOGGED, CLOSED, LEFT } state;
};

static struct flash_stream *newest;

static void append(struct flash_stream *stream, struct flash_text text)
{
    char *grown = realloc(stream->text, stream->len + text.len + 1);
    assert(grown != NULL);
    memcpy(grown + stream->len, text.at, text.len);
    stream->text = grown;
    stream->len += text.len;
    grown[stream->len] = '\0';
}

struct flash_stream *flash_request_stream(struct flash_request *request,
                                          const struct flash_stream_start *start)
{
    struct flash_stream *stream = calloc(1, sizeof(*stream));
    assert(stream != NULL && flash_request_method(request) != FLASH_METHOD_HEAD);
    stream->gone = start->gone;
    stream->arg = start->arg;
    stream->older = newest;
    newest = stream;
    append(stream, (struct flash_text){"", 0});
    flash_request_reply(request, &(struct flash_response){.status = 200,
                                                          .content_type = start->content_type,
                                                          .headers = start->headers});
    return stream;
}

bool flash_stream_write(struct flash_stream *stream, struct flash_text text)
{
    assert(stream->state == OPEN || stream->state == CLOGGED);
    if (stream->state == OPEN) {
        append(stream, text);
    }
    return stream->state == OPEN;
}

void flash_stream_close(struct flash_stream *stream)
{
    assert(stream->state == OPEN || stream->state == CLOGGED);
    stream->state = CLOSED;
}

struct flash_stream *fake_stream_last(void)
{
    return newest;
}

const char *fake_stream_text(const struct flash_stream *stream)
{
    return stream->text;
}

void fake_stream_clear(struct flash_stream *stream)
{
    stream->len = 0;
    stream->text[0] = '\0';
}

bool fake_stream_closed(const struct flash_stream *stream)
{
    return stream->state == CLOSED;
}

void fake_stream_clog(struct flash_stream *stream)
{
    assert(stream->state == OPEN);
    stream->state = CLOGGED;
}

void fake_stream_leave(struct flash_stream *stream)
{
    assert(stream->state == OPEN || stream->state == CLOGGED);
    stream->gone(stream, stream->arg);
    stream->state = LEFT;
}

void fake_streams_free(void)
{
    while (newest != NULL) {
        struct flash_stream *stream = newest;
        newest = stream->older;
        free(stream->text);
        free(stream);
    }
}
