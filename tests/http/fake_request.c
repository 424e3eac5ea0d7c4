/* Requests as structs, answers as records; see fake_request.h. */
#include "fake_request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "flash/http_turn.h"
#include "flash/time.h"

struct fake_connection {
    void *slot;
    void (*free_slot)(void *);
};

struct flash_stream {
    char *text;
    size_t len;
    bool ended, full;
    void (*gone)(struct flash_stream *, void *);
    void *arg;
};

struct flash_request {
    enum flash_method method;
    char *path, *query, *body;
    char **headers; /* name, value, …, NULL */
    uint64_t received_us;
    struct fake_connection *connection;
    bool own_connection, answered;
    struct fake_answer answer;
    struct flash_stream *stream;
    void (*gone)(struct flash_request *, void *);
    void *gone_arg;
};

struct flash_http {
    flash_http_handler handler;
    void *arg;
};

static void *checked(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static char *copy(const char *text)
{
    return checked(strdup(text == NULL ? "" : text));
}

struct fake_connection *fake_connection_new(void)
{
    return checked(calloc(1, sizeof(struct fake_connection)));
}

static void drop_slot(struct fake_connection *connection)
{
    if (connection->free_slot != NULL) {
        connection->free_slot(connection->slot);
    }
}

void fake_connection_free(struct fake_connection *connection)
{
    drop_slot(connection);
    free(connection);
}

struct flash_request *fake_request_new(const struct fake_request_head *head)
{
    struct flash_request *request = checked(calloc(1, sizeof(*request)));
    size_t count = 0;
    while (head->headers != NULL && head->headers[count] != NULL) {
        count++;
    }
    request->method = head->method;
    request->path = copy(head->path);
    request->query = copy(head->query);
    request->body = copy(head->body);
    request->headers = checked(calloc(count + 1, sizeof(*request->headers)));
    for (size_t i = 0; i < count; i++) {
        request->headers[i] = copy(head->headers[i]);
    }
    request->received_us = head->received_us ? head->received_us : flash_time_monotonic_us();
    request->own_connection = head->connection == NULL;
    request->connection = request->own_connection ? fake_connection_new() : head->connection;
    return request;
}

const struct fake_answer *fake_request_answer(const struct flash_request *request)
{
    return request->answered ? &request->answer : NULL;
}

bool fake_request_watched(const struct flash_request *request)
{
    return request->gone != NULL;
}

void fake_request_leave(struct flash_request *request)
{
    void (*gone)(struct flash_request *, void *) = request->gone;
    assert(!request->answered && gone != NULL);
    request->gone = NULL;
    gone(request, request->gone_arg);
}

void fake_request_free(struct flash_request *request)
{
    assert(request->answered);
    free(request->answer.headers);
    free(request->answer.body);
    free(request->answer.slug);
    free(request->answer.detail);
    free(request->answer.extra);
    if (request->stream != NULL) {
        assert(request->stream->ended); /* somebody's still: it would be told of its end */
        free(request->stream->text);
        free(request->stream);
    }
    if (request->own_connection) {
        fake_connection_free(request->connection);
    }
    free(request);
}

/* ---- what a handler reads ---- */

static const struct flash_request *open_request(const struct flash_request *request)
{
    assert(!request->answered); /* answering has freed it */
    return request;
}

static struct flash_text text_of(const char *string)
{
    return (struct flash_text){string, strlen(string)};
}

enum flash_method flash_request_method(const struct flash_request *request)
{
    return open_request(request)->method;
}

struct flash_text flash_request_path(const struct flash_request *request)
{
    return text_of(open_request(request)->path);
}

struct flash_text flash_request_query(const struct flash_request *request)
{
    return text_of(open_request(request)->query);
}

struct flash_text flash_request_body(const struct flash_request *request)
{
    return text_of(open_request(request)->body);
}

struct flash_text flash_request_header(const struct flash_request *request, const char *name)
{
    char **headers = open_request(request)->headers;
    for (size_t i = 0; headers[i] != NULL; i += 2) {
        if (strcasecmp(headers[i], name) == 0) {
            return text_of(headers[i + 1]);
        }
    }
    return (struct flash_text){NULL, 0};
}

const char *flash_request_id(const struct flash_request *request)
{
    (void)open_request(request);
    return "fake-request";
}

const char *flash_request_traceparent(const struct flash_request *request)
{
    (void)open_request(request);
    return "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
}

uint64_t flash_request_received_us(const struct flash_request *request)
{
    return open_request(request)->received_us;
}

void *flash_request_slot(const struct flash_request *request)
{
    return open_request(request)->connection->slot;
}

void flash_request_set_slot(struct flash_request *request, void *slot, void (*free_slot)(void *))
{
    struct fake_connection *connection = open_request(request)->connection;
    drop_slot(connection);
    connection->slot = slot;
    connection->free_slot = free_slot;
}

void flash_request_on_gone(struct flash_request *request,
                           void (*gone)(struct flash_request *, void *), void *arg)
{
    (void)open_request(request);
    request->gone = gone;
    request->gone_arg = arg;
}

/* ---- the answer ---- */

static void close_request(struct flash_request *request)
{
    (void)open_request(request);
    request->answered = true;
    request->gone = NULL;
    for (size_t i = 0; request->headers[i] != NULL; i++) {
        free(request->headers[i]);
    }
    free(request->headers);
    free(request->path);
    free(request->query);
    free(request->body);
}

void flash_request_reply(struct flash_request *request, const struct flash_response *response)
{
    char *body = checked(calloc(1, response->body.len + 1));
    if (response->body.len > 0) {
        memcpy(body, response->body.at, response->body.len);
    }
    request->answer = (struct fake_answer){
        .status = response->status, .headers = copy(response->headers), .body = body};
    close_request(request);
}

void flash_request_problem(struct flash_request *request, const struct flash_problem *problem)
{
    request->answer = (struct fake_answer){
        .status = problem->status,
        .headers = copy(problem->headers),
        .body = copy(""),
        .slug = copy(problem->slug),
        .detail = problem->detail == NULL ? NULL : copy(problem->detail),
        .extra = problem->extra == NULL ? NULL : copy(problem->extra),
        .retry_after_s = problem->retry_after_s,
    };
    close_request(request);
}

/* ---- streams ---- */

struct flash_stream *flash_request_stream(struct flash_request *request,
                                          const struct flash_stream_start *start)
{
    struct flash_stream *stream = checked(calloc(1, sizeof(*stream)));
    assert(request->method != FLASH_METHOD_HEAD);
    stream->text = copy("");
    stream->gone = start->gone;
    stream->arg = start->arg;
    request->stream = stream;
    request->answer =
        (struct fake_answer){.status = 200, .headers = copy(start->headers), .body = copy("")};
    close_request(request);
    return stream;
}

bool flash_stream_write(struct flash_stream *stream, struct flash_text text)
{
    assert(!stream->ended);
    if (stream->full) {
        return false;
    }
    stream->text = checked(realloc(stream->text, stream->len + text.len + 1));
    memcpy(stream->text + stream->len, text.at, text.len);
    stream->len += text.len;
    stream->text[stream->len] = '\0';
    return true;
}

void flash_stream_close(struct flash_stream *stream)
{
    assert(!stream->ended);
    stream->ended = true;
}

struct flash_stream *fake_request_stream(const struct flash_request *request)
{
    return request->stream;
}

const char *fake_stream_text(const struct flash_stream *stream)
{
    return stream->text;
}

bool fake_stream_ended(const struct flash_stream *stream)
{
    return stream->ended;
}

void fake_stream_set_full(struct flash_stream *stream)
{
    stream->full = true;
}

void fake_stream_leave(struct flash_stream *stream)
{
    assert(!stream->ended);
    stream->ended = true;
    stream->gone(stream, stream->arg);
}

/* ---- the listener ---- */

bool flash_http_new(struct event_base *base, const struct flash_http_options *options,
                    struct flash_http **ret_http, struct flash_error *err)
{
    (void)base;
    (void)err;
    struct flash_http *http = checked(calloc(1, sizeof(*http)));
    http->handler = options->handler;
    http->arg = options->arg;
    *ret_http = http;
    return true;
}

void fake_http_hand(struct flash_http *http, struct flash_request *request)
{
    http->handler(request, http->arg);
}

void flash_http_turned(struct flash_http *http)
{
    (void)http;
}

uint16_t flash_http_port(const struct flash_http *http)
{
    (void)http;
    return 1;
}

void flash_http_drain(struct flash_http *http)
{
    (void)http;
}

int flash_http_open_requests(const struct flash_http *http)
{
    (void)http;
    return 0;
}

int flash_http_connections(const struct flash_http *http)
{
    (void)http;
    return 0;
}

void flash_http_free(struct flash_http *http)
{
    free(http);
}
