/* One connection, which carries one request at a time: its state, its buffers, its place in the
 * lists. */
#ifndef FLASH_HTTP_CONNECTION_H
#define FLASH_HTTP_CONNECTION_H

#include <event2/event_struct.h>
#include <sys/queue.h>

#include "buffer.h"
#include "flash/http.h"
#include "head.h"

#define REQUEST_ID_LEN 16

enum connection_state {
    CONNECTION_CLOSED,    /* a free slot */
    CONNECTION_IDLE,      /* between requests, no byte of the next */
    CONNECTION_HEAD,      /* part of a head is there */
    CONNECTION_BODY,      /* the head is accepted, part of the body missing */
    CONNECTION_HANDLING,  /* the request is with the handler */
    CONNECTION_ORPHANED,  /* the same, but the socket is gone: the answer only frees */
    CONNECTION_WRITING,   /* answered, not all of it taken by the kernel */
    CONNECTION_STREAMING, /* answered without an end; the kernel has all of it so far */
    CONNECTION_STALLED,   /* the same, but some waits for the client to take it */
    CONNECTION_LEFT,      /* a stream whose socket is gone and whose owner is not told yet */
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
    char traceparent[FLASH_TRACEPARENT_LEN + 1]; /* empty until asked for */
    uint64_t received_us;
    void (*gone)(struct flash_request *, void *); /* NULL: nobody to tell */
    void *gone_arg;
};

struct flash_stream {
    void (*gone)(struct flash_stream *, void *); /* NULL: told, or closed */
    void *arg;
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
    struct flash_stream stream; /* STREAMING, STALLED, LEFT */
    void *slot;
    void (*free_slot)(void *);
    uint64_t deadline_us;
    TAILQ_ENTRY(connection) by_age; /* in the list of its deadline; when closed, in the free list */
    TAILQ_ENTRY(connection) in_turn;
};
TAILQ_HEAD(connection_list, connection);

static inline struct connection *flash_http_connection_of(const struct flash_request *request)
{
    return (struct connection *)((uintptr_t)request - offsetof(struct connection, request));
}
static inline bool flash_http_awaits_input(const struct connection *connection)
{
    return connection->state == CONNECTION_IDLE || connection->state == CONNECTION_HEAD ||
           connection->state == CONNECTION_BODY;
}
/* Whether a stream is open that can still be written to. */
static inline bool flash_http_streams(const struct connection *connection)
{
    return connection->state == CONNECTION_STREAMING || connection->state == CONNECTION_STALLED;
}

#endif
