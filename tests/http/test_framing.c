/* The table of raw requests over a socket: status, whether the connection ends, and that nothing
 * behind it is served. */
#include "harness.h"

#include <stdlib.h>

#include "cases.h"

static const char after[] = "GET /after HTTP/1.1\r\nHost: x\r\n\r\n";

static int setup(void **state)
{
    static struct harness harness;
    harness_init(&harness, harness_echo);
    harness_start(&harness);
    *state = &harness;
    return 0;
}

static int teardown(void **state)
{
    harness_stop(*state);
    return 0;
}

static void check_reply(const struct raw_case *raw, const struct reply *reply)
{
    if (reply->status != raw->status || (raw->echo && strcmp(reply->body, raw->echo) != 0)) {
        fail_msg("%s: %d %s", raw->name, reply->status, reply->body);
    }
    assert_non_null(strstr(reply->head, "\r\nX-Request-Id: "));
    assert_non_null(strstr(reply->head, "\r\nDate: "));
    assert_null(strstr(reply->head, "\r\nServer: "));
    if (reply->status != 200) {
        assert_non_null(strstr(reply->head, "\r\nContent-Type: application/problem+json\r\n"));
        assert_non_null(strstr(reply->body, "\"type\":\"/problems/"));
        assert_non_null(strstr(reply->body, "\"request_id\":\""));
    }
    if ((strstr(reply->head, "\r\nConnection: close\r\n") != NULL) != raw->closes) {
        fail_msg("%s: %s", raw->name, reply->head);
    }
}

/* What must follow the case's own answer: the next request's, or the end of the connection. */
static void check_after(struct harness *harness, struct client *client, const struct raw_case *raw)
{
    struct reply reply;
    if (raw->closes) {
        AWAIT(harness, client->eof);
        if (client->start != client->end) {
            fail_msg("%s: more than one answer", raw->name);
        }
        return;
    }
    client_reply(harness, client, &reply);
    if (strcmp(reply.body, "GET /after||") != 0) {
        fail_msg("%s: then %s", raw->name, reply.body);
    }
}

/* The answer after any 100 (Continue), which comes when the body was missing for a moment. */
static void final_reply(struct harness *harness, struct client *client, struct reply *ret_reply)
{
    do {
        client_reply(harness, client, ret_reply);
    } while (ret_reply->status == 100);
}

static void check_pieces(struct harness *harness, const struct raw_case *raw, size_t piece)
{
    static char bytes[RAW_MAX + sizeof(after)];
    struct reply reply;
    size_t len = raw_case_bytes(raw, bytes);
    memcpy(bytes + len, after, sizeof(after) - 1);
    len += sizeof(after) - 1;
    int handled = harness->handled;
    struct client *client = client_open(harness);
    for (size_t at = 0; at < len; at += piece) {
        client_send(harness, client, bytes + at, at + piece < len ? piece : len - at);
        event_base_loop(harness->base, EVLOOP_NONBLOCK);
    }
    final_reply(harness, client, &reply);
    check_reply(raw, &reply);
    check_after(harness, client, raw);
    assert_int_equal(harness->handled - handled, (raw->status == 200) + !raw->closes);
    client_close(client);
}

static void table_at_once(void **state)
{
    for (size_t i = 0; i < raw_case_count; i++) {
        check_pieces(*state, &raw_cases[i], RAW_MAX);
    }
}

static void table_byte_by_byte(void **state)
{
    for (size_t i = 0; i < raw_case_count; i++) {
        check_pieces(*state, &raw_cases[i], raw_cases[i].fill ? 37 : 1);
    }
}

/* Each accepted case in two pieces, cut at every position, all over one connection where it stays
 * open. */
static void valid_cut_everywhere(void **state)
{
    struct harness *harness = *state;
    for (size_t i = 0; i < raw_case_count; i++) {
        const struct raw_case *raw = &raw_cases[i];
        if (raw->status != 200 || raw->closes || raw->fill) {
            continue;
        }
        struct client *client = client_open(harness);
        for (size_t cut = 1; cut < raw->len; cut++) {
            struct reply reply;
            client_send(harness, client, raw->bytes, cut);
            event_base_loop(harness->base, EVLOOP_NONBLOCK);
            client_send(harness, client, raw->bytes + cut, raw->len - cut);
            final_reply(harness, client, &reply);
            check_reply(raw, &reply);
        }
        client_close(client);
    }
}

static void expect_is_answered_with_100(void **state)
{
    struct harness *harness = *state;
    struct reply reply;
    struct client *client = client_open(harness);
    client_text(harness, client,
                "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    client_reply(harness, client, &reply);
    assert_int_equal(reply.status, 100);
    client_text(harness, client, "h");
    client_text(harness, client, "i");
    client_reply(harness, client, &reply);
    assert_string_equal(reply.body, "POST /||hi");
    client_close(client);
}

static void head_has_length_and_no_body(void **state)
{
    struct harness *harness = *state;
    struct reply reply;
    struct client *client = client_open(harness);
    client_text(harness, client, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    client_text(harness, client, after);
    AWAIT(harness, client_take(client, true, &reply));
    assert_non_null(strstr(reply.head, "\r\nContent-Length: 8\r\n"));
    client_reply(harness, client, &reply);
    assert_string_equal(reply.body, "GET /after||");
    client_close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(table_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(table_byte_by_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(valid_cut_everywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(expect_is_answered_with_100, setup, teardown),
        cmocka_unit_test_setup_teardown(head_has_length_and_no_body, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
