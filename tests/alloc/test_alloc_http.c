/* Each allocation of the HTTP layer fails once: when it starts, and from a connection to its
 * answer. A client gets the whole right answer, an error, or a closed connection; the next client
 * is served as if nothing had been. */
#include "harness.h"

#include "failing.h"

#include <stdio.h>

#define STEPS_MAX 100000
#define ASK "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"

static void ask(struct harness *harness, bool must_succeed)
{
    struct client *client = client_open(harness);
    struct reply reply = {0};
    client_text(harness, client, ASK);
    AWAIT(harness, client_take(client, false, &reply) || client->eof);
    if (must_succeed || reply.status == 200) {
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply.body, "POST /a|b|hi");
    } else {
        assert_true(reply.status == 0 || reply.status >= 500);
    }
    client_close(client);
    AWAIT(harness, flash_http_connections(harness->http) == 0);
}

static bool serve_once(size_t n)
{
    struct harness harness;
    harness_init(&harness, harness_echo);
    harness.options.idle_timeout_ms = 200; /* ends a connection whose event could not be added */
    harness_start(&harness);
    failing_arm(n);
    ask(&harness, false);
    bool failed = failing_disarm();
    ask(&harness, true);
    harness_stop(&harness);
    return failed;
}

static void a_client_is_answered_rightly_or_let_go(void **state)
{
    size_t n = 1;
    (void)state;
    while (serve_once(n)) {
        n++;
        assert_true(n < STEPS_MAX);
    }
    print_message("%zu allocations failed\n", n - 1);
}

static bool start_once(size_t n)
{
    struct harness harness;
    struct flash_error err = {0};
    harness_init(&harness, harness_echo);
    harness.base = event_base_new();
    assert_non_null(harness.base);
    failing_arm(n);
    bool started = flash_http_new(harness.base, &harness.options, &harness.http, &err);
    bool failed = failing_disarm();
    assert_true(started || (failed && err.text[0]));
    flash_http_free(harness.http);
    event_base_free(harness.base);
    return failed;
}

static void a_server_starts_whole_or_says_why_not(void **state)
{
    size_t n = 1;
    (void)state;
    while (start_once(n)) {
        n++;
        assert_true(n < STEPS_MAX);
    }
    print_message("%zu allocations of a start failed\n", n - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_starts_whole_or_says_why_not),
        cmocka_unit_test(a_client_is_answered_rightly_or_let_go),
    };
    failing_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
