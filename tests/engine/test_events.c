/* Streams of events on a worker of fakes: what is said and when, who is read, how each ends. */
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../engine/events.h"
#include "rig.h"

#define SKU 42
#define STREAMS 600
#define HEARTBEAT_US 15000000
#define RECORD(letter) letter "1:2:1763718000123456:1763719800:u-1"

static const char retry[] = "retry: 1000\n\n";

static int setup(void **state)
{
    int rc = rig_open(state);
    struct rig *rig = *state;
    flash_pool_finish(&rig->worker.streams); /* of no streams */
    rig->config.engine.event_heartbeat_ms = HEARTBEAT_US / 1000;
    rig_know(rig, SKU);
    return rc || !flash_pool_init(&rig->worker.streams, STREAMS, sizeof(struct flash_event_stream));
}

/* The clients that are still there leave. */
static int teardown(void **state)
{
    struct rig *rig = *state;
    for (int i = 0; i < rig->request_count; i++) {
        struct flash_stream *stream = fake_request_stream(rig->requests[i]);
        if (stream && !fake_stream_ended(stream)) {
            fake_stream_leave(stream);
        }
    }
    assert_int_equal(flash_pool_used(&rig->worker.streams), 0);
    return rig_close(state);
}

static void ask_known(struct rig *rig, struct flash_request *request)
{
    flash_reads_order(&rig->worker, request,
                      &(struct flash_order_query){
                          .sku = SKU, .ref = {"a", 1}, .user = {"u-1", 3}, .events = true});
}

/* Asks for the events of order a; last: Last-Event-ID, or NULL. */
static struct flash_request *ask(struct rig *rig, const char *last)
{
    const char *headers[] = {last ? "last-event-id" : NULL, last, NULL};
    struct flash_request *request =
        rig_request(rig, &(struct fake_request_head){.headers = headers});
    ask_known(rig, request);
    return request;
}

static void status(struct rig *rig, const char *record)
{
    rig_status(rig, (const char *[]){record, NULL});
}

static struct flash_stream *open_stream(struct rig *rig, const char *record)
{
    struct flash_request *request = ask(rig, NULL);
    rig_turn(rig);
    status(rig, record);
    return fake_request_stream(request);
}

/* Long enough ago that orders at rest are due. */
static void rest(struct rig *rig)
{
    struct flash_watcher *watcher;
    TAILQ_FOREACH(watcher, &rig_know(rig, SKU)->watchers, links)
    {
        watcher->read_us -= 1000000;
    }
}

/* The order is read again, and has this record. */
static void read_again(struct rig *rig, const char *record)
{
    rest(rig);
    rig_tick(rig, SKU);
    status(rig, record);
}

/* Bytes so far. */
static size_t said(const struct flash_stream *stream)
{
    return strlen(fake_stream_text(stream));
}

static int open_streams(const struct rig *rig)
{
    return flash_pool_used(&rig->worker.streams);
}

static void the_first_event_comes_at_once(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = ask(rig, NULL);
    rig_turn(rig);
    status(rig, RECORD("Q"));
    assert_int_equal(rig_answered(request), 200);
    assert_string_equal(
        fake_stream_text(fake_request_stream(request)),
        "retry: 1000\n\n"
        "id: 1\nevent: status\n"
        "data: {\"order_id\":\"42.a\",\"sku\":\"42\",\"quantity\":2,\"status\":\"QUEUED\","
        "\"pay_by\":\"2025-11-21T10:10:00.000Z\",\"version\":1,"
        "\"updated_at\":\"2025-11-21T09:40:00.123Z\"}\n\n");
    assert_int_equal(rig_metric(METRIC_EVENTS), 1);
}

static void what_the_client_has_is_not_said_again(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = ask(rig, "1");
    rig_turn(rig);
    status(rig, RECORD("Q"));
    struct flash_stream *stream = fake_request_stream(request);
    assert_string_equal(fake_stream_text(stream), retry);
    read_again(rig, RECORD("Q"));
    assert_string_equal(fake_stream_text(stream), retry);
    read_again(rig, RECORD("C"));
    assert_non_null(strstr(fake_stream_text(stream), "\n\nid: 2\nevent: status\ndata: {"));
}

static void another_last_event_id_is_none(void **state)
{
    struct rig *rig = *state;
    static const char *const others[] = {"", "11", "0", "x", "\"1\""};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct flash_request *request = ask(rig, others[i]);
        rig_turn(rig);
        status(rig, RECORD("Q"));
        assert_non_null(strstr(fake_stream_text(fake_request_stream(request)), "id: 1\n"));
    }
}

static void one_event_per_change_and_the_last_closes(void **state)
{
    struct rig *rig = *state;
    struct flash_stream *stream = open_stream(rig, RECORD("Q"));
    static const struct {
        const char *record, *id;
    } changes[] = {{RECORD("C"), "id: 2\n"}, {RECORD("K"), "id: 4\n"}, {RECORD("X"), "id: 5\n"}};
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        size_t before = said(stream);
        assert_false(fake_stream_ended(stream));
        read_again(rig, changes[i].record);
        const char *event = fake_stream_text(stream) + before;
        assert_ptr_equal(strstr(event, changes[i].id), event);
        assert_null(strstr(event + 1, "id: "));
    }
    assert_true(fake_stream_ended(stream));
    assert_int_equal(open_streams(rig), 0);
    rig_tick(rig, SKU);
    assert_int_equal(rig_script(rig, 0), -1);
}

static void the_last_state_needs_no_stream(void **state)
{
    struct rig *rig = *state;
    struct flash_request *fresh = ask(rig, "2"), *over = ask(rig, "5");
    rig_turn(rig);
    rig_status(rig, (const char *[]){RECORD("X"), RECORD("X"), NULL});
    assert_int_equal(rig_answered(fresh), 200);
    const char *body = fake_request_answer(fresh)->body;
    assert_ptr_equal(strstr(body, "id: 5\nevent: status\ndata: {"), body);
    assert_int_equal(rig_answered(over), 204);
    assert_null(fake_request_stream(fresh));
    assert_null(fake_request_stream(over));
}

static void head_is_answered_without_a_stream(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request =
        rig_request(rig, &(struct fake_request_head){.method = FLASH_METHOD_HEAD});
    ask_known(rig, request);
    rig_turn(rig);
    status(rig, RECORD("Q"));
    assert_int_equal(rig_answered(request), 200);
    assert_null(fake_request_stream(request));
}

static void orders_that_are_not_his_are_not_found(void **state)
{
    struct rig *rig = *state;
    struct flash_request *foreign = ask(rig, NULL), *absent = ask(rig, NULL);
    rig_turn(rig);
    rig_status(rig, (const char *[]){"C1:1:1763718000123456:1763719800:u-2", "", NULL});
    assert_true(rig_refused(foreign, 404, "not-found"));
    assert_true(rig_refused(absent, 404, "not-found"));
}

static void an_order_that_vanished_closes(void **state)
{
    struct rig *rig = *state;
    struct flash_stream *stream = open_stream(rig, RECORD("C"));
    read_again(rig, "");
    assert_true(fake_stream_ended(stream));
    assert_int_equal(open_streams(rig), 0);
}

static void at_the_limit_no_more(void **state)
{
    struct rig *rig = *state;
    struct flash_stream *stream = NULL;
    for (int i = 0; i < STREAMS; i++) {
        stream = open_stream(rig, RECORD("C"));
    }
    struct flash_request *request = ask(rig, NULL);
    rig_turn(rig);
    status(rig, RECORD("C"));
    assert_true(rig_refused(request, 503, "unavailable"));
    fake_stream_leave(stream);
    assert_int_equal(open_streams(rig), STREAMS - 1);
    assert_ptr_not_equal(open_stream(rig, RECORD("C")), stream);
}

static void a_change_of_all_costs_a_call_per_256(void **state)
{
    struct rig *rig = *state;
    static const char *paid[FLASH_BATCH_LINES + 1];
    for (int i = 0; i < STREAMS; i++) {
        open_stream(rig, RECORD("C"));
    }
    for (int i = 0; i < FLASH_BATCH_LINES; i++) {
        paid[i] = RECORD("P");
    }
    int64_t calls = rig_metric(METRIC_STATUS_CALLS), reads = rig_metric(METRIC_STATUS_READS);
    int64_t events = rig_metric(METRIC_EVENTS);
    rest(rig);
    for (int i = 0; i < 3; i++) {
        rig_tick(rig, SKU);
        rig_status(rig, paid);
    }
    assert_int_equal(rig_metric(METRIC_STATUS_CALLS) - calls, 3);
    assert_int_equal(rig_metric(METRIC_STATUS_READS) - reads, STREAMS);
    assert_int_equal(rig_metric(METRIC_EVENTS) - events, STREAMS);
}

static void a_failed_read_is_tried_again(void **state)
{
    struct rig *rig = *state;
    struct flash_stream *stream = open_stream(rig, RECORD("Q"));
    struct flash_request *opening = ask(rig, NULL);
    rig_tick(rig, SKU);
    fake_redis_unknown(rig->redis);
    assert_true(rig_refused(opening, 503, "unavailable"));
    assert_false(fake_stream_ended(stream));
    read_again(rig, RECORD("C"));
    assert_non_null(strstr(fake_stream_text(stream), "id: 2\n"));
}

static void leaving_while_a_read_is_under_way(void **state)
{
    struct rig *rig = *state;
    struct flash_stream *stream = open_stream(rig, RECORD("Q"));
    rig_tick(rig, SKU);
    fake_stream_leave(stream);
    assert_int_equal(open_streams(rig), 0);
    status(rig, RECORD("C")); /* to nobody */
    assert_int_equal(flash_pool_used(&rig->worker.reads), 0);
}

static void a_clogged_stream_waits_to_be_told(void **state)
{
    struct rig *rig = *state;
    struct flash_stream *stream = open_stream(rig, RECORD("Q"));
    fake_stream_set_full(stream);
    read_again(rig, RECORD("C"));
    assert_int_equal(open_streams(rig), 1);
    fake_stream_leave(stream);
    assert_int_equal(open_streams(rig), 0);
}

static void heartbeats_come_when_nothing_was_said(void **state)
{
    struct rig *rig = *state;
    struct flash_stream *first = open_stream(rig, RECORD("Q"));
    size_t before = said(first);
    rig->worker.now_us += HEARTBEAT_US - 1000000;
    flash_events_beat(&rig->worker);
    assert_int_equal(said(first), before);
    rig->worker.now_us += 1000000;
    flash_events_beat(&rig->worker);
    assert_string_equal(fake_stream_text(first) + before, ":\n\n");
    flash_events_beat(&rig->worker);
    assert_string_equal(fake_stream_text(first) + before, ":\n\n");
}

/* The next to beat stands first, also after an event of an older one. */
static void an_event_puts_the_heartbeat_off(void **state)
{
    struct rig *rig = *state;
    struct flash_stream *told = open_stream(rig, RECORD("Q"));
    read_again(rig, RECORD("C"));
    struct flash_stream *silent = open_stream(rig, RECORD("C"));
    rest(rig);
    rig_tick(rig, SKU);
    rig_status(rig, (const char *[]){RECORD("P"), RECORD("C"), NULL});
    assert_non_null(strstr(fake_stream_text(told), "id: 3\n"));

    const struct flash_event_stream *next = TAILQ_FIRST(&rig->worker.beats);
    assert_ptr_equal(next->stream, silent);
    rig->worker.now_us = next->beat_us;
    size_t before = said(told), silence = said(silent);
    flash_events_beat(&rig->worker);
    assert_string_equal(fake_stream_text(silent) + silence, ":\n\n");
    assert_int_equal(said(told), before);
}

static void the_end_of_the_token_is_the_end(void **state)
{
    struct rig *rig = *state;
    struct flash_stream *stream = open_stream(rig, RECORD("Q"));
    TAILQ_FIRST(&rig->worker.beats)->end_s = 1;
    rig->worker.now_us += HEARTBEAT_US;
    flash_events_beat(&rig->worker);
    assert_true(fake_stream_ended(stream));
    assert_int_equal(open_streams(rig), 0);
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(the_first_event_comes_at_once),
        RIGGED(what_the_client_has_is_not_said_again),
        RIGGED(another_last_event_id_is_none),
        RIGGED(one_event_per_change_and_the_last_closes),
        RIGGED(the_last_state_needs_no_stream),
        RIGGED(head_is_answered_without_a_stream),
        RIGGED(orders_that_are_not_his_are_not_found),
        RIGGED(an_order_that_vanished_closes),
        RIGGED(at_the_limit_no_more),
        RIGGED(a_change_of_all_costs_a_call_per_256),
        RIGGED(a_failed_read_is_tried_again),
        RIGGED(leaving_while_a_read_is_under_way),
        RIGGED(a_clogged_stream_waits_to_be_told),
        RIGGED(heartbeats_come_when_nothing_was_said),
        RIGGED(an_event_puts_the_heartbeat_off),
        RIGGED(the_end_of_the_token_is_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
