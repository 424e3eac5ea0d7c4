/* The judgement on heads of all sorts is the one that http-parser gives when it reads all of the
 * head, although it is shown what bears on framing alone. */
#include <http_parser.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "head.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEADS 200000
#define LINES_MAX 8
#define BODY_MAX 64

static const char *const names[] = {
    "Host",
    "accept",
    "Cookie",
    "EXPECT",
    "Origin",
    "Prefer",
    "Referer",
    "X-User-Id",
    "User-Agent",
    "traceparent",
    "Content-Type",
    "Authorization",
    "If-None-Match",
    "Content-Length",
    "Accept-Encoding",
    "Content-Lengt",
    "Accept-Language",
    "Idempotency-Key",
    "X-Whatever",
    "Proxy-Connection",
    "Transfer-Encoding",
    "Upgrade",
    "Connection",
    "connection",
    "Trailer",
    "TE",
    "!#$%&'*+-.^_`|~",
    "Content-",
    "C",
    "Content-Length-",
};
static const char *const values[] = {
    "",      "0",           "12",      "close",        "keep-alive",
    "a: b",  "1.2.3.4:80",  "upgrade", "websocket",    "application/json",
    "\x80x", "close, te",   "+1",      "\t \t",        "chunked",
    "gzip",  "Keep-Alive ", "http/2",  "100-continue",
};

/* What http-parser makes of the whole head. */
struct whole {
    bool complete, keep_alive;
    uint64_t content_length;
};

static uint64_t next(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return *random >> 33;
}

static size_t make_head(char *out, size_t size, uint64_t *random)
{
    static const char target_bytes[] = "/?[]@!$&'()*+,;=:.-_~09azAZ%";
    size_t len = (size_t)snprintf(out, size, "%s /", next(random) % 2 ? "GET" : "DELETE");
    for (uint64_t i = next(random) % 16; i > 0; i--) {
        char byte = target_bytes[next(random) % (sizeof(target_bytes) - 1)];
        len += (size_t)snprintf(out + len, size - len, byte == '%' ? "%%2F" : "%c", byte);
    }
    len +=
        (size_t)snprintf(out + len, size - len, " HTTP/1.%d\r\nHost: a\r\n", next(random) % 8 != 0);
    for (uint64_t i = next(random) % LINES_MAX; i > 0; i--) {
        len += (size_t)snprintf(out + len, size - len, "%s:%s%s\r\n",
                                names[next(random) % COUNT(names)], next(random) % 2 ? " " : "",
                                values[next(random) % COUNT(values)]);
    }
    return len + (size_t)snprintf(out + len, size - len, "\r\n");
}

static int on_complete(http_parser *parser)
{
    struct whole *whole = parser->data;
    whole->complete = true;
    whole->keep_alive = http_should_keep_alive(parser);
    whole->content_length = parser->content_length == UINT64_MAX ? 0 : parser->content_length;
    return 1;
}

static struct whole read_whole(const struct head *head, const char *bytes)
{
    static const http_parser_settings settings = {.on_headers_complete = on_complete};
    struct whole whole = {false, false, 0};
    http_parser parser;
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &whole;
    size_t len = (size_t)(head->len - head->target);
    http_parser_execute(&parser, &settings, "POST ", 5);
    size_t taken = http_parser_execute(&parser, &settings, bytes + head->target, len);
    whole.complete &= taken == len && HTTP_PARSER_ERRNO(&parser) == HPE_OK;
    return whole;
}

static void random_heads_read_as_whole(void **state)
{
    (void)state;
    uint64_t random = 1;
    int accepted = 0;
    for (int i = 0; i < HEADS; i++) {
        char bytes[2048];
        struct head head;
        struct framing framing;
        size_t len = make_head(bytes, sizeof(bytes), &random);
        flash_http_head_reset(&head);
        if (flash_http_head_feed(&head, bytes, len) != HEAD_COMPLETE) {
            continue;
        }
        struct whole whole = read_whole(&head, bytes);
        enum refusal refusal = flash_http_head_judge(&head, bytes, BODY_MAX, &framing);
        if (refusal == REFUSAL_DISAGREE && whole.complete) {
            fail_msg("http-parser takes it: %.*s", (int)len, bytes);
        }
        if (refusal == REFUSAL_NONE) {
            accepted++;
            assert_true(whole.complete);
            assert_int_equal(framing.body_len, whole.content_length);
            assert_int_equal(framing.keep_alive, whole.keep_alive);
        }
    }
    assert_true(accepted > HEADS / 10);
}

static void each_known_name_is_found(void **state)
{
    (void)state;
    int found = 0;
    bool seen[KNOWN_FIELDS] = {false};
    for (size_t i = 0; i < COUNT(names); i++) {
        enum known_field known =
            flash_http_field_of((struct flash_text){names[i], strlen(names[i])});
        found += known != KNOWN_NONE && !seen[known];
        if (known != KNOWN_NONE) {
            seen[known] = true;
        }
    }
    assert_int_equal(found, KNOWN_FIELDS);
    assert_int_equal(flash_http_field_of((struct flash_text){"", 0}), KNOWN_NONE);
    assert_int_equal(flash_http_field_of((struct flash_text){"hosts", 5}), KNOWN_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_heads_read_as_whole),
        cmocka_unit_test(each_known_name_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
