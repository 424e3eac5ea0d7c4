/* Embedded files: what they are answered with, how they are named by their content, and when a
 * client has them already. */
#include "harness.h"

#include <stdio.h>

#include "flash/http_files.h"

#define ZEROS "0000000000000000"

static const unsigned char style[] = "body {}", script[] = "import \"/a/style.css?v=" ZEROS "\";",
                           page[] = "<script src=\"/a/x.js?v=" ZEROS "\"></script>"
                                    "<link href=\"/a/style.css?v=" ZEROS "\">"
                                    "/a/style.css?v=0 /a/unknown?v=" ZEROS;
static const size_t style_len = sizeof(style) - 1, script_len = sizeof(script) - 1,
                    page_len = sizeof(page) - 1;
static const struct flash_file rows[] = {
    {"/a/style.css", "text/css", style, &style_len},
    {"/a/x.js", "text/javascript", script, &script_len},
    {NULL, "text/html", page, &page_len},
    {"/", "text/html", page, &page_len},
};

static struct harness shared;
static struct flash_files *files;
static struct client *client;

static void handle(struct flash_request *request, void *arg)
{
    (void)arg;
    struct flash_text path = flash_request_path(request);
    if (path.len > 7 && memcmp(path.at, "/orders", 7) == 0) {
        flash_files_give(files, 2, request);
    } else if (!flash_files_handle(files, request)) {
        harness_reply(request, 404, "mine");
    }
}

static int setup(void **state)
{
    struct flash_error err;
    *state = &shared;
    if (!flash_files_new(rows, 4, &files, &err)) {
        return -1;
    }
    harness_init(&shared, handle);
    harness_start(&shared);
    client = client_open(&shared);
    return 0;
}

static int teardown(void **state)
{
    harness_stop(*state);
    flash_files_free(files);
    return 0;
}

static struct reply ask(const char *method, const char *path, const char *fields)
{
    static struct reply reply;
    char text[512];
    snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, path, fields);
    client_text(&shared, client, text);
    AWAIT(&shared, client_take(client, strcmp(method, "HEAD") == 0, &reply));
    return reply;
}

/* The ETag's hash. */
static void etag_of(const struct reply *reply, char ret_hash[FLASH_FILE_HASH + 1])
{
    const char *at = strstr(reply->head, "ETag: \"");
    assert_non_null(at);
    assert_int_equal(sscanf(at + 7, "%16[0-9a-f]", ret_hash), 1);
    assert_int_equal(at[7 + FLASH_FILE_HASH], '"');
}

static void a_file_comes_with_what_keeps_it_to_itself(void **state)
{
    (void)state;
    struct reply reply = ask("GET", "/a/style.css", "");
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body_len, style_len);
    assert_memory_equal(reply.body, style, style_len);
    static const char *const lines[] = {
        "Content-Type: text/css\r\n",
        "Cache-Control: no-cache\r\n",
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; ",
        "frame-ancestors 'none'\r\n",
        "X-Content-Type-Options: nosniff\r\n",
        "Referrer-Policy: no-referrer\r\n",
        "Cross-Origin-Opener-Policy: same-origin\r\n",
        "Cross-Origin-Resource-Policy: same-origin\r\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_non_null(strstr(reply.head, lines[i]));
    }
    assert_null(strstr(reply.head, "unsafe"));
    reply = ask("HEAD", "/a/style.css", "");
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.head, "Content-Length: 7\r\n"));
}

static void files_are_named_by_their_content(void **state)
{
    (void)state;
    char style_hash[FLASH_FILE_HASH + 1], script_hash[FLASH_FILE_HASH + 1], want[512];
    struct reply reply = ask("GET", "/a/style.css", "");
    etag_of(&reply, style_hash);
    reply = ask("GET", "/a/x.js", "");
    etag_of(&reply, script_hash);
    assert_string_not_equal(style_hash, script_hash);
    snprintf(want, sizeof(want), "import \"/a/style.css?v=%s\";", style_hash);
    assert_string_equal(reply.body, want);
    reply = ask("GET", "/", "");
    snprintf(want, sizeof(want),
             "<script src=\"/a/x.js?v=%s\"></script><link href=\"/a/style.css?v=%s\">"
             "/a/style.css?v=0 /a/unknown?v=" ZEROS,
             script_hash, style_hash);
    assert_string_equal(reply.body, want);
}

static void what_is_asked_for_by_its_content_is_kept(void **state)
{
    (void)state;
    char hash[FLASH_FILE_HASH + 1], path[64];
    struct reply reply = ask("GET", "/a/style.css", "");
    etag_of(&reply, hash);
    snprintf(path, sizeof(path), "/a/style.css?v=%s", hash);
    reply = ask("GET", path, "");
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.head, "Cache-Control: public, max-age=31536000, immutable\r\n"));
    static const char *const others[] = {"/a/style.css?v=" ZEROS,
                                         "/a/style.css?v=", "/a/style.css?w"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        reply = ask("GET", others[i], "");
        assert_int_equal(reply.status, 200);
        assert_non_null(strstr(reply.head, "Cache-Control: no-cache\r\n"));
    }
}

static void who_has_it_is_told_so(void **state)
{
    (void)state;
    char hash[FLASH_FILE_HASH + 1], fields[160];
    struct reply reply = ask("GET", "/", "");
    etag_of(&reply, hash);
    static const char *const before[] = {"", "W/", "\"x\", W/\"0123456789abcdef\","};
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        snprintf(fields, sizeof(fields), "If-None-Match: %s\"%s\"\r\n", before[i], hash);
        reply = ask("GET", "/", fields);
        assert_int_equal(reply.status, 304);
        assert_int_equal(reply.body_len, 0);
        assert_non_null(strstr(reply.head, "ETag: \""));
    }
    assert_int_equal(ask("GET", "/", "If-None-Match: *\r\n").status, 304);
    snprintf(fields, sizeof(fields), "If-None-Match: \"%.15s\"\r\n", hash);
    assert_int_equal(ask("GET", "/", fields).status, 200);
    snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", hash);
    assert_int_equal(ask("GET", "/", fields).status, 200);
    assert_int_equal(ask("GET", "/", "If-None-Match: \"\"\r\n").status, 200);
}

static void other_methods_and_other_paths(void **state)
{
    (void)state;
    struct reply reply = ask("POST", "/", "");
    assert_int_equal(reply.status, 405);
    assert_non_null(strstr(reply.head, "Allow: GET, HEAD\r\n"));
    assert_int_equal(ask("DELETE", "/a/x.js", "").status, 405);
    assert_int_equal(ask("GET", "/a/", "").status, 404);
    assert_int_equal(ask("GET", "/a/x.jsx", "").status, 404);
    assert_int_equal(ask("GET", "/a/../", "").status, 404);
    reply = ask("GET", "/orders/7.x", ""); /* a row without a path of its own */
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.head, "Content-Type: text/html\r\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_file_comes_with_what_keeps_it_to_itself),
        TEST(files_are_named_by_their_content),
        TEST(what_is_asked_for_by_its_content_is_kept),
        TEST(who_has_it_is_told_so),
        TEST(other_methods_and_other_paths),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
