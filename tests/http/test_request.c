/* What a handler sees and says: headers, ids, traceparent, problems, the operators' routes. */
#include "harness.h"

#include <jansson.h>

#include "flash/http_ops.h"
#include "flash/metrics.h"

#define HOST "Host: x\r\n"

static struct harness shared;

static int setup_hold(void **state)
{
    harness_init(&shared, harness_hold);
    harness_start(&shared);
    *state = &shared;
    return 0;
}

static int fill(struct flash_ready_part *parts, int max, void *arg)
{
    (void)arg;
    static const struct flash_ready_row rows[] = {{"redis", true, "is not said"},
                                                  {"kafka", false, "says \"no\"\n\x7f\xff"}};
    assert_true(max >= 2);
    return flash_ready_fill_rows(parts, max, rows, 2);
}

static int fill_ready(struct flash_ready_part *parts, int max, void *arg)
{
    return fill(parts, max, arg) - 1;
}

static void rows_are_cut_to_what_fits(void **state)
{
    (void)state;
    char reason[400];
    struct flash_ready_part parts[2] = {{.name = "before"}, {.name = "untouched"}};
    const struct flash_ready_row rows[] = {{"redis", false, reason}, {"kafka", true, NULL}};
    memset(reason, 'x', sizeof(reason));
    reason[sizeof(reason) - 1] = '\0';
    assert_int_equal(flash_ready_fill_rows(parts, 1, rows, 2), 1);
    assert_string_equal(parts[0].name, "redis");
    assert_int_equal(strlen(parts[0].reason), sizeof(parts[0].reason) - 1);
    assert_string_equal(parts[1].name, "untouched");
    assert_int_equal(flash_ready_fill_rows(parts, 2, rows, 2), 2);
    assert_true(parts[1].ready);
    assert_string_equal(parts[1].reason, "");
}

static struct flash_ops ops = {.daemon = "flash-test", .fill = fill};

static void handle_ops(struct flash_request *request, void *arg)
{
    (void)arg;
    if (!flash_ops_handle(request, &ops)) {
        harness_reply(request, 404, "mine");
    }
}

static int setup_ops(void **state)
{
    ops.fill = fill;
    harness_init(&shared, handle_ops);
    harness_start(&shared);
    *state = &shared;
    return 0;
}

static int teardown(void **state)
{
    harness_stop(*state);
    return 0;
}

static struct flash_request *ask(struct harness *harness, struct client *client, const char *fields)
{
    int handled = harness->handled;
    client_text(harness, client, "GET / HTTP/1.1\r\n" HOST);
    client_text(harness, client, fields);
    client_text(harness, client, "\r\n");
    AWAIT(harness, harness->handled > handled);
    return harness->held;
}

static void assert_text(struct flash_text text, const char *expected)
{
    assert_non_null(text.at);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.at, expected, text.len);
}

static void headers_are_found_by_name(void **state)
{
    struct harness *harness = *state;
    struct flash_request *request =
        ask(harness, client_open(harness), "X-A: 1\r\nx-a: 2\r\nPREFER: wait=5 \r\nX-E:\r\n");
    assert_text(flash_request_header(request, "x-a"), "1");
    assert_text(flash_request_header(request, "prefer"), "wait=5");
    assert_text(flash_request_header(request, "x-e"), "");
    assert_text(flash_request_header(request, "host"), "x");
    assert_null(flash_request_header(request, "x-").at);
    assert_null(flash_request_header(request, "x-ab").at);
    assert_true(flash_request_received_us(request) > 0);
    harness_reply(request, 200, "");
}

static void ids_are_unique_and_sent(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    static char ids[100][64];
    for (int i = 0; i < 100; i++) {
        struct reply reply;
        struct flash_request *request = ask(harness, client, "");
        snprintf(ids[i], sizeof(ids[i]), "\r\nX-Request-Id: %s\r\n", flash_request_id(request));
        harness_reply(request, 200, "");
        client_reply(harness, client, &reply);
        assert_non_null(strstr(reply.head, ids[i]));
        for (int before = 0; before < i; before++) {
            assert_string_not_equal(ids[before], ids[i]);
        }
    }
}

#define TRACE_ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define ZEROS "0000000000000000"

static void traceparent_is_taken_over_when_valid(void **state)
{
    static const struct {
        const char *sent;
        bool valid;
    } rows[] = {
        {"00-" TRACE_ID "-" PARENT "-01", true},
        {"00-" TRACE_ID "-" PARENT "-ff", true},
        {"01-" TRACE_ID "-" PARENT "-01", false},
        {"ff-" TRACE_ID "-" PARENT "-01", false},
        {"00-" ZEROS ZEROS "-" PARENT "-01", false},
        {"00-" TRACE_ID "-" ZEROS "-01", false},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01", false},
        {"00-" TRACE_ID "-" PARENT "-0g", false},
        {"00-" TRACE_ID "-" PARENT "-01-", false},
        {"00-" TRACE_ID "_" PARENT "-01", false},
        {"00-" TRACE_ID "-" PARENT, false},
        {"", false},
    };
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char field[128];
        struct reply reply;
        snprintf(field, sizeof(field), "traceparent: %s\r\n", rows[i].sent);
        struct flash_request *request = ask(harness, client, field);
        const char *trace = flash_request_traceparent(request);
        assert_int_equal(strlen(trace), 55);
        assert_memory_equal(trace, "00-", 3);
        assert_int_equal(strcmp(trace, rows[i].sent) == 0, rows[i].valid);
        assert_ptr_equal(trace, flash_request_traceparent(request));
        harness_reply(request, 200, "");
        client_reply(harness, client, &reply);
    }
}

static json_t *json_of(const struct reply *reply)
{
    json_t *json = json_loadb(reply->body, reply->body_len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

static void assert_member(json_t *json, const char *name, const char *expected)
{
    const char *value = json_string_value(json_object_get(json, name));
    assert_non_null(value);
    assert_string_equal(value, expected);
}

static void problems_are_json_whatever_the_detail(void **state)
{
    struct harness *harness = *state;
    struct client *client = client_open(harness);
    struct reply reply;
    struct flash_request *request = ask(harness, client, "");
    char id[32];
    snprintf(id, sizeof(id), "%s", flash_request_id(request));
    flash_request_problem(
        request,
        &(struct flash_problem){.status = 409,
                                .slug = "sold-out",
                                .title = "Sold \"out\"",
                                .detail = "a\\b\x01\n\xc3\xb6\xed\xa0\x80\xf5\xc0\xaf\xe2\x82",
                                .retry_after_s = 7,
                                .extra = "\"state\":\"PAID\"",
                                .headers = "X-More: 1\r\n"});
    client_reply(harness, client, &reply);
    assert_int_equal(reply.status, 409);
    assert_non_null(strstr(reply.head, "\r\nContent-Type: application/problem+json\r\n"));
    assert_non_null(strstr(reply.head, "\r\nRetry-After: 7\r\n"));
    assert_non_null(strstr(reply.head, "\r\nX-More: 1\r\n"));
    assert_null(strstr(reply.head, "Connection: close"));
    json_t *json = json_of(&reply);
    assert_member(json, "type", "/problems/sold-out");
    assert_member(json, "title", "Sold \"out\"");
    assert_member(json, "detail",
                  "a\\b\x01\n\xc3\xb6\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_member(json, "request_id", id);
    assert_member(json, "state", "PAID");
    assert_int_equal(json_integer_value(json_object_get(json, "status")), 409);
    json_decref(json);
}

static int get(struct harness *harness, const char *method, const char *path, struct reply *reply)
{
    char text[256];
    struct client *client = client_open(harness);
    snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\n" HOST "\r\n", method, path);
    client_text(harness, client, text);
    client_reply(harness, client, reply);
    client_close(client);
    return reply->status;
}

static void the_operators_routes(void **state)
{
    struct harness *harness = *state;
    struct reply reply;
    assert_int_equal(get(harness, "GET", "/livez", &reply), 200);
    json_decref(json_of(&reply));
    assert_int_equal(get(harness, "GET", "/version", &reply), 200);
    json_t *json = json_of(&reply);
    assert_member(json, "daemon", "flash-test");
    assert_member(json, "version", FLASH_VERSION);
    json_decref(json);
    assert_int_equal(get(harness, "POST", "/livez", &reply), 405);
    assert_non_null(strstr(reply.head, "\r\nAllow: GET, HEAD\r\n"));
    assert_int_equal(get(harness, "GET", "/live", &reply), 404);
    assert_string_equal(reply.body, "mine");
}

static void readiness_names_its_parts(void **state)
{
    struct harness *harness = *state;
    struct reply reply;
    assert_int_equal(get(harness, "GET", "/readyz", &reply), 503);
    json_t *json = json_of(&reply);
    json_t *parts = json_object_get(json, "parts");
    assert_true(json_is_false(json_object_get(json, "ready")));
    assert_int_equal(json_array_size(parts), 2);
    assert_member(json_array_get(parts, 0), "name", "redis");
    assert_member(json_array_get(parts, 1), "reason", "says \"no\"\n\x7f\xef\xbf\xbd");
    json_decref(json);

    ops.fill = fill_ready;
    assert_int_equal(get(harness, "GET", "/readyz", &reply), 200);
    json = json_of(&reply);
    assert_true(json_is_true(json_object_get(json, "ready")));
    json_decref(json);
}

static void metrics_are_prometheus_text(void **state)
{
    static struct flash_metric table[] = {
        {.name = "flash_test_total", .help = "Of this test.", .type = FLASH_METRIC_COUNTER}};
    struct harness *harness = *state;
    struct reply reply;
    flash_metrics_register(table, 1);
    flash_metric_add(&table[0], 3);
    assert_int_equal(get(harness, "GET", "/metrics", &reply), 200);
    assert_non_null(strstr(reply.head, "\r\nContent-Type: text/plain; version=0.0.4"));
    assert_non_null(strstr(reply.body, "\nflash_test_total 3\n"));
}

#define HOLD(test) cmocka_unit_test_setup_teardown(test, setup_hold, teardown)
#define OPS(test) cmocka_unit_test_setup_teardown(test, setup_ops, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOLD(headers_are_found_by_name),
        HOLD(ids_are_unique_and_sent),
        HOLD(traceparent_is_taken_over_when_valid),
        HOLD(problems_are_json_whatever_the_detail),
        cmocka_unit_test(rows_are_cut_to_what_fits),
        OPS(the_operators_routes),
        OPS(readiness_names_its_parts),
        OPS(metrics_are_prometheus_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
