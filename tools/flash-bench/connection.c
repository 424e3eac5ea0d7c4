/* Sockets of one connection; see connection.h. */
#include "connection.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

bool flash_bench_peer_resolve(const struct flash_bench_address *address,
                              struct flash_bench_peer *ret_peer, struct flash_error *err)
{
    char service[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    snprintf(service, sizeof(service), "%d", (int)address->port);
    int rc = getaddrinfo(address->host, service, &hints, &found);
    if (rc != 0) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "%s: %s", address->host, gai_strerror(rc));
    }
    memcpy(&ret_peer->address, found->ai_addr, found->ai_addrlen);
    ret_peer->len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static int new_socket(const struct flash_bench_peer *peer, int flags)
{
    int one = 1;
    int fd = socket(peer->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd >= 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        /* The cheapest: on one machine the peer's sends pay for our congestion control. */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
    }
    return fd;
}

/* Edge-triggered: else epoll asks every socket a second time whether it has more. */
static bool watch(struct flash_bench_connection *connection, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLRDHUP | EPOLLET, .data.ptr = connection};
    connection->write_watched = (events & EPOLLOUT) != 0;
    return epoll_ctl(connection->epoll_fd, operation, connection->fd, &event) == 0;
}

bool flash_bench_connection_open(struct flash_bench_connection *connection,
                                 const struct flash_bench_peer *peer, struct flash_error *err)
{
    struct timeval limit = {.tv_sec = 5}; /* Linux: also of connect */
    struct timeval none = {.tv_sec = 0};
    connection->fd = new_socket(peer, 0);
    if (connection->fd < 0) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "cannot open a socket: %s",
                               strerror(errno));
    }
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(connection->fd, (const struct sockaddr *)&peer->address, peer->len) != 0) {
        flash_error_set(err, FLASH_ERROR_RETRY, "cannot connect: %s", strerror(errno));
        close(connection->fd);
        return false;
    }
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof(none));
    if (!watch(connection, EPOLL_CTL_ADD, EPOLLIN)) {
        flash_error_set(err, FLASH_ERROR_CONFIG, "epoll: %s", strerror(errno));
        close(connection->fd);
        return false;
    }
    connection->link = FLASH_BENCH_LINK_OPEN;
    return true;
}

bool flash_bench_connection_begin(struct flash_bench_connection *connection,
                                  const struct flash_bench_peer *peer)
{
    connection->fd = new_socket(peer, SOCK_NONBLOCK);
    if (connection->fd < 0) {
        return false;
    }
    int rc = connect(connection->fd, (const struct sockaddr *)&peer->address, peer->len);
    if ((rc != 0 && errno != EINPROGRESS) || !watch(connection, EPOLL_CTL_ADD, EPOLLOUT)) {
        close(connection->fd);
        return false;
    }
    connection->link = FLASH_BENCH_LINK_CONNECTING;
    return true;
}

bool flash_bench_connection_complete(struct flash_bench_connection *connection)
{
    int error = 0;
    socklen_t len = sizeof(error);
    assert(connection->link == FLASH_BENCH_LINK_CONNECTING);
    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0 ||
        !watch(connection, EPOLL_CTL_MOD, EPOLLIN)) {
        return false;
    }
    connection->link = FLASH_BENCH_LINK_OPEN;
    return true;
}

void flash_bench_connection_put(struct flash_bench_connection *connection,
                                const struct flash_bench_writer *writer, struct flash_bench_op *op)
{
    assert(connection->count < connection->depth);
    int place = (connection->first + connection->count++) % connection->depth;
    connection->inflight[place] = op;
    if (connection->out == NULL) {
        connection->out = flash_bench_spares_take(connection->outs);
    }
    connection->out_len +=
        flash_bench_writer_put(writer, op, connection->out + connection->out_len);
}

/* Moves what is left of a buffer's bytes to its start, or gives the buffer back. */
static void keep_rest(char **buffer, struct flash_bench_spares *spares, size_t done, size_t left)
{
    if (left > 0) {
        memmove(*buffer, *buffer + done, left);
    } else if (*buffer != NULL) {
        flash_bench_spares_give(spares, *buffer);
        *buffer = NULL;
    }
}

/* The bytes of all that is in flight fit (depth × REQUEST_MAX), so only what is wholly written is
 * dropped. */
bool flash_bench_connection_flush(struct flash_bench_connection *connection)
{
    bool blocked = false;
    while (connection->out_sent < connection->out_len && !blocked) {
        ssize_t n = send(connection->fd, connection->out + connection->out_sent,
                         connection->out_len - connection->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            connection->out_sent += (size_t)n;
        } else if (errno == EAGAIN) {
            blocked = true;
        } else if (errno != EINTR) {
            return false;
        }
    }
    connection->out_len -= connection->out_sent;
    keep_rest(&connection->out, connection->outs, connection->out_sent, connection->out_len);
    connection->out_sent = 0;
    if (blocked != connection->write_watched) {
        return watch(connection, EPOLL_CTL_MOD, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
    return true;
}

bool flash_bench_connection_fill(struct flash_bench_connection *connection, bool *ret_more)
{
    size_t room = FLASH_BENCH_INPUT_MAX - connection->in_len;
    *ret_more = false;
    if (connection->in == NULL) {
        connection->in = flash_bench_spares_take(connection->ins);
    }
    ssize_t n = recv(connection->fd, connection->in + connection->in_len, room, MSG_DONTWAIT);
    if (n > 0) {
        connection->in_len += (size_t)n;
        *ret_more = (size_t)n == room;
        return true;
    }
    *ret_more = n < 0 && errno == EINTR;
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

void flash_bench_connection_consume(struct flash_bench_connection *connection, size_t done)
{
    connection->in_len -= done;
    keep_rest(&connection->in, connection->ins, done, connection->in_len);
}

struct flash_bench_op *flash_bench_connection_pop(struct flash_bench_connection *connection)
{
    if (connection->count == 0) {
        return NULL;
    }
    struct flash_bench_op *op = connection->inflight[connection->first];
    connection->first = (connection->first + 1) % connection->depth;
    connection->count--;
    return op;
}

void flash_bench_connection_close(struct flash_bench_connection *connection, uint64_t reopen_us)
{
    if (connection->link != FLASH_BENCH_LINK_CLOSED) {
        close(connection->fd);
    }
    connection->link = FLASH_BENCH_LINK_CLOSED;
    connection->fd = -1;
    connection->in_len = connection->out_len = connection->out_sent = 0;
    keep_rest(&connection->in, connection->ins, 0, 0);
    keep_rest(&connection->out, connection->outs, 0, 0);
    connection->write_watched = false;
    connection->reopen_us = reopen_us;
}
