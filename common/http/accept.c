/* Taking connections in: the listening socket, the caps, and what happens when one is reached.
 *
 * A full listener drops the connection that lingers or idles longest before it refuses a new one,
 * or one that keeps a slot by reading no answer or ending no request; a refused one is told so if
 * its socket takes the bytes at once. Out of descriptors, accepting rests for a moment: the backlog
 * keeps the clients, and a listening socket that stays readable would spin the loop. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "response.h"

#define ACCEPT_PER_WAKE 64 /* then the connections there are get their turn */
#define ACCEPT_PAUSE_MS 50 /* out of descriptors */
#define SPARED_US 1000000  /* who came to it just now may be as quick as anybody */
#define BACKLOG 4096       /* the kernel caps it at net.core.somaxconn */

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static void on_acceptable(evutil_socket_t fd, short what, void *arg);
static void on_resume(evutil_socket_t fd, short what, void *arg);

static bool address_parse(const struct flash_address *from, union address *ret_address,
                          socklen_t *ret_len)
{
    union address address = {0};
    if (inet_pton(AF_INET, from->host, &address.in.sin_addr) == 1) {
        address.in.sin_family = AF_INET;
        address.in.sin_port = htons(from->port);
        *ret_len = sizeof(address.in);
    } else if (inet_pton(AF_INET6, from->host, &address.in6.sin6_addr) == 1) {
        address.in6.sin6_family = AF_INET6;
        address.in6.sin6_port = htons(from->port);
        *ret_len = sizeof(address.in6);
    } else {
        return false;
    }
    *ret_address = address;
    return true;
}

/* Options of the listening socket are inherited by what it accepts: TCP_NODELAY costs nothing per
 * connection. */
static bool listen_on(struct flash_http *server, const union address *address, socklen_t len)
{
    int yes = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    server->listen_fd = fd;
    if (fd < 0) {
        return false;
    }
    bool reuse = server->options.reuse_port;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) != 0 ||
        (reuse && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)) != 0) ||
        bind(fd, &address->any, len) != 0 || listen(fd, BACKLOG) != 0) {
        return false;
    }
    union address bound;
    socklen_t bound_len = sizeof(bound);
    if (getsockname(fd, &bound.any, &bound_len) != 0) {
        return false;
    }
    server->port = ntohs(bound.any.sa_family == AF_INET ? bound.in.sin_port : bound.in6.sin6_port);
    return true;
}

bool flash_http_listen(struct flash_http *server, struct flash_error *err)
{
    const struct flash_address *where = &server->options.listen;
    union address address;
    socklen_t len;
    if (!address_parse(where, &address, &len)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "listen: '%s' is not an IP address",
                               where->host);
    }
    if (!listen_on(server, &address, len)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "listen on %s port %d: %s", where->host,
                               where->port, strerror(errno));
    }
    event_assign(&server->accept, server->base, server->listen_fd, EV_READ | EV_PERSIST,
                 on_acceptable, server);
    event_assign(&server->resume, server->base, -1, 0, on_resume, server);
    event_add(&server->accept, NULL);
    return true;
}

/* The oldest of a list that stands there longer than spared_us, is no stream and has no request to
 * serve in this turn; or NULL. */
static struct connection *oldest(struct flash_http *server, enum deadline which, uint64_t spared_us)
{
    uint64_t whole_us = server->timeout_us[which];
    struct connection *found = TAILQ_FIRST(&server->by_age[which]);
    while (found && (found->queued || flash_http_streams(found))) {
        found = TAILQ_NEXT(found, by_age);
    }
    bool stands = found && server->now_us + whole_us >= found->deadline_us + spared_us;
    return stands ? found : NULL;
}

/* Makes one more slot, or one more descriptor, free. Then go those who do not read their answer and
 * those who do not end what they began, unless they came to it just now. False: all others are at
 * work. */
static bool drop_idlest(struct flash_http *server)
{
    static const struct {
        enum deadline which;
        uint64_t spared_us;
    } order[] = {{DEADLINE_LINGER, 0},
                 {DEADLINE_IDLE, 0},
                 {DEADLINE_WRITE, SPARED_US},
                 {DEADLINE_HEAD, SPARED_US},
                 {DEADLINE_BODY, SPARED_US}};
    struct connection *victim = NULL;
    for (size_t i = 0; !victim && i < sizeof(order) / sizeof(order[0]); i++) {
        victim = oldest(server, order[i].which, order[i].spared_us);
    }
    if (victim) {
        flash_http_close(victim);
    }
    return victim != NULL;
}

static void turn_away(struct flash_http *server, int fd, enum refusal refusal)
{
    const struct flash_problem *problem = flash_http_refusal_problem(refusal);
    char id[REQUEST_ID_LEN + 1];
    struct buffer body = {.max = BUFFER_CHUNK}, out = {.max = BUFFER_CHUNK};
    flash_http_request_id_make(server, id);
    flash_http_problem_body(server, &body, problem, id);
    const struct flash_response response = {
        .status = problem->status,
        .content_type = "application/problem+json",
        .body = {body.at, body.end},
    };
    flash_http_response_write(server, &out,
                              &(struct answer){.response = &response,
                                               .id = id,
                                               .connection = "close",
                                               .retry_after_s = problem->retry_after_s});
    ssize_t sent = send(fd, out.at, out.end, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent; /* best effort; what is read here cannot cause an RST that overtakes it */
    char request[BUFFER_CHUNK];
    ssize_t got = recv(fd, request, sizeof(request), MSG_DONTWAIT);
    (void)got;
    close(fd);
    flash_http_buffer_release(&server->pool, &body);
    flash_http_buffer_release(&server->pool, &out);
}

/* Its address is judged first: who has all he may have must not cost another his connection. */
static void admit(struct flash_http *server, int fd, const struct sockaddr *from)
{
    int peer =
        flash_http_peers_enter(server->peers, from, server->options.max_connections_per_address);
    if (peer < 0) {
        turn_away(server, fd, REFUSAL_ADDRESS_CONNECTIONS);
    } else if (TAILQ_EMPTY(&server->free_list) && !drop_idlest(server)) {
        flash_http_peers_leave(server->peers, peer);
        turn_away(server, fd, REFUSAL_CONNECTIONS);
    } else {
        flash_http_open(server, fd, peer);
    }
}

static void rest(struct flash_http *server)
{
    const struct timeval pause = {.tv_usec = ACCEPT_PAUSE_MS * 1000};
    drop_idlest(server);
    event_del(&server->accept);
    event_add(&server->resume, &pause);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct flash_http *server = arg;
    event_add(&server->accept, NULL);
}

/* Accepts at most count connections. False: none is waiting, or descriptors ran out (then it
 * rests). */
static bool accept_some(struct flash_http *server, int count)
{
    while (count-- > 0) {
        union address from;
        socklen_t len = sizeof(from);
        int fd = accept4(server->listen_fd, &from.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(server, fd, &from.any);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            rest(server);
            return false;
        } else if (errno == EAGAIN || errno == EINVAL || errno == EBADF) {
            return false;
        }
        /* Else this one failed before it was accepted (ECONNABORTED and network errors): take the
         * next. */
    }
    return true;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct flash_http *server = arg;
    flash_http_clock(server);
    accept_some(server, ACCEPT_PER_WAKE);
}

void flash_http_stop_listening(struct flash_http *server)
{
    if (server->listen_fd < 0) {
        return;
    }
    flash_http_clock(server);
    /* Closing resets what waits in the backlog: take it in, it is answered like the others
     * (PITFALLS §5). */
    accept_some(server, BACKLOG);
    event_del(&server->accept);
    event_del(&server->resume);
    close(server->listen_fd);
    server->listen_fd = -1;
}
