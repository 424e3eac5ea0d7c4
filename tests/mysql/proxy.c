/* The proxy is one thread: accept, forward both ways with poll, and cut where it was told to.
 *
 * What the client sends arrives here in one piece on loopback as long as it is one short packet, so
 * the word is looked for in each piece as read. An answer is dropped after it arrived: then the
 * server has done what it was asked. */
#include "proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct proxy {
    int listener, target, port, ending;
    pthread_t thread;
    pthread_mutex_t lock; /* of the three below */
    enum proxy_mode mode;
    char word[64];
    int dropped;
};

/* What one read brought. */
struct piece {
    char bytes[65536];
    ssize_t len;
};

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
}

static enum proxy_mode mode_for(struct proxy *proxy, const struct piece *piece)
{
    pthread_mutex_lock(&proxy->lock);
    enum proxy_mode mode = PROXY_PASS;
    if (proxy->mode != PROXY_PASS &&
        memmem(piece->bytes, (size_t)piece->len, proxy->word, strlen(proxy->word)) != NULL) {
        mode = proxy->mode;
        proxy->mode = PROXY_PASS;
        proxy->dropped = 1;
    }
    pthread_mutex_unlock(&proxy->lock);
    return mode;
}

static int take(int from, struct piece *piece)
{
    piece->len = recv(from, piece->bytes, sizeof(piece->bytes), 0);
    return piece->len > 0;
}

static int pass_on(int to, const struct piece *piece)
{
    return send(to, piece->bytes, (size_t)piece->len, MSG_NOSIGNAL) == piece->len;
}

/* One piece from the client: 0 when the link is to be cut. */
static int from_client(struct proxy *proxy, int client, int server)
{
    struct piece piece;
    if (!take(client, &piece)) {
        return 0;
    }
    enum proxy_mode mode = mode_for(proxy, &piece);
    if (mode == PROXY_DROP_ASK || !pass_on(server, &piece)) {
        return 0;
    }
    if (mode == PROXY_DROP_ANSWER) {
        take(server, &piece);
        return 0;
    }
    return 1;
}

static int from_server(int server, int client)
{
    struct piece piece;
    return take(server, &piece) && pass_on(client, &piece);
}

/* Forwards until one side ends, a cut, or the end of the proxy (0). */
static int serve(struct proxy *proxy, int client, int server)
{
    struct pollfd fds[] = {
        {.fd = client, .events = POLLIN},
        {.fd = server, .events = POLLIN},
        {.fd = proxy->ending, .events = POLLIN},
    };
    for (;;) {
        if (poll(fds, 3, -1) < 0 || fds[2].revents != 0) {
            return 0;
        }
        if (fds[0].revents != 0 && !from_client(proxy, client, server)) {
            return 1;
        }
        if (fds[1].revents != 0 && !from_server(server, client)) {
            return 1;
        }
    }
}

static void *run(void *arg)
{
    struct proxy *proxy = arg;
    int going = 1;
    while (going) {
        struct pollfd fds[] = {
            {.fd = proxy->listener, .events = POLLIN},
            {.fd = proxy->ending, .events = POLLIN},
        };
        if (poll(fds, 2, -1) < 0 || fds[1].revents != 0) {
            break;
        }
        struct sockaddr_in address = loopback(proxy->target);
        int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
        int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (client >= 0 && server >= 0 &&
            connect(server, (struct sockaddr *)&address, sizeof(address)) == 0) {
            going = serve(proxy, client, server);
        }
        close(client);
        close(server);
    }
    return NULL;
}

struct proxy *proxy_start(int port)
{
    struct proxy *proxy = calloc(1, sizeof(*proxy));
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof(address);
    if (proxy == NULL) {
        give_up("calloc");
    }
    proxy->target = port;
    proxy->ending = eventfd(0, EFD_CLOEXEC);
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_mutex_init(&proxy->lock, NULL);
    if (bind(proxy->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(proxy->listener, 8) != 0 ||
        getsockname(proxy->listener, (struct sockaddr *)&address, &len) != 0) {
        give_up("proxy");
    }
    proxy->port = ntohs(address.sin_port);
    if (pthread_create(&proxy->thread, NULL, run, proxy) != 0) {
        give_up("pthread_create");
    }
    return proxy;
}

int proxy_port(const struct proxy *proxy)
{
    return proxy->port;
}

void proxy_set(struct proxy *proxy, enum proxy_mode mode, const char *word)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->mode = mode;
    proxy->dropped = 0;
    snprintf(proxy->word, sizeof(proxy->word), "%s", word);
    pthread_mutex_unlock(&proxy->lock);
}

int proxy_dropped(struct proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    int dropped = proxy->dropped;
    pthread_mutex_unlock(&proxy->lock);
    return dropped;
}

void proxy_stop(struct proxy *proxy)
{
    eventfd_write(proxy->ending, 1);
    pthread_join(proxy->thread, NULL);
    pthread_mutex_destroy(&proxy->lock);
    close(proxy->listener);
    close(proxy->ending);
    free(proxy);
}
