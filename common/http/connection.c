/* A connection's socket: opened, read into the input buffer, lost, closed.
 *
 * A client that closes its sending half (FIN) may have left or may wait for its answer: the two
 * look the same. The handler is told, and whatever it answers is sent. An RST is a leaving: nothing
 * is sent any more. While a request is handled its bytes must not move, so reading goes on only
 * into what room is left. */
#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "response.h"
#include "socket.h"

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);

void flash_http_open(struct flash_http *server, int fd, int peer)
{
    struct connection *connection = TAILQ_FIRST(&server->free_list);
    assert(connection);
    TAILQ_REMOVE(&server->free_list, connection, by_age);
    connection->fd = fd;
    connection->peer = peer;
    connection->peer_closed = connection->closing = false;
    connection->in.max = HEAD_MAX + server->options.body_max;
    connection->out.max = RESPONSE_MAX + OUT_GATHER + HEAD_MAX;
    flash_http_head_reset(&connection->request.head);
    event_assign(&connection->read, server->base, fd, EV_READ | EV_PERSIST, on_readable,
                 connection);
    event_assign(&connection->write, server->base, fd, EV_WRITE, on_writable, connection);
    event_add(&connection->read, NULL);
    connection->reading = true;
    server->connections++;
    flash_http_move(connection, CONNECTION_IDLE);
}

static void forget_socket(struct connection *connection)
{
    event_del(&connection->read);
    event_del(&connection->write);
    connection->reading = false;
    if (connection->fd >= 0) {
        close(connection->fd);
    }
    connection->fd = -1;
    flash_http_buffer_release(&connection->server->pool, &connection->out);
}

void flash_http_close(struct connection *connection)
{
    struct flash_http *server = connection->server;
    assert(!connection->driving);
    if (connection->state == CONNECTION_HANDLING || connection->state == CONNECTION_ORPHANED) {
        server->open_requests--;
    }
    forget_socket(connection);
    flash_http_buffer_release(&server->pool, &connection->in);
    if (connection->queued) {
        TAILQ_REMOVE(&server->turns, connection, in_turn);
        connection->queued = false;
        server->turn_count--;
    }
    if (connection->free_slot) {
        connection->free_slot(connection->slot);
    }
    connection->slot = NULL;
    connection->free_slot = NULL;
    connection->request.gone = NULL;
    flash_http_peers_leave(server->peers, connection->peer);
    flash_http_move(connection, CONNECTION_CLOSED);
    TAILQ_INSERT_HEAD(&server->free_list, connection, by_age);
    server->connections--;
}

void flash_http_tell_gone(struct connection *connection)
{
    void (*gone)(struct flash_request *, void *) = connection->request.gone;
    connection->request.gone = NULL;
    if (gone) {
        gone(&connection->request, connection->request.gone_arg);
    }
}

void flash_http_lost(struct connection *connection)
{
    bool streams = flash_http_streams(connection);
    if (connection->state != CONNECTION_HANDLING && !streams) {
        flash_http_close(connection);
        return;
    }
    forget_socket(connection);
    connection->peer_closed = true;
    if (streams) {
        flash_http_move(connection, CONNECTION_LEFT);
        flash_http_in_turn(connection);
        return;
    }
    flash_http_move(connection, CONNECTION_ORPHANED);
    flash_http_tell_gone(connection);
}

/* Room for at least one byte more, without moving what a handler looks at. */
static bool make_room(struct connection *connection)
{
    struct buffer *in = &connection->in;
    if (in->at && in->end < in->cap) {
        return true;
    }
    bool movable = connection->state == CONNECTION_WRITING && in->start > 0;
    if (in->at && !flash_http_awaits_input(connection) && !movable) {
        return false;
    }
    return flash_http_buffer_reserve(&connection->server->pool, in, 1);
}

void flash_http_read_on(struct connection *connection, bool wanted)
{
    if (wanted == connection->reading) {
        return;
    }
    connection->reading = wanted;
    if (wanted) {
        event_add(&connection->read, NULL);
    } else {
        event_del(&connection->read);
    }
}

static void on_peer_closed(struct connection *connection)
{
    connection->peer_closed = true;
    flash_http_read_on(connection, false);
    if (connection->state == CONNECTION_HANDLING) {
        flash_http_tell_gone(connection);
    } else if (flash_http_awaits_input(connection)) {
        flash_http_drive(connection);
    }
}

static void discard(struct connection *connection)
{
    char scratch[BUFFER_CHUNK];
    ssize_t got = flash_http_recv(connection->fd, scratch, sizeof(scratch));
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        flash_http_lost(connection);
    }
}

static void on_read_error(struct connection *connection)
{
    if (errno != EAGAIN && errno != EINTR) {
        flash_http_lost(connection);
    } else if (connection->state == CONNECTION_IDLE && connection->server->draining) {
        flash_http_close(connection);
    }
}

void flash_http_read(struct connection *connection)
{
    struct buffer *in = &connection->in;
    if (connection->state == CONNECTION_LINGERING || flash_http_streams(connection)) {
        discard(connection);
        return;
    }
    if (!make_room(connection)) {
        flash_http_read_on(connection, false);
        if (in->failed) {
            flash_http_lost(connection);
        }
        return;
    }
    ssize_t got = flash_http_recv(connection->fd, in->at + in->end, in->cap - in->end);
    if (got < 0) {
        on_read_error(connection);
    } else if (got == 0) {
        on_peer_closed(connection);
    } else {
        in->end += (size_t)got;
        if (flash_http_awaits_input(connection)) {
            flash_http_drive(connection);
        }
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct connection *connection = arg;
    flash_http_clock(connection->server);
    flash_http_read(connection);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct connection *connection = arg;
    flash_http_clock(connection->server);
    flash_http_flush(connection);
}
