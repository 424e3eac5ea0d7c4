/* Answers without an end: a stream takes its request's place on the connection; see flash/http.h.
 *
 * Each write goes to the kernel at once. What it does not take waits in the connection's output,
 * which then has a maximum (STREAM_OUT_MAX) and a deadline (STALLED). However a stream ends that
 * its owner did not close, it comes here as LEFT: the socket is gone, and the owner is told in the
 * loop's next turn, never inside a call of its own. */
#include <assert.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "response.h"

static struct connection *connection_of(const struct flash_stream *stream)
{
    return (struct connection *)((uintptr_t)stream - offsetof(struct connection, stream));
}

/* Bytes the kernel has taken and the client never acknowledged count as not taken, too. */
static void bound_the_kernel(struct connection *connection)
{
    unsigned timeout_ms = (unsigned)connection->server->options.idle_timeout_ms;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

static void take_place(struct connection *connection, const struct flash_stream_start *start)
{
    struct flash_http *server = connection->server;
    const struct answer answer = {
        .response = &(struct flash_response){.status = 200,
                                             .content_type = start->content_type,
                                             .headers = start->headers},
        .id = connection->request.id,
        .connection = "close",
        .endless = true,
        .chunked = start->drained && connection->request.head.minor > 0,
    };
    connection->closing = true;
    flash_http_response_write(server, &connection->out, &answer);
    connection->out.max =
        flash_http_buffer_len(&connection->out) + (start->room ? start->room : STREAM_OUT_MAX);
    connection->stream = (struct flash_stream){.gone = start->gone,
                                               .drained = start->drained,
                                               .arg = start->arg,
                                               .chunked = answer.chunked};
    flash_http_request_end(connection);
    flash_http_buffer_release(&server->pool, &connection->in);
    flash_http_move(connection, CONNECTION_STREAMING);
    bound_the_kernel(connection);
    flash_http_read_on(connection, !connection->peer_closed);
}

struct flash_stream *flash_request_stream(struct flash_request *request,
                                          const struct flash_stream_start *start)
{
    struct connection *connection = flash_http_connection_of(request);
    struct flash_http *server = connection->server;
    assert(request->head.method != FLASH_METHOD_HEAD);
    flash_http_clock(server);
    if (connection->state == CONNECTION_ORPHANED) {
        connection->stream = (struct flash_stream){.gone = start->gone, .arg = start->arg};
        flash_http_request_end(connection);
        flash_http_move(connection, CONNECTION_LEFT);
        flash_http_in_turn(connection);
        return &connection->stream;
    }
    assert(connection->state == CONNECTION_HANDLING);
    take_place(connection, start);
    if (connection->peer_closed || server->draining) {
        flash_http_in_turn(connection);
    }
    if (!connection->driving) {
        flash_http_flush(connection);
    }
    return &connection->stream;
}

static void append(struct connection *connection, struct flash_text text)
{
    struct buffer_pool *pool = &connection->server->pool;
    char size[2 * sizeof(size_t) + 3];
    if (connection->stream.chunked) {
        int len = snprintf(size, sizeof(size), "%zx\r\n", text.len);
        flash_http_buffer_append(pool, &connection->out, size, (size_t)len);
    }
    flash_http_buffer_append(pool, &connection->out, text.at, text.len);
    if (connection->stream.chunked) {
        flash_http_buffer_append(pool, &connection->out, "\r\n", 2);
    }
}

bool flash_stream_write(struct flash_stream *stream, struct flash_text text)
{
    struct connection *connection = connection_of(stream);
    struct flash_http *server = connection->server;
    if (connection->state == CONNECTION_LEFT) {
        return false;
    }
    assert(flash_http_streams(connection));
    flash_http_clock(server);
    append(connection, text);
    stream->empty = true;         /* once it is out */
    if (connection->out.failed) { /* over its maximum, or out of memory */
        flash_http_lost(connection);
    } else if (!connection->driving) {
        flash_http_flush(connection);
    }
    return connection->state != CONNECTION_LEFT;
}

void flash_stream_close(struct flash_stream *stream)
{
    struct connection *connection = connection_of(stream);
    stream->gone = NULL;
    if (connection->state == CONNECTION_LEFT) {
        return; /* the next turn frees it */
    }
    assert(flash_http_streams(connection));
    flash_http_clock(connection->server);
    if (stream->chunked) {
        flash_http_buffer_append(&connection->server->pool, &connection->out, "0\r\n\r\n", 5);
    }
    flash_http_move(connection, CONNECTION_WRITING);
    if (!connection->driving) {
        flash_http_flush(connection);
    }
}

void flash_stream_abort(struct flash_stream *stream)
{
    struct connection *connection = connection_of(stream);
    stream->gone = NULL;
    if (connection->state != CONNECTION_LEFT) {
        assert(flash_http_streams(connection));
        flash_http_lost(connection); /* the next turn frees it, and tells nobody */
    }
}

void flash_http_stream_turn(struct connection *connection)
{
    if (connection->state != CONNECTION_LEFT) {
        if (connection->peer_closed || connection->server->draining) {
            flash_http_lost(connection);
        } else if (connection->stream.drained && connection->stream.empty &&
                   flash_http_buffer_len(&connection->out) == 0) {
            connection->stream.empty = false;
            connection->stream.drained(&connection->stream, connection->stream.arg);
        }
        return;
    }
    void (*gone)(struct flash_stream *, void *) = connection->stream.gone;
    connection->stream.gone = NULL;
    if (gone) {
        gone(&connection->stream, connection->stream.arg);
    }
    flash_http_close(connection);
}
