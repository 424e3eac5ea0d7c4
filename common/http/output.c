/* A connection's output: sent at once as far as the kernel takes it, and what happens when all of
 * it is out.
 *
 * The rest waits for EV_WRITE under one absolute deadline, so a client that reads a byte a second
 * is cut too. When input was left unread, closing at once would send an RST that may destroy the
 * answer on its way (RFC 9112 §9.6): such a connection lingers until the client closes or a
 * deadline passes. */
#include <errno.h>
#include <sys/socket.h>

#include "internal.h"

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

void flash_http_flush(struct connection *connection)
{
    struct buffer *out = &connection->out;
    if (out->failed) {
        flash_http_close(connection);
        return;
    }
    ssize_t sent = send(connection->fd, out->at + out->start, flash_http_buffer_len(out),
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        flash_http_close(connection);
        return;
    }
    out->start += sent > 0 ? (size_t)sent : 0;
    if (flash_http_buffer_len(out) == 0) {
        finish(connection);
    } else {
        event_add(&connection->write, NULL);
    }
}
