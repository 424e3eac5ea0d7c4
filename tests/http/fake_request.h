/* include/flash/http.h without sockets, for unit tests of handlers: the test makes requests, the
 * code under test answers each exactly once, and the answer is recorded.
 *
 * Link flash_fake_http instead of flash_http: it has auth, strict bodies, the mailbox and the
 * operations routes as they are, on top of this. A request stays the test's: answering frees what
 * the handler could still hold on to (path, headers, body), and a second answer, or a look after
 * the answer, aborts. A stream is kept with the request it answered. */
#ifndef FLASH_TESTS_FAKE_REQUEST_H
#define FLASH_TESTS_FAKE_REQUEST_H

#include "flash/http.h"

/* A connection's slot, for requests that follow one another on it. */
struct fake_connection;
struct fake_connection *fake_connection_new(void);
/* Frees what is in its slot, too. */
void fake_connection_free(struct fake_connection *connection);

struct fake_request_head {
    enum flash_method method;
    const char *path, *query;           /* NULL: empty */
    const char *const *headers;         /* name, value, name, value, …, NULL; or NULL */
    const char *body;                   /* NULL: empty */
    struct fake_connection *connection; /* NULL: one of its own */
    uint64_t received_us;               /* 0: now */
};

struct fake_answer {
    int status;
    char *headers;               /* further header lines, "" for none */
    char *body;                  /* NUL-terminated; "" for a problem */
    char *slug, *detail, *extra; /* of a problem; NULL where there is none */
    int retry_after_s;           /* of a problem */
};

/* All of head is copied. */
struct flash_request *fake_request_new(const struct fake_request_head *head);
/* What it was answered with; NULL while it is open. */
const struct fake_answer *fake_request_answer(const struct flash_request *request);
/* Whether somebody wants to know when the client goes away; and its going: tells him. */
bool fake_request_watched(const struct flash_request *request);
void fake_request_leave(struct flash_request *request);
/* Aborts when it has not been answered. */
void fake_request_free(struct flash_request *request);

/* The stream it was answered with, whose answer has status 200 and no body; NULL: it was not. */
struct flash_stream *fake_request_stream(const struct flash_request *request);
/* All that was written to it, NUL-terminated. */
const char *fake_stream_text(const struct flash_stream *stream);
/* Closed by its owner, or gone. */
bool fake_stream_ended(const struct flash_stream *stream);
/* From now on writes fail, as for a client that does not read. */
void fake_stream_set_full(struct flash_stream *stream);
/* The client leaves: tells the owner. */
void fake_stream_leave(struct flash_stream *stream);

/* The listener's half: hands request to the handler that http was made with. */
void fake_http_hand(struct flash_http *http, struct flash_request *request);

#endif
