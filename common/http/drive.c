/* From input to answers: complete requests are cut out of the input one after the other and handed
 * to the handler.
 *
 * This goes on for as long as the handler answers at once; the answers gather in `out` and go out
 * together. An answer given later starts from flash_http_answer and leaves the next request to the
 * loop's next turn, so a handler never runs inside an answer. What is no request is refused with a
 * problem, and the connection ends. */
#include <sys/socket.h>

#include "response.h"

static bool step(struct connection *connection);
static void settle(struct connection *connection);

void flash_http_drive(struct connection *connection)
{
    connection->driving = true;
    while (step(connection)) {
    }
    connection->driving = false;
    if (connection->state == CONNECTION_WRITING || flash_http_streams(connection)) {
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
    if (flash_http_awaits_input(connection) && (connection->peer_closed || connection->in.failed ||
                                                (empty && connection->server->draining))) {
        flash_http_close(connection);
        return;
    }
    if (empty) {
        flash_http_buffer_release(&connection->server->pool, &connection->in);
    }
    flash_http_read_on(connection, !connection->peer_closed);
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
