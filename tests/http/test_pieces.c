/* Streams that are bodies made piece by piece: one follows the other, in chunks, and a body that is
 * cut off has no end. */
#include "harness.h"

#include "internal.h"

#define HOST "Host: x\r\n"

static const char get[] = "GET /events HTTP/1.1\r\n" HOST "\r\n";

static struct harness shared;
static int told, pieces;

static void count_gone(struct flash_stream *stream, void *arg)
{
    assert_non_null(stream);
    assert_ptr_equal(arg, &shared);
    told++;
}

static bool say(struct flash_stream *stream, const char *text)
{
    return flash_stream_write(stream, (struct flash_text){text, strlen(text)});
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

static int setup(void **state)
{
    told = pieces = 0;
    harness_init(&shared, harness_hold);
    harness_start(&shared);
    *state = &shared;
    return 0;
}

static int teardown(void **state)
{
    harness_stop(*state);
    return 0;
}

static void next_piece(struct flash_stream *stream, void *arg)
{
    (void)arg;
    if (++pieces < 3) {
        assert_true(say(stream, "piece\n"));
    } else {
        flash_stream_close(stream);
    }
}

static struct flash_stream *open_pieces(struct harness *harness, struct client *client,
                                        const char *request)
{
    int handled = harness->handled;
    client_text(harness, client, request);
    AWAIT(harness, harness->handled == handled + 1);
    return flash_request_stream(harness->held,
                                &(struct flash_stream_start){.content_type = "text/csv",
                                                             .gone = count_gone,
                                                             .arg = &shared,
                                                             .drained = next_piece,
                                                             .room = 40000});
}

static void pieces_follow_each_other_in_chunks(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct flash_stream *stream = open_pieces(harness, client, get);
    turn_for(harness, 20);
    assert_int_equal(pieces, 0); /* nothing was written yet */
    assert_true(say(stream, "first\n"));
    assert_int_equal(pieces, 0); /* never inside a call */
    AWAIT(harness, client->eof);
    assert_true(heard(client, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_true(heard(client, "\r\n\r\n6\r\nfirst\n\r\n6\r\npiece\n\r\n6\r\npiece\n\r\n0\r\n\r\n"));
    assert_int_equal(client->start, client->end);
    assert_int_equal(told, 0);
}

static void an_old_client_gets_them_plain(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    assert_true(say(open_pieces(harness, client, "GET / HTTP/1.0\r\n\r\n"), "first\n"));
    AWAIT(harness, client->eof);
    assert_true(heard(client, "\r\n\r\nfirst\npiece\npiece\n"));
}

static void an_aborted_body_has_no_end(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct flash_stream *stream = open_pieces(harness, client, get);
    client->deaf = true;
    stall(harness, stream);
    turn_for(harness, 20);
    assert_int_equal(pieces, 0); /* what waits has not been taken */
    flash_stream_abort(stream);
    client->deaf = false;
    AWAIT(harness, client->eof);
    assert_false(heard(client, "\r\n0\r\n\r\n"));
    assert_int_equal(told, 0);
    assert_int_equal(flash_http_connections(harness->http), 0);
}

static void its_room_is_what_was_asked_for(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct flash_stream *stream = open_pieces(harness, client, get);
    static char text[30000];
    memset(text, 'y', sizeof(text));
    client->deaf = true;
    stall(harness, stream);
    assert_true(flash_stream_write(stream, (struct flash_text){text, sizeof(text)}));
    assert_false(flash_stream_write(stream, (struct flash_text){text, sizeof(text)}));
    client->deaf = false;
    AWAIT(harness, told == 1);
}

#define PIECES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PIECES(pieces_follow_each_other_in_chunks),
        PIECES(an_old_client_gets_them_plain),
        PIECES(an_aborted_body_has_no_end),
        PIECES(its_room_is_what_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
