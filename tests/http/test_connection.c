/* Connections in order: pipelining, answers given later, clients that leave, big answers, the slot.
 */
#include "harness.h"

#include <stdlib.h>
#include <sys/socket.h>

#define HOST "Host: x\r\n"

static const char get[] = "GET / HTTP/1.1\r\n" HOST "\r\n";

static struct harness shared;

static int setup_hold(void **state)
{
    harness_init(&shared, harness_hold);
    harness_start(&shared);
    *state = &shared;
    return 0;
}

static int setup_echo(void **state)
{
    harness_init(&shared, harness_echo);
    harness_start(&shared);
    *state = &shared;
    return 0;
}

static int teardown(void **state)
{
    harness_stop(*state);
    return 0;
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    static char bytes[64 * 1000];
    size_t len = 0;
    for (int i = 0; i < 1000; i++) {
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len,
                                "GET /%d HTTP/1.1\r\n" HOST "\r\n", i);
    }
    client_send(harness, client, bytes, len);
    for (int i = 0; i < 1000; i++) {
        struct reply reply;
        char expected[32];
        snprintf(expected, sizeof(expected), "GET /%d||", i);
        client_reply(harness, client, &reply);
        assert_string_equal(reply.body, expected);
    }
    assert_int_equal(harness->handled, 1000);
}

static void next_request_waits_for_the_answer(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct reply reply;
    client_text(harness, client, "POST /1 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none");
    client_text(harness, client, get);
    AWAIT(harness, harness->handled == 1);
    for (int i = 0; i < 5; i++) {
        harness_turn(harness);
    }
    assert_int_equal(harness->handled, 1);
    assert_int_equal(flash_http_open_requests(harness->http), 1);
    struct flash_text body = flash_request_body(harness->held);
    assert_int_equal(body.len, 3);
    assert_memory_equal(body.at, "one", 3);

    harness_reply(harness->held, 200, "first");
    assert_int_equal(harness->handled, 1); /* never inside the answer */
    AWAIT(harness, harness->handled == 2);
    harness_reply(harness->held, 200, "second");
    client_reply(harness, client, &reply);
    assert_string_equal(reply.body, "first");
    client_reply(harness, client, &reply);
    assert_string_equal(reply.body, "second");
    assert_int_equal(flash_http_open_requests(harness->http), 0);
}

/* A client that pipelines more than the buffer holds behind an open request is read later, and all
 * of it is served. */
static void pipelining_past_the_buffer_is_held_back(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    static char bytes[sizeof(get) * 4000];
    size_t len = 0;
    for (int i = 0; i < 4000; i++) {
        memcpy(bytes + len, get, sizeof(get) - 1);
        len += sizeof(get) - 1;
    }
    client_send(harness, client, bytes, len);
    for (int i = 0; i < 4000; i++) {
        AWAIT(harness, harness->handled == i + 1);
        harness_reply(harness->held, 200, "");
    }
    for (int i = 0; i < 4000; i++) {
        struct reply reply;
        client_reply(harness, client, &reply);
    }
}

static void tell(struct flash_request *request, void *arg)
{
    (void)request;
    (*(int *)arg)++;
}

static void tell_and_answer(struct flash_request *request, void *arg)
{
    (*(int *)arg)++;
    harness_reply(request, 200, "late");
}

static void a_reset_client_is_gone(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    int gone = 0;
    client_text(harness, client, get);
    AWAIT(harness, harness->handled == 1);
    flash_request_on_gone(harness->held, tell, &gone);
    client_reset(client);
    AWAIT(harness, gone == 1);
    assert_int_equal(flash_http_open_requests(harness->http), 1);
    assert_int_equal(flash_request_path(harness->held).len, 1); /* still there */
    harness_reply(harness->held, 200, "nobody reads this");
    assert_int_equal(flash_http_open_requests(harness->http), 0);
    assert_int_equal(flash_http_connections(harness->http), 0);
    assert_int_equal(gone, 1);
}

static void a_reset_client_may_be_answered_from_gone(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    int gone = 0;
    client_text(harness, client, get);
    AWAIT(harness, harness->handled == 1);
    flash_request_on_gone(harness->held, tell_and_answer, &gone);
    client_reset(client);
    AWAIT(harness, flash_http_connections(harness->http) == 0);
    assert_int_equal(gone, 1);
}

static void a_closed_client_is_gone(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    int gone = 0;
    client_text(harness, client, get);
    AWAIT(harness, harness->handled == 1);
    flash_request_on_gone(harness->held, tell, &gone);
    client_close(client);
    AWAIT(harness, gone == 1);
    harness_reply(harness->held, 200, "nobody reads this");
    AWAIT(harness, flash_http_connections(harness->http) == 0);
}

/* Both of its requests are answered; the second learns of the closed half though that came before
 * it began. */
static void a_half_closed_client_gets_its_answers(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct reply reply;
    int gone = 0;
    client_text(harness, client, get);
    client_text(harness, client, get);
    shutdown(client->fd, SHUT_WR);
    AWAIT(harness, harness->handled == 1);
    flash_request_on_gone(harness->held, tell, &gone);
    AWAIT(harness, gone == 1);
    harness_reply(harness->held, 200, "one");
    client_reply(harness, client, &reply);
    assert_string_equal(reply.body, "one");

    AWAIT(harness, harness->handled == 2);
    flash_request_on_gone(harness->held, tell_and_answer, &gone);
    assert_int_equal(gone, 1); /* not from inside */
    client_reply(harness, client, &reply);
    assert_int_equal(gone, 2);
    assert_string_equal(reply.body, "late");
    AWAIT(harness, client->eof);
}

static void partial_requests_of_leavers_are_dropped(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    client_text(harness, client, "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhel");
    shutdown(client->fd, SHUT_WR);
    AWAIT(harness, client->eof);
    assert_int_equal(client->end, 0);
    assert_int_equal(harness->handled, 0);
    AWAIT(harness, flash_http_connections(harness->http) == 0);
}

static void big_answers_go_out_in_pieces(void **state)
{
    struct harness *harness = *state;
    enum { BIG = 16 << 20 };
    char *body = malloc(BIG);
    assert_non_null(body);
    for (size_t i = 0; i < BIG; i++) {
        body[i] = (char)('a' + i % 23);
    }
    struct client *client = client_open(harness);
    client->deaf = true;
    client_text(harness, client, get);
    client_text(harness, client, get);
    AWAIT(harness, harness->handled == 1);
    flash_request_reply(harness->held,
                        &(struct flash_response){.status = 200, .body = {body, BIG}});
    for (int i = 0; i < 5; i++) {
        harness_turn(harness);
    }
    assert_int_equal(harness->handled, 1); /* the next request waits until this answer is out */
    client->deaf = false;
    AWAIT(harness, harness->handled == 2);
    harness_reply(harness->held, 200, "small");
    struct reply reply;
    AWAIT(harness, client_take(client, false, &reply));
    assert_int_equal(reply.body_len, BIG);
    assert_memory_equal(client->in + client->start - BIG, body, BIG);
    client_reply(harness, client, &reply);
    assert_string_equal(reply.body, "small");
    free(body);
}

static void an_answer_over_the_maximum_is_a_500(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct reply reply;
    client_text(harness, client, get);
    AWAIT(harness, harness->handled == 1);
    flash_request_reply(harness->held,
                        &(struct flash_response){.status = 200, .body = {"", (size_t)1 << 40}});
    client_reply(harness, client, &reply);
    assert_int_equal(reply.status, 500);
}

static void answers_without_body(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct reply reply;
    client_text(harness, client, get);
    AWAIT(harness, harness->handled == 1);
    flash_request_reply(
        harness->held,
        &(struct flash_response){.status = 304, .headers = "ETag: \"a\"\r\n", .body = {"x", 1}});
    client_reply(harness, client, &reply);
    assert_int_equal(reply.status, 304);
    assert_null(strstr(reply.head, "Content-Length"));
    assert_non_null(strstr(reply.head, "\r\nETag: \"a\"\r\n"));
    assert_int_equal(client->start, client->end);
}

/* A 413 is read although the client sends on: the connection lingers instead of being reset. */
static void a_refusal_survives_a_client_that_sends_on(void **state)
{
    struct harness *harness = *state;
    static char body[1 << 20];
    struct client *client = client_open(harness);
    struct reply reply;
    client_text(harness, client, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n");
    client_send(harness, client, body, sizeof(body));
    client_reply(harness, client, &reply);
    assert_int_equal(reply.status, 413);
    AWAIT(harness, client->eof);
    assert_int_equal(flash_http_connections(harness->http), 1);
    client_close(client);
    AWAIT(harness, flash_http_connections(harness->http) == 0);
}

static int slots_freed;

static void slot_free(void *slot)
{
    (void)slot;
    slots_freed++;
}

static void the_slot_lives_as_long_as_the_connection(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct reply reply;
    slots_freed = 0;
    for (int i = 1; i <= 3; i++) {
        client_text(harness, client, get);
        AWAIT(harness, harness->handled == i);
        assert_ptr_equal(flash_request_slot(harness->held), i == 1 ? NULL : &slots_freed);
        if (i < 3) { /* set, then replaced */
            flash_request_set_slot(harness->held, &slots_freed, slot_free);
        }
        harness_reply(harness->held, 200, "");
        client_reply(harness, client, &reply);
    }
    assert_int_equal(slots_freed, 1);
    client_close(client);
    AWAIT(harness, flash_http_connections(harness->http) == 0);
    assert_int_equal(slots_freed, 2);
}

static void freeing_with_open_requests(void **state)
{
    struct harness *harness = *state;
    client_text(harness, client_open(harness), get);
    AWAIT(harness, harness->handled == 1);
    slots_freed = 0;
    flash_request_set_slot(harness->held, harness, slot_free);
    flash_http_free(harness->http);
    harness->http = NULL;
    assert_int_equal(slots_freed, 1);
}

#define HOLD(test) cmocka_unit_test_setup_teardown(test, setup_hold, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pipelined_requests_are_answered_in_order, setup_echo,
                                        teardown),
        HOLD(next_request_waits_for_the_answer),
        HOLD(pipelining_past_the_buffer_is_held_back),
        HOLD(a_reset_client_is_gone),
        HOLD(a_reset_client_may_be_answered_from_gone),
        HOLD(a_closed_client_is_gone),
        HOLD(a_half_closed_client_gets_its_answers),
        HOLD(partial_requests_of_leavers_are_dropped),
        HOLD(big_answers_go_out_in_pieces),
        HOLD(an_answer_over_the_maximum_is_a_500),
        HOLD(answers_without_body),
        HOLD(a_refusal_survives_a_client_that_sends_on),
        HOLD(the_slot_lives_as_long_as_the_connection),
        HOLD(freeing_with_open_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
