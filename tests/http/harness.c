/* The server in the test's loop and its clients. */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flash/time.h"

void harness_init(struct harness *harness, flash_http_handler handler)
{
    *harness = (struct harness){0};
    harness->options = (struct flash_http_options){
        .listen = {.host = "127.0.0.1"},
        .body_max = BODY_MAX,
        .header_timeout_ms = 60000,
        .body_timeout_ms = 60000,
        .idle_timeout_ms = 60000,
        .max_connections = CLIENTS_MAX,
        .max_connections_per_address = CLIENTS_MAX,
        .handler = handler,
        .arg = harness,
    };
    for (int i = 0; i < CLIENTS_MAX; i++) {
        harness->clients[i].fd = -1;
    }
}

void harness_start(struct harness *harness)
{
    struct flash_error err = {0};
    harness->base = event_base_new();
    assert_non_null(harness->base);
    assert_true(flash_http_new(harness->base, &harness->options, &harness->http, &err));
}

void harness_stop(struct harness *harness)
{
    for (int i = 0; i < CLIENTS_MAX; i++) {
        client_close(&harness->clients[i]);
    }
    flash_http_free(harness->http);
    event_base_free(harness->base);
}

uint64_t harness_now_ms(void)
{
    return flash_time_monotonic_us() / 1000;
}

static bool client_read(struct client *client)
{
    if (client->fd < 0 || client->eof || client->deaf) {
        return false;
    }
    if (client->cap - client->end < 65536) {
        client->cap = client->cap * 2 + 65536;
        client->in = realloc(client->in, client->cap);
        assert_non_null(client->in);
    }
    ssize_t got =
        recv(client->fd, client->in + client->end, client->cap - client->end, MSG_DONTWAIT);
    if (got > 0) {
        client->end += (size_t)got;
    } else {
        client->eof = got == 0 || (errno != EAGAIN && errno != EINTR);
    }
    return got >= 0 || client->eof;
}

void harness_turn(struct harness *harness)
{
    struct pollfd fds[CLIENTS_MAX];
    nfds_t count = 0;
    bool moved = false;
    event_base_loop(harness->base, EVLOOP_NONBLOCK);
    for (int i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = &harness->clients[i];
        moved = client_read(client) || moved;
        if (client->fd >= 0 && !client->eof && !client->deaf) {
            fds[count++] = (struct pollfd){.fd = client->fd, .events = POLLIN};
        }
    }
    if (!moved) {
        poll(fds, count, 1);
    }
}

struct client *client_open(struct harness *harness)
{
    return client_open_from(harness, "127.0.0.1");
}

struct client *client_open_from(struct harness *harness, const char *address)
{
    struct client *client = harness->clients;
    while (client->fd >= 0) {
        client++;
        assert_true(client < harness->clients + CLIENTS_MAX);
    }
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(flash_http_port(harness->http)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, address, &from.sin_addr), 1);
    *client = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(client->fd >= 0);
    int yes = 1; /* else small pieces wait for acknowledgements */
    assert_int_equal(setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)), 0);
    assert_int_equal(bind(client->fd, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return client;
}

void client_close(struct client *client)
{
    if (client->fd >= 0) {
        close(client->fd);
    }
    free(client->in);
    *client = (struct client){.fd = -1};
}

void client_reset(struct client *client)
{
    struct linger now = {.l_onoff = 1};
    assert_int_equal(setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    client_close(client);
}

void client_send(struct harness *harness, struct client *client, const char *bytes, size_t len)
{
    uint64_t until_ms = harness_now_ms() + 20000;
    size_t at = 0;
    while (at < len) {
        ssize_t sent = send(client->fd, bytes + at, len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            at += (size_t)sent;
        } else if (errno == EAGAIN) {
            harness_turn(harness);
        } else {
            return;
        }
        assert_true(harness_now_ms() < until_ms);
    }
}

void client_text(struct harness *harness, struct client *client, const char *text)
{
    client_send(harness, client, text, strlen(text));
}

bool client_take(struct client *client, bool head_only, struct reply *ret_reply)
{
    const char *bytes = client->in + client->start;
    size_t len = client->end - client->start;
    const char *end = len > 0 ? memmem(bytes, len, "\r\n\r\n", 4) : NULL;
    if (!end) {
        return false;
    }
    struct reply reply = {0};
    size_t head_len = (size_t)(end - bytes) + 4;
    assert_true(head_len < sizeof(reply.head));
    memcpy(reply.head, bytes, head_len);
    assert_int_equal(sscanf(reply.head, "HTTP/1.1 %d ", &reply.status), 1);
    const char *length = strstr(reply.head, "Content-Length: ");
    reply.body_len = length && !head_only ? strtoul(length + 16, NULL, 10) : 0;
    if (len - head_len < reply.body_len) {
        return false;
    }
    size_t copied = reply.body_len < sizeof(reply.body) ? reply.body_len : sizeof(reply.body) - 1;
    memcpy(reply.body, bytes + head_len, copied);
    client->start += head_len + reply.body_len;
    *ret_reply = reply;
    return true;
}

void client_reply(struct harness *harness, struct client *client, struct reply *ret_reply)
{
    AWAIT(harness, client_take(client, false, ret_reply));
}

void harness_reply(struct flash_request *request, int status, const char *body)
{
    flash_request_reply(request, &(struct flash_response){.status = status,
                                                          .content_type = "text/plain",
                                                          .body = {body, strlen(body)}});
}

void harness_echo(struct flash_request *request, void *arg)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OTHER"};
    struct harness *harness = arg;
    struct flash_text path = flash_request_path(request), query = flash_request_query(request);
    struct flash_text body = flash_request_body(request);
    char text[4096];
    harness->handled++;
    snprintf(text, sizeof(text), "%s %.*s|%.*s|%.*s", names[flash_request_method(request)],
             (int)path.len, path.at, (int)query.len, query.at, (int)body.len, body.at);
    harness_reply(request, 200, text);
}

void harness_hold(struct flash_request *request, void *arg)
{
    struct harness *harness = arg;
    harness->handled++;
    harness->held = request;
}
