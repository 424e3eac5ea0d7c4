/* A connection's output: sent at once as far as the kernel takes it, and what happens when all of
 * it is out.
 *
 * The rest waits for EV_WRITE under one absolute deadline, so a client that reads a byte a second
 * is cut too. When input was left unread, closing at once would send an RST that may destroy the
 * answer on its way (RFC 9112 §9.6): such a connection lingers until the client closes or a
 * deadline passes. */
#include <errno.h>

#include "internal.h"
#include "socket.h"

static void finish(struct connection *connection)
{
    struct flash_http *server = connection->server;
    bool unread = flash_http_buffer_len(&connection->in) > 0;
    flash_http_buffer_release(&server->pool, &connection->out);
    if (connection->closing && unread && !connection->peer_closed) {
        shutdown(connection->fd, SHUT_WR);
        flash_http_buffer_release(&server->pool, &connection->in);
        flash_http_move(connection, CONNECTION_LINGERING);
        flash_http_read_on(connection, true);
        return;
    }
    if (connection->closing || (!unread && (connection->peer_closed || server->draining))) {
        flash_http_close(connection);
        return;
    }
    flash_http_move(connection, CONNECTION_IDLE);
    if (unread) {
        flash_http_in_turn(connection);
    } else {
        flash_http_buffer_release(&server->pool, &connection->in);
    }
    flash_http_read_on(connection, !connection->peer_closed);
}

/* some: the client has taken some of it now. */
static void stream_sent(struct connection *connection, bool some)
{
    if (flash_http_buffer_len(&connection->out) == 0) {
        flash_http_buffer_release(&connection->server->pool, &connection->out);
        if (connection->state == CONNECTION_STALLED) {
            flash_http_move(connection, CONNECTION_STREAMING);
        }
        if (connection->stream.drained && connection->stream.empty) {
            flash_http_in_turn(connection);
        }
    } else if (some || connection->state == CONNECTION_STREAMING) {
        flash_http_move(connection, CONNECTION_STALLED);
    }
}

void flash_http_flush(struct connection *connection)
{
    struct buffer *out = &connection->out;
    size_t len = flash_http_buffer_len(out);
    if (out->failed) {
        flash_http_lost(connection);
        return;
    }
    ssize_t sent = 0;
    if (len > 0) { /* what a stream that is closed had to say may be out already */
        sent = flash_http_send(connection->fd, out->at + out->start, len);
    }
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        flash_http_lost(connection);
        return;
    }
    out->start += sent > 0 ? (size_t)sent : 0;
    if (flash_http_buffer_len(out) > 0) {
        event_add(&connection->write, NULL);
    }
    if (flash_http_streams(connection)) {
        stream_sent(connection, sent > 0);
    } else if (flash_http_buffer_len(out) == 0) {
        finish(connection);
    }
}
