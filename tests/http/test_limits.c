/* Deadlines, caps, descriptors running out, draining. No test measures time: each waits for what
 * must happen. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flash/time.h"

#define HOST "Host: x\r\n"

static const char get[] = "GET / HTTP/1.1\r\n" HOST "\r\n";

static struct harness shared;

static struct harness *fresh(flash_http_handler handler)
{
    harness_init(&shared, handler);
    return &shared;
}

/* Feeds one byte a turn until the server ends it. The answer, if one came, is in *ret_reply. */
static void drip(struct harness *harness, const char *start, char byte, struct reply *ret_reply)
{
    struct client *client = client_open(harness);
    client_text(harness, client, start);
    AWAIT(harness, (client_send(harness, client, &byte, 1), client->eof));
    assert_true(client_take(client, false, ret_reply));
    client_close(client);
    AWAIT(harness, flash_http_connections(harness->http) == 0);
}

static void a_slow_head_is_cut(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_echo);
    struct reply reply;
    harness->options.header_timeout_ms = 20;
    harness_start(harness);
    drip(harness, "GET / HTTP/1.1\r\n" HOST "X: ", 'a', &reply);
    assert_true(reply.status == 408 || reply.status == 431);
    assert_non_null(strstr(reply.head, "Connection: close"));
    assert_int_equal(harness->handled, 0);
    harness_stop(harness);
}

static void a_stalled_head_is_cut(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_echo);
    struct reply reply;
    harness->options.header_timeout_ms = 20;
    harness_start(harness);
    struct client *client = client_open(harness);
    client_text(harness, client, "GET / HTTP/1.1\r\n");
    client_reply(harness, client, &reply);
    assert_int_equal(reply.status, 408);
    assert_non_null(strstr(reply.body, "/problems/timeout"));
    AWAIT(harness, client->eof);
    harness_stop(harness);
}

static void a_slow_body_is_cut(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_echo);
    struct reply reply;
    harness->options.body_max = 1 << 30;
    harness->options.body_timeout_ms = 20;
    harness_start(harness);
    struct client *client = client_open(harness);
    client_text(harness, client, "POST / HTTP/1.1\r\n" HOST "Content-Length: 100000000\r\n\r\n");
    AWAIT(harness, (client_send(harness, client, "a", 1), client_take(client, false, &reply)));
    assert_int_equal(reply.status, 408);
    /* It lingers for those who still read, and no longer than a body may take. */
    AWAIT(harness, flash_http_connections(harness->http) == 0);
    harness_stop(harness);
}

static void idle_connections_are_closed(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_echo);
    struct reply reply;
    harness->options.idle_timeout_ms = 20;
    harness_start(harness);
    struct client *silent = client_open(harness), *served = client_open(harness);
    client_text(harness, served, get);
    client_reply(harness, served, &reply);
    AWAIT(harness, silent->eof && served->eof);
    assert_int_equal(silent->end, 0);
    assert_int_equal(served->end, served->start);
    harness_stop(harness);
}

/* The deadline to answer is the handler's own: the connection's timeouts do not touch a request
 * that is handed out. */
static void an_open_request_has_no_deadline(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_hold);
    struct reply reply;
    harness->options.idle_timeout_ms = harness->options.header_timeout_ms = 5;
    harness->options.body_timeout_ms = 5;
    harness_start(harness);
    struct client *busy = client_open(harness);
    client_text(harness, busy, get);
    AWAIT(harness, harness->handled == 1);
    struct client *silent = client_open(harness);
    AWAIT(harness, silent->eof);
    harness_reply(harness->held, 200, "done");
    client_reply(harness, busy, &reply);
    assert_string_equal(reply.body, "done");
    harness_stop(harness);
}

static void a_client_that_does_not_read_is_cut(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_hold);
    static char body[32 << 20];
    harness->options.idle_timeout_ms = 20;
    harness_start(harness);
    struct client *client = client_open(harness);
    client->deaf = true;
    client_text(harness, client, get);
    AWAIT(harness, harness->handled == 1);
    flash_request_reply(harness->held,
                        &(struct flash_response){.status = 200, .body = {body, sizeof(body)}});
    assert_int_equal(flash_http_connections(harness->http), 1);
    AWAIT(harness, flash_http_connections(harness->http) == 0);
    harness_stop(harness);
}

static void a_full_listener_drops_the_idlest(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_echo);
    struct reply reply;
    harness->options.max_connections = 2;
    harness_start(harness);
    struct client *first = client_open(harness), *second = client_open(harness);
    AWAIT(harness, flash_http_connections(harness->http) == 2);
    client_text(harness, first, get); /* so second is idle for longer */
    client_reply(harness, first, &reply);
    struct client *third = client_open(harness);
    client_text(harness, third, get);
    client_reply(harness, third, &reply);
    assert_int_equal(reply.status, 200);
    AWAIT(harness, second->eof);
    assert_false(first->eof);
    assert_int_equal(flash_http_connections(harness->http), 2);
    harness_stop(harness);
}

/* They are not idle, and keep a slot as long as they please; just begun they are spared. */
static void a_full_listener_drops_who_does_not_read(void **state)
{
    (void)state;
    static char body[4 << 20];
    struct harness *harness = fresh(harness_hold);
    harness->options.max_connections = 1;
    harness_start(harness);
    struct client *deaf = client_open(harness);
    deaf->deaf = true;
    client_text(harness, deaf, get);
    AWAIT(harness, harness->handled == 1);
    flash_request_reply(harness->held,
                        &(struct flash_response){.status = 200, .body = {body, sizeof(body)}});
    struct reply reply;
    struct client *early = client_open(harness);
    client_reply(harness, early, &reply);
    assert_int_equal(reply.status, 503);
    uint64_t later_us = flash_time_monotonic_us() + 1000000;
    AWAIT(harness, flash_time_monotonic_us() > later_us);
    struct client *late = client_open(harness);
    client_text(harness, late, get);
    AWAIT(harness, harness->handled == 2);
    harness_reply(harness->held, 200, "done");
    client_reply(harness, late, &reply);
    assert_int_equal(reply.status, 200);
    harness_stop(harness);
}

static void a_busy_listener_turns_new_ones_away(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_hold);
    struct reply reply;
    harness->options.max_connections = 1;
    harness_start(harness);
    struct client *busy = client_open(harness);
    client_text(harness, busy, get);
    AWAIT(harness, harness->handled == 1);
    struct client *refused = client_open(harness);
    client_reply(harness, refused, &reply);
    assert_int_equal(reply.status, 503);
    assert_non_null(strstr(reply.head, "\r\nRetry-After: 1\r\n"));
    assert_non_null(strstr(reply.head, "\r\nX-Request-Id: "));
    AWAIT(harness, refused->eof);
    harness_reply(harness->held, 200, "done");
    client_reply(harness, busy, &reply);
    harness_stop(harness);
}

static void an_address_has_a_cap(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_echo);
    struct reply reply;
    harness->options.max_connections_per_address = 2;
    harness_start(harness);
    struct client *first = client_open(harness), *second = client_open(harness);
    AWAIT(harness, flash_http_connections(harness->http) == 2);
    struct client *third = client_open(harness);
    client_reply(harness, third, &reply);
    assert_int_equal(reply.status, 429);
    AWAIT(harness, third->eof);
    assert_false(first->eof || second->eof);
    client_close(first);
    AWAIT(harness, flash_http_connections(harness->http) == 1);
    struct client *fourth = client_open(harness);
    client_text(harness, fourth, get);
    client_reply(harness, fourth, &reply);
    assert_int_equal(reply.status, 200);
    harness_stop(harness);
}

static void who_has_his_cap_drops_nobody(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_hold);
    struct reply reply;
    harness->options.max_connections = 2;
    harness->options.max_connections_per_address = 1;
    harness_start(harness);
    struct client *greedy = client_open(harness);
    client_text(harness, greedy, get);
    AWAIT(harness, harness->handled == 1);
    struct client *other = client_open_from(harness, "127.0.0.2"); /* idle: the one to drop */
    AWAIT(harness, flash_http_connections(harness->http) == 2);
    struct client *again = client_open(harness);
    client_reply(harness, again, &reply);
    assert_int_equal(reply.status, 429);
    AWAIT(harness, again->eof);
    assert_false(other->eof);
    struct client *third = client_open_from(harness, "127.0.0.3");
    AWAIT(harness, other->eof);
    assert_false(third->eof);
    assert_int_equal(flash_http_connections(harness->http), 2);
    harness_reply(harness->held, 200, "done");
    harness_stop(harness);
}

/* The client is connected by the backlog and served once a descriptor is free again; meanwhile the
 * loop rests. */
static void accepting_rests_without_descriptors(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_echo);
    struct reply reply;
    struct rlimit before, none;
    harness_start(harness);
    struct client *client = client_open(harness);
    int lowest = fcntl(client->fd, F_DUPFD_CLOEXEC, 0); /* descriptors below it are taken */
    assert_true(lowest >= 0);
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = (rlim_t)lowest, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    client_text(harness, client, get);
    for (int i = 0; i < 20; i++) {
        harness_turn(harness);
    }
    assert_int_equal(harness->handled, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    client_reply(harness, client, &reply);
    assert_int_equal(reply.status, 200);
    harness_stop(harness);
}

static void draining_answers_what_is_open(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_hold);
    struct reply reply;
    harness_start(harness);
    struct client *idle = client_open(harness), *busy = client_open(harness);
    struct client *halfway = client_open(harness);
    client_text(harness, busy, get);
    client_text(harness, halfway, "GET /half HTTP/1.1\r\n");
    AWAIT(harness, harness->handled == 1 && flash_http_connections(harness->http) == 3);
    harness_turn(harness);
    struct flash_request *held = harness->held;
    struct client *knocking = client_open(harness); /* in the backlog, its request too */
    client_text(harness, knocking, get);

    flash_http_drain(harness->http);
    flash_http_drain(harness->http);
    AWAIT(harness, idle->eof);
    AWAIT(harness, harness->handled == 2);
    harness_reply(harness->held, 200, "knocked");
    client_reply(harness, knocking, &reply);
    assert_string_equal(reply.body, "knocked");

    client_text(harness, halfway, HOST "\r\n");
    AWAIT(harness, harness->handled == 3);
    harness_reply(harness->held, 200, "half");
    client_reply(harness, halfway, &reply);
    assert_non_null(strstr(reply.head, "\r\nConnection: close\r\n"));
    AWAIT(harness, halfway->eof && knocking->eof);

    assert_int_equal(flash_http_open_requests(harness->http), 1);
    harness_reply(held, 200, "last");
    client_reply(harness, busy, &reply);
    assert_string_equal(reply.body, "last");
    AWAIT(harness, busy->eof && flash_http_connections(harness->http) == 0);
    harness_stop(harness);
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_echo);
    struct flash_http *second = NULL;
    struct flash_error err = {0};
    harness_start(harness);
    struct flash_http_options options = harness->options;
    options.listen.port = flash_http_port(harness->http);
    assert_false(flash_http_new(harness->base, &options, &second, &err));
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    snprintf(options.listen.host, sizeof(options.listen.host), "localhost");
    assert_false(flash_http_new(harness->base, &options, &second, &err));
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    options = harness->options;
    options.max_connections = 0;
    assert_false(flash_http_new(harness->base, &options, &second, &err));
    options = harness->options;
    options.idle_timeout_ms = 0;
    assert_false(flash_http_new(harness->base, &options, &second, &err));
    assert_null(second);
    flash_http_free(NULL);
    harness_stop(harness);
}

static void two_servers_share_a_port(void **state)
{
    (void)state;
    struct harness *harness = fresh(harness_echo);
    struct flash_http *second = NULL;
    struct flash_error err = {0};
    harness->options.reuse_port = true;
    harness_start(harness);
    struct flash_http_options options = harness->options;
    options.listen.port = flash_http_port(harness->http);
    assert_true(flash_http_new(harness->base, &options, &second, &err));
    assert_int_equal(flash_http_port(second), flash_http_port(harness->http));
    for (int i = 0; i < 16; i++) {
        struct reply reply;
        struct client *client = client_open(harness);
        client_text(harness, client, get);
        client_reply(harness, client, &reply);
        assert_int_equal(reply.status, 200);
    }
    flash_http_free(second);
    harness_stop(harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_head_is_cut),
        cmocka_unit_test(a_stalled_head_is_cut),
        cmocka_unit_test(a_slow_body_is_cut),
        cmocka_unit_test(idle_connections_are_closed),
        cmocka_unit_test(an_open_request_has_no_deadline),
        cmocka_unit_test(a_client_that_does_not_read_is_cut),
        cmocka_unit_test(a_full_listener_drops_the_idlest),
        cmocka_unit_test(a_full_listener_drops_who_does_not_read),
        cmocka_unit_test(a_busy_listener_turns_new_ones_away),
        cmocka_unit_test(an_address_has_a_cap),
        cmocka_unit_test(who_has_his_cap_drops_nobody),
        cmocka_unit_test(accepting_rests_without_descriptors),
        cmocka_unit_test(draining_answers_what_is_open),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(two_servers_share_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
