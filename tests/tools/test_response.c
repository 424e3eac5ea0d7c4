/* The response reader takes what RFC 9112 and the API allow, at every split, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "response.h"

/* Reads a copy that ends exactly at its last byte, so that a sanitizer sees any read beyond. */
static enum flash_bench_framing read_copy(const char *text, size_t len,
                                          struct flash_bench_response *response)
{
    static char *copy;
    free(copy);
    copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    return flash_bench_response_read((struct flash_text){copy, len}, response);
}

static void assert_text(struct flash_text text, const char *expected)
{
    assert_non_null(text.at);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.at, expected, text.len);
}

static void test_whole(void **state)
{
    (void)state;
    static const char text[] =
        "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
        "retry-after: 1\r\nETAG:\t\"1\" \r\nX-Other:\r\nContent-Length: 2\r\n"
        "\r\n{}HTTP/1.1";
    struct flash_bench_response response;
    assert_int_equal(read_copy(text, sizeof(text) - 1, &response), FLASH_BENCH_WHOLE);
    assert_int_equal(response.status, 202);
    assert_int_equal(response.retry_after_s, 1);
    assert_false(response.close);
    assert_text(response.content_type, "application/json");
    assert_text(response.etag, "\"1\"");
    assert_text(response.body, "{}");
    assert_int_equal(response.size, sizeof(text) - 1 - 8);
}

static void test_every_split(void **state)
{
    (void)state;
    static const char text[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: Close\r\n\r\nhello";
    struct flash_bench_response response;
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        assert_int_equal(read_copy(text, len, &response), FLASH_BENCH_PARTIAL);
    }
    assert_int_equal(read_copy(text, sizeof(text) - 1, &response), FLASH_BENCH_WHOLE);
    assert_true(response.close);
    assert_int_equal(response.retry_after_s, -1);
    assert_null(response.etag.at);
}

static void test_without_body(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n",
        "HTTP/1.1 204\r\n\r\n",
    };
    struct flash_bench_response response;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(read_copy(texts[i], strlen(texts[i]), &response), FLASH_BENCH_WHOLE);
        assert_int_equal(response.body.len, 0);
        assert_int_equal(response.size, strlen(texts[i]));
    }
}

static void test_broken(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 20x OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: no name\r\nContent-Length: 0\r\n\r\n",
        "\r\n\r\n",
    };
    struct flash_bench_response response;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(read_copy(texts[i], strlen(texts[i]), &response), FLASH_BENCH_BROKEN);
    }
    assert_int_equal(read_copy("", 0, &response), FLASH_BENCH_PARTIAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_without_body),
        cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
