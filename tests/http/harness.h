/* A server in the test's own loop, and clients on loopback sockets that are read between its turns.
 *
 * Nothing sleeps: harness_turn() runs the loop once without blocking, reads what the clients got,
 * and only if nothing moved waits a millisecond for the sockets. AWAIT turns until its condition
 * holds and fails after a generous while. */
#ifndef TESTS_HTTP_HARNESS_H
#define TESTS_HTTP_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "flash/http.h"

#define CLIENTS_MAX 64
#define BODY_MAX 64 /* of the harness' server */

struct client {
    int fd; /* -1: free */
    char *in;
    size_t cap, start, end; /* bytes received and not taken yet */
    bool eof;               /* the server closed, or reset */
    bool deaf;              /* does not read */
};

struct harness {
    struct event_base *base;
    struct flash_http *http;
    struct flash_http_options options; /* changed before harness_start */
    struct client clients[CLIENTS_MAX];
    int handled;                /* requests the handler was given */
    struct flash_request *held; /* the last one that hold() was given */
};

struct reply {
    int status;
    char head[2048];
    char body[4096]; /* its beginning */
    size_t body_len;
};

/* Fills harness with options for tests; starts nothing. */
void harness_init(struct harness *harness, flash_http_handler handler);
void harness_start(struct harness *harness);
void harness_stop(struct harness *harness);
void harness_turn(struct harness *harness);
uint64_t harness_now_ms(void);

/* A handler that answers "METHOD path|query|body", and one that only keeps the request in held. */
void harness_echo(struct flash_request *request, void *arg);
void harness_hold(struct flash_request *request, void *arg);
void harness_reply(struct flash_request *request, int status, const char *body);

struct client *client_open(struct harness *harness);
/* From another address of the loopback, "127.0.0.2". */
struct client *client_open_from(struct harness *harness, const char *address);
void client_close(struct client *client);
/* Closes with an RST. */
void client_reset(struct client *client);
/* Sends all, turning the loop when the socket is full; stops silently when the server closed. */
void client_send(struct harness *harness, struct client *client, const char *bytes, size_t len);
void client_text(struct harness *harness, struct client *client, const char *text);
/* Takes one complete response out of what was received, if there is one. */
bool client_take(struct client *client, bool head_only, struct reply *ret_reply);
/* Awaits one. */
void client_reply(struct harness *harness, struct client *client, struct reply *ret_reply);

#define AWAIT(harness, condition)                                                                  \
    do {                                                                                           \
        uint64_t until_ms = harness_now_ms() + 20000;                                              \
        while (!(condition)) {                                                                     \
            assert_true(harness_now_ms() < until_ms);                                              \
            harness_turn(harness);                                                                 \
        }                                                                                          \
    } while (0)

#endif
