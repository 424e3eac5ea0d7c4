/* What the files of this folder share: the server, its connections, and who may move one from state
 * to state.
 *
 * One thread. Callbacks of the loop come in through accept.c, connection.c and deadlines.c; the
 * application through server.c, request.c, reply.c. A connection is closed in one place
 * (flash_http_close) and moved in one (flash_http_move); after either call that may close, the
 * caller touches the connection no more. */
#ifndef FLASH_HTTP_INTERNAL_H
#define FLASH_HTTP_INTERNAL_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>

#include "buffer.h"
#include "flash/http.h"
#include "head.h"
#include "peers.h"

#define REQUEST_ID_LEN 16
#define TRACEPARENT_LEN 55
#define DATE_LEN 29      /* "Sun, 06 Nov 1994 08:49:37 GMT" */
#define OUT_GATHER 16384 /* answers to pipelined requests are gathered up to here, then sent */
#define RESPONSE_MAX ((size_t)64 << 20) /* bytes of one answer's body: 500 above */

enum connection_state {
    CONNECTION_CLOSED,    /* a free slot */
    CONNECTION_IDLE,      /* between requests, no byte of the next */
    CONNECTION_HEAD,      /* part of a head is there */
    CONNECTION_BODY,      /* the head is accepted, part of the body missing */
    CONNECTION_HANDLING,  /* the request is with the handler */
    CONNECTION_ORPHANED,  /* the same, but the socket is gone: the answer only frees */
    CONNECTION_WRITING,   /* answered, not all of it taken by the kernel */
    CONNECTION_LINGERING, /* answered and shut down; input is thrown away so that no RST destroys
                             the answer */
    CONNECTION_STATES,
};

/* Lists ordered by age; each has one timeout, so the head is always the next to expire. */
enum deadline {
    DEADLINE_IDLE,
    DEADLINE_HEAD,
    DEADLINE_BODY,
    DEADLINE_WRITE,
    DEADLINE_LINGER,
    DEADLINES,
    DEADLINE_NONE = DEADLINES,
};

struct flash_request {
    struct head head;
    struct framing framing;
    char id[REQUEST_ID_LEN + 1];
    char traceparent[TRACEPARENT_LEN + 1]; /* empty until asked for */
    uint64_t received_us;
    void (*gone)(struct flash_request *, void *); /* NULL: nobody to tell */
    void *gone_arg;
};

struct connection {
    struct flash_http *server; /* (borrowed) */
    int fd;
    enum connection_state state;
    int peer;         /* slot in peers */
    bool peer_closed; /* the client sends no more: it left, or only closed its half */
    bool closing;     /* this answer is the connection's last */
    bool driving;     /* inside drive(): an answer given now is sent when that ends */
    bool reading;     /* the read event is pending */
    bool queued;      /* in the server's turn list */
    struct event read, write;
    struct buffer in, out;
    struct flash_request request;
    void *slot;
    void (*free_slot)(void *);
    uint64_t deadline_us;
    TAILQ_ENTRY(connection) by_age; /* in the list of its deadline; when closed, in the free list */
    TAILQ_ENTRY(connection) in_turn;
};
TAILQ_HEAD(connection_list, connection);

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
    uint64_t now_us;             /* monotonic, read when the loop or the application comes in */
    uint64_t timeout_us[DEADLINES];
    struct connection_list by_age[DEADLINES];
    struct connection_list turns, free_list;
    int turn_count, connections, open_requests;
    struct connection *slots; /* options.max_connections of them */
    struct buffer_pool pool;
    struct peers peers;
    uint64_t random; /* splitmix64: ids and traces, no secrets */
    uint64_t date_us;
    char date[DATE_LEN + 1];
};

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
/* Has the connection looked at in the loop's next turn: more input to serve, or a leaving to tell.
 */
void flash_http_in_turn(struct connection *connection);
void flash_http_on_turn(evutil_socket_t fd, short what, void *arg);
/* Answers what is no request with the refusal's problem, for the last time. Not while a request is
 * handed out. */
void flash_http_refuse(struct connection *connection, enum refusal refusal);
/* The socket failed: tells the handler and keeps an orphan, or closes. */
void flash_http_lost(struct connection *connection);

/* output.c: sends what was answered, then goes on to the next request, lingers or closes. */
void flash_http_flush(struct connection *connection);

/* request.c */
void flash_http_request_start(struct connection *connection);
void flash_http_request_id_make(struct flash_http *server, char ret_id[REQUEST_ID_LEN + 1]);

/* reply.c: as flash_request_reply, also for what was refused; with Retry-After. */
void flash_http_answer(struct connection *connection, const struct flash_response *response,
                       int retry_after_s);

#endif
