/* Answering: writes the response behind what is gathered, takes the request from the input, sends
 * unless drive() will.
 *
 * The one place where a request ends. It decides whether the connection lives on: not after a
 * refusal, not while draining, not if the client does not want to. */
#include <assert.h>

#include "response.h"

void flash_http_request_end(struct connection *connection)
{
    struct flash_request *request = &connection->request;
    if (connection->state == CONNECTION_HANDLING || connection->state == CONNECTION_ORPHANED) {
        connection->in.start += request->head.len + request->framing.body_len;
        connection->server->open_requests--;
    }
    request->gone = NULL;
    flash_http_head_reset(&request->head);
}

void flash_http_answer(struct connection *connection, const struct flash_response *response,
                       int retry_after_s)
{
    struct flash_http *server = connection->server;
    struct flash_request *request = &connection->request;
    bool keep = !connection->closing && !server->draining && request->framing.keep_alive;
    struct answer answer = {
        .response = response,
        .id = request->id,
        .retry_after_s = retry_after_s,
        .connection = !keep                      ? "close"
                      : request->head.minor == 0 ? "keep-alive"
                                                 : NULL,
        .head_only = request->head.method == FLASH_METHOD_HEAD && request->head.len > 0,
    };
    connection->closing = !keep;
    flash_http_response_write(server, &connection->out, &answer);
    flash_http_request_end(connection);
    if (connection->state != CONNECTION_WRITING) {
        flash_http_move(connection, CONNECTION_WRITING);
    }
    if (!connection->driving) {
        flash_http_flush(connection);
    }
}

static void answer_request(struct flash_request *request, const struct flash_response *response,
                           int retry_after_s)
{
    struct connection *connection = flash_http_connection_of(request);
    flash_http_clock(connection->server);
    if (connection->state == CONNECTION_ORPHANED) {
        flash_http_close(connection);
        return;
    }
    assert(connection->state == CONNECTION_HANDLING);
    flash_http_answer(connection, response, retry_after_s);
}

void flash_request_reply(struct flash_request *request, const struct flash_response *response)
{
    if (response->body.len > RESPONSE_MAX) {
        flash_request_problem(request, flash_http_refusal_problem(REFUSAL_ANSWER_SIZE));
        return;
    }
    answer_request(request, response, 0);
}

void flash_request_problem(struct flash_request *request, const struct flash_problem *problem)
{
    struct flash_http *server = flash_http_connection_of(request)->server;
    struct buffer body = {.max = RESPONSE_MAX};
    flash_http_problem_body(server, &body, problem, request->id);
    const struct flash_response response = {
        .status = problem->status,
        .content_type = "application/problem+json",
        .headers = problem->headers,
        .body = {body.at, flash_http_buffer_len(&body)},
    };
    answer_request(request, &response, problem->retry_after_s);
    flash_http_buffer_release(&server->pool, &body);
}
