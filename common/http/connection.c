/* A connection's input: opened, read, cut into requests, handed to the handler, closed.
 *
 * drive() takes complete requests from the input buffer one after the other, for as long as the
 * handler answers at once; their answers gather in `out` and go out together. An answer given later
 * starts from flash_http_answer and leaves the next request to the loop's next turn, so a handler
 * never runs inside an answer.
 *
 * A client that closes its sending half (FIN) may have left or may wait for its answer: the two
 * look the same. The handler is told, and whatever it answers is sent. An RST is a leaving: nothing
 * is sent any more. While a request is handled its bytes must not move, so reading goes on only
 * into what room is left. */
#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flash/time.h"
#include "response.h"

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void drive(struct connection *connection);
static bool step(struct connection *connection);
static void settle(struct connection *connection);

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
    flash_http_peers_leave(&server->peers, connection->peer);
    flash_http_move(connection, CONNECTION_CLOSED);
    TAILQ_INSERT_HEAD(&server->free_list, connection, by_age);
    server->connections--;
}

/* The handler may answer from here, and the connection be closed by that. */
static void tell_gone(struct connection *connection)
{
    void (*gone)(struct flash_request *, void *) = connection->request.gone;
    connection->request.gone = NULL;
    if (gone) {
        gone(&connection->request, connection->request.gone_arg);
    }
}

void flash_http_lost(struct connection *connection)
{
    if (connection->state != CONNECTION_HANDLING) {
        flash_http_close(connection);
        return;
    }
    forget_socket(connection);
    connection->peer_closed = true;
    flash_http_move(connection, CONNECTION_ORPHANED);
    tell_gone(connection);
}

static bool awaits_input(const struct connection *connection)
{
    return connection->state == CONNECTION_IDLE || connection->state == CONNECTION_HEAD ||
           connection->state == CONNECTION_BODY;
}

/* Room for at least one byte more, without moving what a handler looks at. */
static bool make_room(struct connection *connection)
{
    struct buffer *in = &connection->in;
    if (in->at && in->end < in->cap) {
        return true;
    }
    bool movable = connection->state == CONNECTION_WRITING && in->start > 0;
    if (in->at && !awaits_input(connection) && !movable) {
        return false;
    }
    return flash_http_buffer_reserve(&connection->server->pool, in, 1);
}

static void read_on(struct connection *connection, bool wanted)
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
    read_on(connection, false);
    if (connection->state == CONNECTION_HANDLING) {
        tell_gone(connection);
    } else if (awaits_input(connection)) {
        drive(connection);
    }
}

static void discard(struct connection *connection)
{
    char scratch[BUFFER_CHUNK];
    ssize_t got = recv(connection->fd, scratch, sizeof(scratch), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        flash_http_close(connection);
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

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct connection *connection = arg;
    struct buffer *in = &connection->in;
    connection->server->now_us = flash_time_monotonic_us();
    if (connection->state == CONNECTION_LINGERING) {
        discard(connection);
        return;
    }
    if (!make_room(connection)) {
        read_on(connection, false);
        if (in->failed) {
            flash_http_lost(connection);
        }
        return;
    }
    ssize_t got = recv(fd, in->at + in->end, in->cap - in->end, MSG_DONTWAIT);
    if (got < 0) {
        on_read_error(connection);
    } else if (got == 0) {
        on_peer_closed(connection);
    } else {
        in->end += (size_t)got;
        if (awaits_input(connection)) {
            drive(connection);
        }
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct connection *connection = arg;
    connection->server->now_us = flash_time_monotonic_us();
    flash_http_flush(connection);
}

static void drive(struct connection *connection)
{
    connection->driving = true;
    while (step(connection)) {
    }
    connection->driving = false;
    if (connection->state == CONNECTION_WRITING) {
        flash_http_flush(connection);
    } else {
        settle(connection);
    }
}

/* What drive() leaves behind when there is nothing to send: a partial request, or one with the
 * handler. */
static void settle(struct connection *connection)
{
    bool empty = flash_http_buffer_len(&connection->in) == 0;
    if (awaits_input(connection) && (connection->peer_closed || connection->in.failed ||
                                     (empty && connection->server->draining))) {
        flash_http_close(connection);
        return;
    }
    if (empty) {
        flash_http_buffer_release(&connection->server->pool, &connection->in);
    }
    read_on(connection, !connection->peer_closed);
}

static void await_body(struct connection *connection, size_t missing)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (connection->state == CONNECTION_BODY) {
        return;
    }
    flash_http_move(connection, CONNECTION_BODY);
    flash_http_buffer_reserve(&connection->server->pool, &connection->in, missing);
    if (connection->request.framing.expect_continue) {
        /* Best effort: a client whose window is full goes on by itself (RFC 9110 §10.1.1). */
        ssize_t sent = send(connection->fd, go_on, sizeof(go_on) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)sent;
    }
}

static void hand_out(struct connection *connection)
{
    struct flash_http *server = connection->server;
    flash_http_move(connection, CONNECTION_HANDLING);
    server->open_requests++;
    flash_http_request_start(connection);
    server->options.handler(&connection->request, server->options.arg);
}

/* Takes the next request from the input. True: it was answered, look again. */
static bool step(struct connection *connection)
{
    struct flash_request *request = &connection->request;
    size_t len = flash_http_buffer_len(&connection->in);
    if (connection->closing || len == 0 || flash_http_buffer_len(&connection->out) >= OUT_GATHER) {
        return false;
    }
    const char *bytes = connection->in.at + connection->in.start;
    bool sending = connection->state == CONNECTION_WRITING;
    enum head_progress progress = flash_http_head_feed(&request->head, bytes, len);
    if (progress == HEAD_MORE) {
        if (connection->state == CONNECTION_IDLE) {
            flash_http_move(connection, CONNECTION_HEAD);
        }
        return false;
    }
    enum refusal refusal = request->head.refusal;
    if (refusal == REFUSAL_NONE && connection->state != CONNECTION_BODY) {
        refusal = flash_http_head_judge(&request->head, bytes, connection->server->options.body_max,
                                        &request->framing);
    }
    if (refusal != REFUSAL_NONE) {
        flash_http_refuse(connection, refusal);
        return false;
    }
    size_t whole = request->head.len + request->framing.body_len;
    if (len >= whole) {
        hand_out(connection);
        return connection->state == CONNECTION_WRITING;
    }
    if (!sending) { /* else first the answers, then the rest of this one */
        await_body(connection, whole - len);
    }
    return false;
}

void flash_http_refuse(struct connection *connection, enum refusal refusal)
{
    struct flash_http *server = connection->server;
    struct flash_request *request = &connection->request;
    const struct flash_problem *problem = flash_http_refusal_problem(refusal);
    struct buffer body = {.max = BUFFER_CHUNK};
    connection->closing = true;
    flash_http_request_id_make(server, request->id);
    flash_http_problem_body(server, &body, problem, request->id);
    const struct flash_response response = {
        .status = problem->status,
        .content_type = "application/problem+json",
        .headers = problem->headers,
        .body = {body.at, body.end},
    };
    flash_http_answer(connection, &response, problem->retry_after_s);
    flash_http_buffer_release(&server->pool, &body);
}

void flash_http_in_turn(struct connection *connection)
{
    struct flash_http *server = connection->server;
    if (connection->queued) {
        return;
    }
    connection->queued = true;
    TAILQ_INSERT_TAIL(&server->turns, connection, in_turn);
    if (server->turn_count++ == 0) {
        event_active(&server->turn, EV_TIMEOUT, 1);
    }
}

static void take_turn(struct connection *connection)
{
    if (connection->state == CONNECTION_HANDLING || connection->state == CONNECTION_ORPHANED) {
        if (connection->peer_closed) {
            tell_gone(connection);
        }
    } else if (awaits_input(connection)) {
        if (flash_http_buffer_len(&connection->in) > 0 || connection->peer_closed) {
            drive(connection);
        } else {
            on_readable(connection->fd, EV_READ, connection);
        }
    }
}

void flash_http_on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct flash_http *server = arg;
    server->now_us = flash_time_monotonic_us();
    /* What is queued meanwhile has its turn in the next round of the loop. */
    for (int left = server->turn_count; left > 0 && server->turn_count > 0; left--) {
        struct connection *connection = TAILQ_FIRST(&server->turns);
        TAILQ_REMOVE(&server->turns, connection, in_turn);
        connection->queued = false;
        server->turn_count--;
        take_turn(connection);
    }
    if (server->turn_count > 0) {
        event_active(&server->turn, EV_TIMEOUT, 1);
    }
}
