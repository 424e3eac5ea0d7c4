/* Fuzzes the HTTP layer through a real socket: framing must not depend on how bytes are cut.
 *
 * The first byte says where the rest is cut. It is sent twice, in one piece and in two, on
 * connections of their own; what the handler was given must be the same requests both times, and
 * each within its limits. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flash/http.h"

#define BODY_LIMIT 64
#define SEEN_SIZE (1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct event_base *base;
static struct flash_http *http;
static struct seen {
    char text[SEEN_SIZE];
    size_t len;
} seen;

static void check(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void note(struct flash_text text)
{
    check(text.len < SEEN_SIZE - seen.len - 1);
    memcpy(seen.text + seen.len, text.at, text.len);
    seen.len += text.len;
    seen.text[seen.len++] = '\n';
}

static void handle(struct flash_request *request, void *arg)
{
    struct flash_text path = flash_request_path(request), body = flash_request_body(request);
    (void)arg;
    check(path.len > 0 && path.len <= 2048 && body.len <= BODY_LIMIT);
    check(!flash_request_header(request, "Transfer-Encoding").at);
    note(path);
    note(flash_request_query(request));
    note(body);
    note((struct flash_text){&"0123456789"[flash_request_method(request)], 1});
    flash_request_reply(
        request,
        &(struct flash_response){.status = 200, .content_type = "text/plain", .body = {"ok", 2}});
}

static void start(void)
{
    struct flash_error err = {0};
    const struct flash_http_options options = {.listen = {.host = "127.0.0.1"},
                                               .body_max = BODY_LIMIT,
                                               .header_timeout_ms = 60000,
                                               .body_timeout_ms = 60000,
                                               .idle_timeout_ms = 60000,
                                               .max_connections = 8,
                                               .max_connections_per_address = 8,
                                               .handler = handle};
    base = event_base_new();
    check(base && flash_http_new(base, &options, &http, &err));
}

static int connect_client(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(flash_http_port(http)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct linger reset = {.l_onoff = 1};
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(fd >= 0);
    while (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EISCONN) {
        check(errno == EINTR || errno == EALREADY); /* libFuzzer's alarm; it goes on connecting */
    }
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) == 0);
    check(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0);
    return fd;
}

/* Until the server has nothing to do: twice in a row no event was ready. Loopback is synchronous:
 * what was sent is there. */
static void settle(int fd)
{
    char drop[4096];
    for (int idle = 0; idle < 3;) {
        size_t before = seen.len;
        event_base_loop(base, EVLOOP_NONBLOCK);
        ssize_t got = recv(fd, drop, sizeof(drop), MSG_DONTWAIT);
        idle = got > 0 || seen.len != before ? 0 : idle + 1;
    }
}

static void send_piece(int fd, const uint8_t *bytes, size_t len)
{
    if (len > 0) {
        (void)!send(fd, bytes, len, MSG_NOSIGNAL);
        settle(fd);
    }
}

static void converse(const uint8_t *bytes, size_t len, size_t cut)
{
    int fd = connect_client();
    seen.len = 0;
    send_piece(fd, bytes, cut);
    send_piece(fd, bytes + cut, len - cut);
    close(fd);
    while (flash_http_connections(http) > 0) {
        event_base_loop(base, EVLOOP_ONCE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct seen whole;
    if (!base) {
        start();
    }
    if (size < 2) {
        return 0;
    }
    converse(data + 1, size - 1, size - 1);
    whole = seen;
    converse(data + 1, size - 1, data[0] % size);
    check(whole.len == seen.len && memcmp(whole.text, seen.text, seen.len) == 0);
    return 0;
}
