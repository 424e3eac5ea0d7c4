/* What the files of this folder share: the server, its connections, and who may move one from state
 * to state.
 *
 * One thread. Callbacks of the loop come in through accept.c, connection.c and deadlines.c; the
 * application through server.c, request.c, reply.c, stream.c. A connection is closed in one place
 * (flash_http_close) and moved in one (flash_http_move); after either call that may close, the
 * caller touches the connection no more. */
#ifndef FLASH_HTTP_INTERNAL_H
#define FLASH_HTTP_INTERNAL_H

#include <event2/event.h>

#include "connection.h"
#include "flash/time.h"
#include "peers.h"

#define DATE_LEN 29          /* "Sun, 06 Nov 1994 08:49:37 GMT" */
#define OUT_GATHER 16384     /* answers to pipelined requests are gathered up to here, then sent */
#define STREAM_OUT_MAX 16384 /* bytes of a stream its client has not taken */
#define RESPONSE_MAX ((size_t)64 << 20) /* bytes of one answer's body: 500 above */

struct flash_http {
    struct event_base *base; /* (borrowed) */
    struct flash_http_options options;
    int listen_fd; /* -1: not listening any more */
    uint16_t port;
    bool draining;
    struct event accept, resume; /* resume: accepting again after the descriptors ran out */
    struct event turn;           /* work that must not run inside its starter */
    struct event timer;          /* the next deadline */
    uint64_t timer_us;           /* when it fires; UINT64_MAX: not armed */
    uint64_t now_us;             /* monotonic, read when the loop or the application comes in, */
    bool once_a_turn, now_read;  /* or once a turn: flash_http_turned is called */
    uint64_t timeout_us[DEADLINES];
    struct connection_list by_age[DEADLINES];
    struct connection_list turns, free_list;
    int turn_count, connections, open_requests;
    struct connection *slots; /* options.max_connections of them */
    struct buffer_pool pool;
    struct flash_http_peers own_peers, *peers; /* those of the options, or its own */
    uint64_t random;                           /* splitmix64: ids and traces, no secrets */
    uint64_t date_us;
    char date[DATE_LEN + 1];
};

/* Reads the clock, if it is to be. */
static inline void flash_http_clock(struct flash_http *server)
{
    if (!server->now_read) {
        server->now_us = flash_time_monotonic_us();
        server->now_read = server->once_a_turn;
    }
}

/* server.c */
uint64_t flash_http_random(struct flash_http *server);

/* accept.c */
bool flash_http_listen(struct flash_http *server, struct flash_error *err);
void flash_http_stop_listening(struct flash_http *server);

/* states.c: the only writer of a connection's state; keeps its deadline. */
void flash_http_move(struct connection *connection, enum connection_state state);

/* deadlines.c */
void flash_http_deadline_set(struct connection *connection, enum deadline which);
void flash_http_deadline_clear(struct connection *connection, enum deadline which);
void flash_http_on_timer(evutil_socket_t fd, short what, void *arg);

/* connection.c */
void flash_http_open(struct flash_http *server, int fd, int peer);
void flash_http_close(struct connection *connection);
/* Takes what the socket has, and goes on with it. */
void flash_http_read(struct connection *connection);
/* Whether the loop is to report more input. */
void flash_http_read_on(struct connection *connection, bool wanted);
/* The socket failed or its time is up: tells the handler and keeps an orphan, or leaves a stream to
 * its turn, or closes. */
void flash_http_lost(struct connection *connection);
/* Tells the handler, once. It may answer from there, and the connection be closed by that. */
void flash_http_tell_gone(struct connection *connection);

/* drive.c */
void flash_http_drive(struct connection *connection);
/* Answers what is no request with the refusal's problem, for the last time. Not while a request is
 * handed out. */
void flash_http_refuse(struct connection *connection, enum refusal refusal);

/* turns.c: has the connection looked at next turn: more input to serve, or a leaving to tell. */
void flash_http_in_turn(struct connection *connection);
void flash_http_on_turn(evutil_socket_t fd, short what, void *arg);

/* output.c: sends what was answered, then goes on to the next request, lingers or closes. */
void flash_http_flush(struct connection *connection);

/* request.c */
void flash_http_request_start(struct connection *connection);
void flash_http_request_id_make(struct flash_http *server, char ret_id[REQUEST_ID_LEN + 1]);

/* reply.c: takes the request from the input: it is answered. */
void flash_http_request_end(struct connection *connection);
/* stream.c: a stream's turn: its end is told, or found out. */
void flash_http_stream_turn(struct connection *connection);

/* reply.c: as flash_request_reply, also for what was refused; with Retry-After. */
void flash_http_answer(struct connection *connection, const struct flash_response *response,
                       int retry_after_s);

#endif
