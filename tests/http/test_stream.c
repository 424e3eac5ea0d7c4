/* Streams: answers without an end, and the ways they end: closed, left, too slow, drained, freed.
 */
#include "harness.h"

#include <sys/socket.h>

#include "internal.h"

#define HOST "Host: x\r\n"

static const char get[] = "GET /events HTTP/1.1\r\n" HOST "\r\n";

static struct harness shared;
static int told;
static size_t waiting_max; /* of the next stream */

static void count_gone(struct flash_stream *stream, void *arg)
{
    assert_non_null(stream);
    assert_ptr_equal(arg, &shared);
    told++;
}

static struct flash_stream *start_stream(struct flash_request *request)
{
    const struct flash_stream_start start = {.content_type = "text/event-stream",
                                             .headers = "Cache-Control: no-store\r\n",
                                             .gone = count_gone,
                                             .arg = &shared,
                                             .room = waiting_max};
    return flash_request_stream(request, &start);
}

static bool say(struct flash_stream *stream, const char *text)
{
    return flash_stream_write(stream, (struct flash_text){text, strlen(text)});
}

static int setup(void **state)
{
    told = 0;
    waiting_max = 0;
    harness_init(&shared, harness_hold);
    *state = &shared;
    return 0;
}

static int setup_started(void **state)
{
    setup(state);
    harness_start(&shared);
    return 0;
}

static int teardown(void **state)
{
    harness_stop(*state);
    return 0;
}

static struct flash_stream *open_stream(struct harness *harness, struct client *client)
{
    int handled = harness->handled;
    client_text(harness, client, get);
    AWAIT(harness, harness->handled == handled + 1);
    return start_stream(harness->held);
}

/* Whether client has received text, whatever came before it; takes it. */
static bool heard(struct client *client, const char *text)
{
    char *at = client->end > client->start ? memmem(client->in + client->start,
                                                    client->end - client->start, text, strlen(text))
                                           : NULL;
    if (at) {
        client->start = (size_t)(at - client->in) + strlen(text);
    }
    return at != NULL;
}

static void turn_for(struct harness *harness, uint64_t ms)
{
    uint64_t until_ms = harness_now_ms() + ms;
    while (harness_now_ms() < until_ms) {
        harness_turn(harness);
    }
}

/* Writes until the kernel takes no more; the rest waits in the server. */
static void stall(struct harness *harness, struct flash_stream *stream)
{
    char text[1024];
    memset(text, 'x', sizeof(text));
    struct connection *connection = &harness->http->slots[0];
    while (connection->state == CONNECTION_STREAMING) {
        assert_true(flash_stream_write(stream, (struct flash_text){text, sizeof(text)}));
    }
    assert_int_equal(connection->state, CONNECTION_STALLED);
}

static void writes_arrive_at_once_and_close_ends_it(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct flash_stream *stream = open_stream(harness, client);
    struct reply reply;
    client_reply(harness, client, &reply);
    assert_int_equal(reply.status, 200);
    assert_null(strstr(reply.head, "Content-Length"));
    assert_null(strstr(reply.head, "Transfer-Encoding"));
    assert_non_null(strstr(reply.head, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(reply.head, "\r\nContent-Type: text/event-stream\r\n"));
    assert_non_null(strstr(reply.head, "\r\nCache-Control: no-store\r\n"));
    assert_int_equal(flash_http_open_requests(harness->http), 0);
    assert_int_equal(flash_http_connections(harness->http), 1);

    assert_true(say(stream, "one\n"));
    AWAIT(harness, heard(client, "one\n"));
    assert_true(say(stream, "two\n"));
    AWAIT(harness, heard(client, "two\n"));
    assert_false(client->eof);
    flash_stream_close(stream);
    AWAIT(harness, client->eof);
    assert_int_equal(client->start, client->end);
    assert_int_equal(flash_http_connections(harness->http), 0);
    assert_int_equal(told, 0);
}

static void stream_and_close(struct flash_request *request, void *arg)
{
    struct harness *harness = arg;
    harness->handled++;
    if (flash_request_path(request).len == 1) {
        harness_reply(request, 200, "plain");
        return;
    }
    struct flash_stream *stream = start_stream(request);
    assert_true(say(stream, "all of it"));
    flash_stream_close(stream);
}

/* Behind an answer that still waits to be sent, inside the handler; what is pipelined behind it is
 * never served. */
static void a_stream_may_end_inside_the_handler(void **state)
{
    struct harness *harness = *state;
    harness->options.handler = stream_and_close;
    harness_start(harness);
    struct client *client = client_open(harness);
    struct reply reply;
    client_text(harness, client,
                "GET / HTTP/1.1\r\n" HOST "\r\n"
                "GET /events HTTP/1.1\r\n" HOST "\r\n"
                "GET / HTTP/1.1\r\n" HOST "\r\n");
    client_reply(harness, client, &reply);
    assert_string_equal(reply.body, "plain");
    AWAIT(harness, client->eof);
    assert_true(heard(client, "\r\n\r\nall of it"));
    assert_int_equal(client->start, client->end);
    assert_int_equal(harness->handled, 2);
    assert_int_equal(told, 0);
}

static void what_the_client_sends_is_thrown_away(void **state)
{
    struct harness *harness = *state;
    static char noise[1 << 20];
    struct client *client = client_open(harness);
    struct flash_stream *stream = open_stream(harness, client);
    client_send(harness, client, noise, sizeof(noise));
    client_text(harness, client, get);
    assert_true(say(stream, "still here\n"));
    AWAIT(harness, heard(client, "still here\n"));
    assert_int_equal(harness->handled, 1);
    flash_stream_close(stream);
    AWAIT(harness, client->eof);
}

static void a_reset_client_is_told_once(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    open_stream(harness, client);
    client_reset(client);
    AWAIT(harness, flash_http_connections(harness->http) == 0);
    assert_int_equal(told, 1);
}

static void a_closed_half_is_a_leaving(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    open_stream(harness, client);
    shutdown(client->fd, SHUT_WR);
    AWAIT(harness, client->eof);
    assert_int_equal(told, 1);
    assert_int_equal(flash_http_connections(harness->http), 0);
}

static void stream_anyway(struct flash_request *request, void *arg)
{
    (void)arg;
    assert_false(say(start_stream(request), "to nobody"));
    assert_int_equal(told, 0); /* never inside its starter */
}

static void a_client_that_left_before_is_told_later(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    client_text(harness, client, get);
    AWAIT(harness, harness->handled == 1);
    flash_request_on_gone(harness->held, stream_anyway, NULL);
    client_reset(client);
    AWAIT(harness, told == 1);
    assert_int_equal(flash_http_connections(harness->http), 0);
    assert_int_equal(flash_http_open_requests(harness->http), 0);
}

static void a_reader_too_slow_is_dropped_at_the_maximum(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct flash_stream *stream = open_stream(harness, client);
    client->deaf = true;
    stall(harness, stream);
    int more = 0;
    while (say(stream, "0123456789abcdef0123456789abcdef")) {
        more++;
    }
    assert_in_range(more, 1, STREAM_OUT_MAX / 32 + 16);
    assert_int_equal(told, 0); /* never inside a write */
    assert_false(say(stream, "again"));
    AWAIT(harness, told == 1);
    assert_int_equal(flash_http_connections(harness->http), 0);
}

static void a_streams_own_maximum_counts_instead(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    waiting_max = (size_t)8 * STREAM_OUT_MAX;
    struct flash_stream *stream = open_stream(harness, client);
    client->deaf = true;
    stall(harness, stream);
    int more = 0;
    while (say(stream, "0123456789abcdef0123456789abcdef")) {
        more++;
    }
    assert_true(more > 4 * STREAM_OUT_MAX / 32); /* the kernel may have taken some more */
    AWAIT(harness, told == 1);
}

static void closing_what_has_failed_tells_nobody(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct flash_stream *stream = open_stream(harness, client);
    client->deaf = true;
    while (say(stream, "0123456789abcdef0123456789abcdef")) {
    }
    flash_stream_close(stream);
    AWAIT(harness, flash_http_connections(harness->http) == 0);
    assert_int_equal(told, 0);
}

static void idling_is_no_reason_to_end(void **state)
{
    struct harness *harness = *state;
    harness->options.idle_timeout_ms = 50;
    harness_start(harness);
    struct client *client = client_open(harness);
    struct flash_stream *stream = open_stream(harness, client);
    turn_for(harness, 250);
    assert_true(say(stream, "late\n"));
    AWAIT(harness, heard(client, "late\n"));
    assert_int_equal(told, 0);
}

static void a_reader_that_takes_nothing_is_dropped(void **state)
{
    struct harness *harness = *state;
    harness->options.idle_timeout_ms = 100;
    harness_start(harness);
    struct client *client = client_open(harness);
    struct flash_stream *stream = open_stream(harness, client);
    client->deaf = true;
    stall(harness, stream);
    AWAIT(harness, told == 1);
    assert_int_equal(flash_http_connections(harness->http), 0);
}

static void a_reader_that_catches_up_stays(void **state)
{
    struct harness *harness = *state;
    harness->options.idle_timeout_ms = 2000;
    harness_start(harness);
    struct client *client = client_open(harness);
    struct flash_stream *stream = open_stream(harness, client);
    client->deaf = true;
    stall(harness, stream);
    client->deaf = false;
    AWAIT(harness, harness->http->slots[0].state == CONNECTION_STREAMING);
    assert_true(say(stream, "caught up\n"));
    AWAIT(harness, heard(client, "caught up\n"));
    assert_int_equal(told, 0);
}

static void what_waits_is_sent_before_the_end(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct flash_stream *stream = open_stream(harness, client);
    client->deaf = true;
    stall(harness, stream);
    assert_true(say(stream, "the last words"));
    flash_stream_close(stream);
    client->deaf = false;
    AWAIT(harness, client->eof);
    assert_true(heard(client, "the last words"));
    assert_int_equal(told, 0);
}

static void draining_ends_streams_and_those_to_come(void **state)
{
    struct harness *harness = *state;
    struct client *open = client_open(harness), *late = client_open(harness);
    open_stream(harness, open);
    client_text(harness, late, get);
    AWAIT(harness, harness->handled == 2);
    flash_http_drain(harness->http);
    assert_int_equal(told, 0);
    AWAIT(harness, open->eof);
    assert_int_equal(told, 1);

    assert_true(say(start_stream(harness->held), "as it is now"));
    AWAIT(harness, late->eof);
    assert_true(heard(late, "\r\n\r\nas it is now"));
    assert_int_equal(told, 2);
    assert_int_equal(flash_http_connections(harness->http), 0);
}

static void freeing_with_open_streams_tells_nobody(void **state)
{
    struct harness *harness = *state;
    open_stream(harness, client_open(harness));
    flash_http_free(harness->http);
    harness->http = NULL;
    assert_int_equal(told, 0);
}

#define STARTED(test) cmocka_unit_test_setup_teardown(test, setup_started, teardown)
#define NOT_STARTED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(writes_arrive_at_once_and_close_ends_it),
        NOT_STARTED(a_stream_may_end_inside_the_handler),
        STARTED(what_the_client_sends_is_thrown_away),
        STARTED(a_reset_client_is_told_once),
        STARTED(a_closed_half_is_a_leaving),
        STARTED(a_client_that_left_before_is_told_later),
        STARTED(a_reader_too_slow_is_dropped_at_the_maximum),
        STARTED(a_streams_own_maximum_counts_instead),
        STARTED(closing_what_has_failed_tells_nobody),
        NOT_STARTED(idling_is_no_reason_to_end),
        NOT_STARTED(a_reader_that_takes_nothing_is_dropped),
        NOT_STARTED(a_reader_that_catches_up_stays),
        STARTED(what_waits_is_sent_before_the_end),
        STARTED(draining_ends_streams_and_those_to_come),
        STARTED(freeing_with_open_streams_tells_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
