/* One kept-alive connection: its socket, its bytes, and the operations in flight on it, oldest
 * first.
 *
 * HTTP/1.1 answers in order, so the oldest in flight is the one that is answered next. A connection
 * that fails is closed and gives its operations back; what becomes of them is not its concern.
 * Belongs to one thread. */
#ifndef FLASH_BENCH_CONNECTION_H
#define FLASH_BENCH_CONNECTION_H

#include <sys/socket.h>

#include "operation.h"
#include "request.h"
#include "response.h"
#include "spares.h"

#define FLASH_BENCH_INPUT_MAX 32768 /* bytes of answers not read through */

enum flash_bench_link {
    FLASH_BENCH_LINK_CLOSED,     /* opens again at reopen_us */
    FLASH_BENCH_LINK_CONNECTING, /* until it is writable or reopen_us has passed */
    FLASH_BENCH_LINK_OPEN,
};

struct flash_bench_lane;

struct flash_bench_connection {
    enum flash_bench_link link;
    int fd, epoll_fd;
    struct flash_bench_lane *lane;    /* (borrowed) whose connection this is */
    struct flash_bench_op **inflight; /* a ring of depth places */
    int depth, first, count;
    struct flash_bench_spares *ins, *outs; /* (borrowed) the lane's */
    char *in, *out;                        /* theirs; NULL while empty */
    size_t in_len, out_len, out_sent;
    uint64_t reopen_us;
    int failures;       /* to connect, in a row */
    bool listed;        /* in the lane's ring of those with a free place */
    bool touched;       /* in the lane's list of those with bytes to write */
    bool write_watched; /* epoll tells when it becomes writable */
};

struct flash_bench_peer {
    struct sockaddr_storage address;
    socklen_t len;
};

/* Resolves the address (once, before the run). Error kind CONFIG. */
FLASH_MUST_CHECK bool flash_bench_peer_resolve(const struct flash_bench_address *address,
                                               struct flash_bench_peer *ret_peer,
                                               struct flash_error *err);

/* Opens before the run and waits until it is open. Error kind RETRY: nobody answers there. */
FLASH_MUST_CHECK bool flash_bench_connection_open(struct flash_bench_connection *connection,
                                                  const struct flash_bench_peer *peer,
                                                  struct flash_error *err);
/* Begins to open again, without waiting. False if it failed at once. */
bool flash_bench_connection_begin(struct flash_bench_connection *connection,
                                  const struct flash_bench_peer *peer);
/* CONNECTING and writable: OPEN if true, else the connection failed. */
bool flash_bench_connection_complete(struct flash_bench_connection *connection);

/* Appends op's request and puts op in flight; there must be a free place. */
void flash_bench_connection_put(struct flash_bench_connection *connection,
                                const struct flash_bench_writer *writer, struct flash_bench_op *op);
/* Writes what is not written yet, as far as the socket takes it. False: the connection failed. */
bool flash_bench_connection_flush(struct flash_bench_connection *connection);
/* Reads once; *ret_more says that the socket may hold more, which no event will tell again. False:
 * the connection failed or the peer has closed it. */
bool flash_bench_connection_fill(struct flash_bench_connection *connection, bool *ret_more);
/* The first `done` bytes that were read are read through. */
void flash_bench_connection_consume(struct flash_bench_connection *connection, size_t done);
/* Takes the oldest out of flight; NULL when none is. */
struct flash_bench_op *flash_bench_connection_pop(struct flash_bench_connection *connection);
/* Closes the socket and forgets all bytes; operations in flight stay for pop. Opens again at
 * reopen_us. */
void flash_bench_connection_close(struct flash_bench_connection *connection, uint64_t reopen_us);

#endif
