/* Problems (RFC 9457): the body's JSON, and the one for each reason to refuse bytes that are no
 * request. */
#include <string.h>

#include "response.h"

static const struct flash_problem problems[REFUSALS] = {
    [REFUSAL_REQUEST_LINE] = {400, "bad-request", "Bad request",
                              "The request line is not: method, path, HTTP/1.1."},
    [REFUSAL_TARGET] = {400, "bad-request", "Bad request",
                        "The target must be a path that begins with a slash, in URL encoding."},
    [REFUSAL_VERSION] = {505, "http-version", "HTTP version not supported",
                         "HTTP/1.1 and HTTP/1.0 are spoken here."},
    [REFUSAL_LINE_END] = {400, "bad-request", "Bad request", "Lines must end in CR LF."},
    [REFUSAL_FIELD] = {400, "bad-request", "Bad request",
                       "A header line is not a name, a colon and a value."},
    [REFUSAL_REPEATED] = {400, "bad-request", "Bad request",
                          "A header field that may be sent only once was sent again."},
    [REFUSAL_HOST] = {400, "bad-request", "Bad request", "The Host field is missing or no host."},
    [REFUSAL_CONTENT_LENGTH] = {400, "bad-request", "Bad request",
                                "Content-Length is not a number."},
    [REFUSAL_TRANSFER_ENCODING] = {501, "not-implemented", "Not implemented",
                                   "Transfer-Encoding is not taken: send Content-Length."},
    [REFUSAL_TWO_LENGTHS] = {400, "bad-request", "Bad request",
                             "Transfer-Encoding and Content-Length exclude each other."},
    [REFUSAL_EXPECT] = {417, "expectation-failed", "Expectation failed",
                        "Only 100-continue can be expected."},
    [REFUSAL_DISAGREE] = {400, "bad-request", "Bad request", "The head is ambiguous."},
    [REFUSAL_LINE_SIZE] = {414, "uri-too-long", "URI too long",
                           "The request line may have 2048 bytes."},
    [REFUSAL_HEAD_SIZE] = {431, "headers-too-large", "Request header fields too large",
                           "The head may have 8192 bytes and 64 header lines."},
    [REFUSAL_BODY_SIZE] = {413, "payload-too-large", "Payload too large",
                           "The body is larger than this listener takes."},
    [REFUSAL_HEAD_LATE] = {408, "timeout", "Request timeout", "The head did not come in time."},
    [REFUSAL_BODY_LATE] = {408, "timeout", "Request timeout", "The body did not come in time."},
    [REFUSAL_CONNECTIONS] = {503, "overloaded", "Overloaded",
                             "All connections of this listener are in use.", .retry_after_s = 1},
    [REFUSAL_ADDRESS_CONNECTIONS] = {429, "too-many-connections", "Too many connections",
                                     "This address has too many connections open.",
                                     .retry_after_s = 1},
    [REFUSAL_ANSWER_SIZE] = {500, "internal", "Internal error", "The answer is too large."},
};

const struct flash_problem *flash_http_refusal_problem(enum refusal refusal)
{
    return &problems[refusal];
}

static void member(struct buffer_pool *pool, struct buffer *body, const char *before,
                   const char *text)
{
    flash_http_buffer_text(pool, body, before);
    flash_http_buffer_json(pool, body, text, strlen(text));
}

void flash_http_problem_body(struct flash_http *server, struct buffer *body,
                             const struct flash_problem *problem, const char *id)
{
    struct buffer_pool *pool = &server->pool;
    member(pool, body, "{\"type\":\"/problems/", problem->slug);
    member(pool, body, "\",\"title\":\"", problem->title);
    flash_http_buffer_text(pool, body, "\",\"status\":");
    flash_http_buffer_number(pool, body, (uint64_t)problem->status);
    if (problem->detail) {
        member(pool, body, ",\"detail\":\"", problem->detail);
        flash_http_buffer_append(pool, body, "\"", 1);
    }
    member(pool, body, ",\"request_id\":\"", id);
    flash_http_buffer_append(pool, body, "\"", 1);
    if (problem->extra) {
        flash_http_buffer_append(pool, body, ",", 1);
        flash_http_buffer_text(pool, body, problem->extra);
    }
    flash_http_buffer_append(pool, body, "}", 1);
}
