/* A stand-in for the engine that does nothing but answer: what flash-bench is measured and tried
 * against.
 *
 * double [STOCK]: listens on a free port of 127.0.0.1, prints it, and answers POST /v1/orders as
 * the engine would with STOCK units (unlimited when absent), ids derived from user, key and sku,
 * every GET with CREATED, every pay with PAID and every cancel with CANCELLING. One thread, one
 * read and one write a wake-up; nothing of what it is sent is judged. It ends when its standard
 * input does. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flash/ids.h"

#define CONNECTIONS 4096
#define BUFFER 65536
#define REQUEST_MIN 4  /* the empty line that ends it */
#define ANSWER_MAX 512 /* with a body of at most 255 bytes */

static struct {
    char *bytes; /* what was read and is not answered */
    size_t used;
} connections[CONNECTIONS];

static int64_t stock = INT64_MAX;

/* The text behind name up to one of the bytes of ends, within the NUL-terminated request. */
static struct flash_text behind(const char *request, const char *name, const char *ends)
{
    const char *at = strstr(request, name);
    if (at == NULL) {
        return (struct flash_text){"", 0};
    }
    at += strlen(name);
    return (struct flash_text){at, strcspn(at, ends)};
}

static size_t respond(char *out, const char *head, const char *body)
{
    return (size_t)snprintf(out, ANSWER_MAX, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", head,
                            strlen(body), body);
}

static size_t answer_order(const char *request, char *out)
{
    struct flash_text user = behind(request, "X-User-Id: ", "\r");
    struct flash_text key = behind(request, "Idempotency-Key: ", "\r");
    struct flash_text sku_text = behind(request, "\"sku\":\"", "\"");
    int quantity = (int)strtol(behind(request, "\"quantity\":", "}").at, NULL, 10);
    char ref[FLASH_REF_DERIVED + 1], body[256];
    int64_t sku;
    if (!flash_sku_parse(sku_text, &sku) || stock < quantity) {
        return respond(out, "409 Conflict\r\nContent-Type: application/problem+json",
                       "{\"type\":\"/problems/sold-out\",\"title\":\"Sold out\",\"status\":409}");
    }
    stock -= quantity;
    flash_ref_derive(user, key, sku, ref);
    snprintf(body, sizeof(body),
             "{\"order_id\":\"%lld.%s\",\"sku\":\"%lld\",\"quantity\":%d,\"status\":\"QUEUED\"}",
             (long long)sku, ref, (long long)sku, quantity);
    return respond(out, "202 Accepted\r\nContent-Type: application/json\r\nRetry-After: 1", body);
}

/* What is asked of an order that exists, by the path behind its id. */
static const struct {
    const char *rest, *head, *status;
} answers[] = {
    {" ", "200 OK\r\nContent-Type: application/json\r\nETag: \"2\"", "CREATED"},
    {"/pay ", "200 OK\r\nContent-Type: application/json", "PAID"},
    {"/cancel ", "202 Accepted\r\nContent-Type: application/json", "CANCELLING"},
};

/* Quantity 1: the double remembers no order. */
static size_t answer_known(const char *request, char *out)
{
    struct flash_text id = behind(request, "/v1/orders/", " /");
    size_t digits = strcspn(id.at, "."), row = 0;
    char body[256];
    for (size_t i = 1; i < sizeof(answers) / sizeof(answers[0]); i++) {
        bool fits = strncmp(id.at + id.len, answers[i].rest, strlen(answers[i].rest)) == 0;
        row = fits ? i : row;
    }
    snprintf(body, sizeof(body),
             "{\"order_id\":\"%.*s\",\"sku\":\"%.*s\",\"quantity\":1,\"status\":\"%s\","
             "\"version\":2,\"updated_at\":\"2026-01-01T00:00:00.000Z\"}",
             (int)id.len, id.at, (int)digits, id.at, answers[row].status);
    return respond(out, answers[row].head, body);
}

/* Answers every whole request in bytes (NUL-terminated); returns how many bytes they were. */
static size_t answer_all(char *bytes, size_t used, char *out, size_t *ret_out)
{
    size_t done = 0;
    for (;;) {
        char *head = bytes + done;
        char *body = strstr(head, "\r\n\r\n");
        if (body == NULL) {
            return done;
        }
        *body = '\0'; /* for the search: a length of the next request is not this one's */
        size_t length = strtoul(behind(head, "Content-Length: ", "\r").at, NULL, 10);
        *body = '\r';
        bool is_order = strncmp(head, "POST /v1/orders ", 16) == 0;
        size_t size = (size_t)(body + 4 - head) + length;
        if (done + size > used) {
            return done;
        }
        *ret_out +=
            is_order ? answer_order(head, out + *ret_out) : answer_known(head, out + *ret_out);
        done += size;
    }
}

static void serve(int fd)
{
    static char out[BUFFER / REQUEST_MIN * ANSWER_MAX];
    char *bytes = connections[fd].bytes;
    size_t answered = 0;
    ssize_t n = read(fd, bytes + connections[fd].used, BUFFER - 1 - connections[fd].used);
    if (n <= 0) {
        close(fd);
        return;
    }
    connections[fd].used += (size_t)n;
    bytes[connections[fd].used] = '\0';
    size_t done = answer_all(bytes, connections[fd].used, out, &answered);
    connections[fd].used -= done;
    memmove(bytes, bytes + done, connections[fd].used);
    if (answered > 0 && write(fd, out, answered) != (ssize_t)answered) {
        close(fd);
    }
}

static int listen_anywhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        perror("double");
        exit(1);
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void watch(int epoll_fd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        perror("double");
        exit(1);
    }
}

static void accept_one(int epoll_fd, int listen_fd)
{
    int one = 1;
    int fd = accept(listen_fd, NULL, NULL);
    if (fd < 0 || fd >= CONNECTIONS) {
        close(fd);
        return;
    }
    if (connections[fd].bytes == NULL) {
        connections[fd].bytes = malloc(BUFFER);
    }
    connections[fd].used = 0;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    watch(epoll_fd, fd);
}

int main(int argc, char *argv[])
{
    struct epoll_event events[512];
    int epoll_fd = epoll_create1(0);
    int listen_fd = listen_anywhere();
    if (argc > 1) {
        stock = strtoll(argv[1], NULL, 10);
    }
    watch(epoll_fd, listen_fd);
    watch(epoll_fd, STDIN_FILENO);
    for (;;) {
        int count = epoll_wait(epoll_fd, events, 512, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == STDIN_FILENO) {
                return 0;
            }
            if (fd == listen_fd) {
                accept_one(epoll_fd, fd);
            } else {
                serve(fd);
            }
        }
    }
}
