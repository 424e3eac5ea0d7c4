/* A small strict HTTP/1.1 server on libevent and http-parser (RFC 9110, 9112; SECURITY "Slowloris",
 * framing).
 *
 * One struct flash_http belongs to one event_base and thread; several bind the same address by
 * SO_REUSEPORT. The handler is called once per complete request (head and body read), and answers
 * it exactly once, at once or later, on the same thread. Requests of one connection are handled one
 * after the other.
 *
 * Strict: absolute deadlines for head and body, one Content-Length, no Transfer-Encoding, no
 * obs-fold, no bare LF or CR, no NUL, a Host in HTTP/1.1, caps on head (8 KiB), body and
 * connections; whatever leaves the framing in doubt is answered and the connection closed. Errors
 * are RFC 9457 application/problem+json. Expect: 100-continue is answered with 100, another
 * expectation with 417; an Upgrade is ignored; a POST without Content-Length has an empty body. A
 * connection that sends nothing yet is idle: the header timeout runs from the first byte. The
 * client's time to take an answer is the idle timeout. A request that was handed out has no
 * deadline here: it is the handler's to answer.
 *
 * A full listener drops its idlest connection for a new one, and answers 503 when none is idle; an
 * address (of IPv6 the /64) over its cap gets 429. Out of descriptors, accepting rests for a
 * moment. */
#ifndef FLASH_HTTP_H
#define FLASH_HTTP_H

#include "flash/config.h"
#include "flash/ids.h"

struct event_base;
struct flash_http;
struct flash_request; /* lives until it was answered; answering frees it */

typedef void (*flash_http_handler)(struct flash_request *request, void *arg);

struct flash_http_options {
    struct flash_address listen;
    bool reuse_port;
    size_t body_max; /* bytes; 413 above */
    int64_t header_timeout_ms, body_timeout_ms, idle_timeout_ms;
    int max_connections, max_connections_per_address;
    struct flash_http_peers *peers; /* (borrowed) of http_peer.h; NULL: it counts for itself */
    flash_http_handler handler;
    void *arg;
};

/* Binds and listens. Error kinds: CONFIG (address in use, bad address, a cap or timeout below 1),
 * RETRY (no memory). */
FLASH_MUST_CHECK bool flash_http_new(struct event_base *base,
                                     const struct flash_http_options *options,
                                     struct flash_http **ret_http, struct flash_error *err);
/* The port bound (useful with port 0). */
uint16_t flash_http_port(const struct flash_http *http);
/* Stops accepting, closes idle connections (unless a request has come up meanwhile) and streams in
 * the loop's next turn, answers what is open with Connection: close. Done when
 * flash_http_connections is 0. */
void flash_http_drain(struct flash_http *http);
/* Requests handed out and not answered yet (a stream is an answer); connections open, streams among
 * them. */
int flash_http_open_requests(const struct flash_http *http);
int flash_http_connections(const struct flash_http *http);
/* Closes everything; open requests and streams are freed. Not from inside the handler or gone. NULL
 * is fine. */
void flash_http_free(struct flash_http *http);

enum flash_method {
    FLASH_METHOD_GET,
    FLASH_METHOD_HEAD,
    FLASH_METHOD_POST,
    FLASH_METHOD_PUT,
    FLASH_METHOD_DELETE,
    FLASH_METHOD_OTHER,
};

/* All texts are borrowed and valid until the request is answered. */
enum flash_method flash_request_method(const struct flash_request *request);
/* The path as sent; the query without '?', maybe empty. */
struct flash_text flash_request_path(const struct flash_request *request);
struct flash_text flash_request_query(const struct flash_request *request);
struct flash_text flash_request_body(const struct flash_request *request);
/* A header's value by name, in any case; at == NULL when absent. A repeated header: the first
 * (Host, Content-Length, Content-Type, Authorization, Idempotency-Key, X-User-Id, Expect may not be
 * repeated: refused with 400 before the handler). */
struct flash_text flash_request_header(const struct flash_request *request, const char *name);
/* Unique, in every problem and log line about the request. */
const char *flash_request_id(const struct flash_request *request);
#define FLASH_TRACEPARENT_LEN 55 /* the W3C traceparent: taken over when valid, else started */
const char *flash_request_traceparent(const struct flash_request *request);
/* Microseconds (monotonic) when the request was complete. */
uint64_t flash_request_received_us(const struct flash_request *request);
/* A slot of the connection for the routes' own use (verified token): lives as long as the
 * connection; free_slot is called when it is replaced or the connection ends. */
void *flash_request_slot(const struct flash_request *request);
void flash_request_set_slot(struct flash_request *request, void *slot, void (*free_slot)(void *));
/* Called once, from the loop and never from inside this call, if the client goes away before the
 * answer; the request must still be answered, from gone or later. After a reset that only frees it.
 * A FIN may also be a client that closed its sending half and waits: it is told the same way, and
 * the answer is sent. (A client that pipelines more than its buffer holds behind this request is
 * not watched.) */
void flash_request_on_gone(struct flash_request *request,
                           void (*gone)(struct flash_request *, void *), void *arg);

struct flash_response {
    int status;
    const char *content_type; /* NULL: application/json */
    const char *headers;      /* further header lines, each ending \r\n, or NULL */
    struct flash_text body;   /* copied before return */
};

/* Answers and frees request. HEAD sends no body; 204 and 304 neither. */
void flash_request_reply(struct flash_request *request, const struct flash_response *response);

/* An answer without an end, for server-sent events. It takes its request's place: the request is
 * answered and freed; the stream lives until its owner closes it or gone is called, never both.
 * gone comes from the loop, not inside a call of this module: the client left, did not take enough,
 * or the server drains; the stream is freed after it. The body ends with the connection
 * (Connection: close and no Content-Length: RFC 9112 §6.3, rule 8), so an event needs no framing of
 * its own.
 *
 * What the client sends meanwhile is thrown away; its FIN is its leaving. An open stream has no
 * deadline; a client that takes nothing of what waits for it for the idle timeout is dropped. */
struct flash_stream;
struct flash_stream_start {
    const char *content_type;
    const char *headers; /* further header lines, each ending \r\n, or NULL */
    void (*gone)(struct flash_stream *stream, void *arg);
    void *arg;
    /* For a body in pieces, else NULL: all is out. It goes in chunks (RFC 9112 §7.1). */
    void (*drained)(struct flash_stream *stream, void *arg);
    size_t room; /* bytes that may wait for the client; 0: 16 KiB */
};
/* Answers request, which is no HEAD, with 200. Never NULL: gone tells if the client has left. */
struct flash_stream *flash_request_stream(struct flash_request *request,
                                          const struct flash_stream_start *start);
/* Copies text, not empty. False: it ends (no room, or the socket failed), and gone follows. */
bool flash_stream_write(struct flash_stream *stream, struct flash_text text);
/* Ends it after what was written; or at once, as what is not whole. gone is not called. */
void flash_stream_close(struct flash_stream *stream);
void flash_stream_abort(struct flash_stream *stream);

/* An RFC 9457 problem: {"type":"/problems/<slug>","title","status","detail","request_id"}. */
struct flash_problem {
    int status;
    const char *slug;    /* "sold-out" */
    const char *title;   /* "Sold out" */
    const char *detail;  /* a sentence, or NULL; constants or escaped by this function */
    int retry_after_s;   /* > 0: Retry-After */
    const char *extra;   /* further JSON members, e.g. "\"state\":\"PAID\"", or NULL */
    const char *headers; /* further header lines, or NULL */
};
void flash_request_problem(struct flash_request *request, const struct flash_problem *problem);

#endif
