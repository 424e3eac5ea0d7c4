/* The response reader: a status line, header lines, a body of known length. See response.h. */
#include "response.h"

#include <string.h>
#include <strings.h>

#define BODY_MAX 16384 /* with its head it fits a connection's buffer */

/* What one head says about the body. */
struct head {
    struct flash_bench_response response;
    int64_t content_length; /* -1: none seen */
    bool broken;
};

/* Digits only, at most six of them: no length or delay we accept is longer. -1 otherwise. */
static int64_t number(struct flash_text text)
{
    int64_t value = 0;
    if (text.len == 0 || text.len > 6) {
        return -1;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return -1;
        }
        value = value * 10 + (text.at[i] - '0');
    }
    return value;
}

static bool is_text(struct flash_text text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.at, word, text.len) == 0;
}

static void take_length(struct head *head, struct flash_text value)
{
    int64_t length = number(value);
    head->broken |= length < 0 || length > BODY_MAX || head->content_length >= 0;
    head->content_length = length;
}

static void take_retry_after(struct head *head, struct flash_text value)
{
    head->response.retry_after_s = (int)number(value);
}

static void take_connection(struct head *head, struct flash_text value)
{
    head->response.close |= is_text(value, "close");
}

static void take_content_type(struct head *head, struct flash_text value)
{
    head->response.content_type = value;
}

static void take_etag(struct head *head, struct flash_text value)
{
    head->response.etag = value;
}

static void take_transfer_encoding(struct head *head, struct flash_text value)
{
    (void)value;
    head->broken = true;
}

static const struct {
    const char *name;
    size_t len;
    void (*take)(struct head *, struct flash_text);
} headers[] = {
    {"content-length", 14, take_length},   {"content-type", 12, take_content_type},
    {"retry-after", 11, take_retry_after}, {"etag", 4, take_etag},
    {"connection", 10, take_connection},   {"transfer-encoding", 17, take_transfer_encoding},
};

static struct flash_text trimmed(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    while (end > at && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return (struct flash_text){at, (size_t)(end - at)};
}

static void header_line(struct head *head, const char *at, const char *end)
{
    const char *colon = memchr(at, ':', (size_t)(end - at));
    if (colon == NULL || colon == at) {
        head->broken = true;
        return;
    }
    size_t len = (size_t)(colon - at);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (headers[i].len == len && strncasecmp(headers[i].name, at, len) == 0) {
            headers[i].take(head, trimmed(colon + 1, end));
            return;
        }
    }
}

/* "HTTP/1.1 202 Accepted": the reason phrase may be anything or missing. */
static bool status_line(const char *at, const char *end, int *ret_status)
{
    if (end - at < 12 || memcmp(at, "HTTP/1.1 ", 9) != 0 || (end - at > 12 && at[12] != ' ')) {
        return false;
    }
    int64_t status = number((struct flash_text){at + 9, 3});
    if (status < 200 || status > 599) {
        return false;
    }
    *ret_status = (int)status;
    return true;
}

/* The end of the line that starts at `at`, which is at its \r; NULL when it is not complete yet. A
 * line that ends in a bare \n counts as broken. */
static const char *line_end(struct head *head, const char *at, const char *end)
{
    const char *feed = memchr(at, '\n', (size_t)(end - at));
    if (feed == NULL) {
        return NULL;
    }
    if (feed == at || feed[-1] != '\r') {
        head->broken = true;
        return feed;
    }
    return feed - 1;
}

/* Reads the head; returns where the body starts, or NULL when the head is not complete or is
 * broken. */
static const char *read_head(struct head *head, const char *at, const char *end)
{
    const char *stop = line_end(head, at, end);
    if (stop == NULL || head->broken) {
        return NULL;
    }
    if (!status_line(at, stop, &head->response.status)) {
        head->broken = true;
        return NULL;
    }
    for (at = stop + 2;; at = stop + 2) {
        stop = line_end(head, at, end);
        if (stop == NULL || head->broken) {
            return NULL;
        }
        if (stop == at) {
            return stop + 2;
        }
        header_line(head, at, stop);
    }
}

enum flash_bench_framing flash_bench_response_read(struct flash_text bytes,
                                                   struct flash_bench_response *ret_response)
{
    struct head head = {.response = {.retry_after_s = -1}, .content_length = -1};
    const char *end = bytes.at + bytes.len;
    const char *body = read_head(&head, bytes.at, end);
    if (head.broken) {
        return FLASH_BENCH_BROKEN;
    }
    if (body == NULL) {
        return FLASH_BENCH_PARTIAL;
    }
    bool bodiless = head.response.status == 204 || head.response.status == 304;
    if (head.content_length < 0 && !bodiless) {
        return FLASH_BENCH_BROKEN;
    }
    size_t len = bodiless ? 0 : (size_t)head.content_length;
    if ((size_t)(end - body) < len) {
        return FLASH_BENCH_PARTIAL;
    }
    head.response.body = (struct flash_text){body, len};
    head.response.size = (size_t)(body - bytes.at) + len;
    *ret_response = head.response;
    return FLASH_BENCH_WHOLE;
}
