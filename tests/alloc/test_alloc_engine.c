/* Each allocation of the engine's worker fails once: when it starts, and on the way of an order
 * from the listener to its answer. It starts whole or not at all; an order is answered rightly, or
 * refused as an error, never told a wrong outcome. The sanitizers' run says that nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing.h"
#include "rig.h"

#define SKU 42
#define STEPS_MAX 100000

/* One start with allocation n failing; whether it did fail. */
static bool start_once(struct rig *rig, size_t n)
{
    struct flash_worker worker;
    struct flash_error err = {0};
    memset(&worker, 0, sizeof(worker));
    failing_arm(n);
    bool started = flash_worker_init(&worker, &rig->engine, 0, &err);
    bool failed = failing_disarm();
    assert_true(started || (failed && err.text[0]));
    flash_worker_finish(&worker); /* half-built too */
    return failed;
}

static void a_worker_starts_whole_or_says_why_not(void **state)
{
    struct rig *rig = *state;
    size_t n = 1;
    while (start_once(rig, n)) {
        n++;
        assert_true(n < STEPS_MAX);
    }
    assert_true(n > 10); /* it did allocate */
    print_message("%zu allocations of a start failed\n", n - 1);
}

/* What Redis says in the end is what the buyer is told, or that it is not known. jansson cannot
 * tell a lack of memory from a flaw: the body may be called bad, before anybody was asked. */
static void check_answer(struct rig *rig, const struct flash_request *request, const char *word)
{
    int status = rig_answered(request);
    assert_int_not_equal(status, 0);
    if (status == 400) {
        assert_true(rig_refused(request, 400, "bad-body") && fake_redis_calls(rig->redis) == 0);
    } else if (status < 500) {
        assert_int_equal(status, strcmp(word, "ACCEPTED") == 0 ? 202 : 409);
    }
}

/* The oldest open call is answered so; the fakes' own memory does not fail. */
static void reply(struct rig *rig, json_t *answer)
{
    failing_resume();
    fake_redis_reply(rig->redis, answer);
    rig_turn(rig);
}

static struct flash_request *post(struct rig *rig)
{
    static const char *const headers[] = {
        "x-user-id", "u-1", "idempotency-key", "k-1", "content-type", "application/json", NULL};
    struct flash_request *request = rig_request(
        rig, &(struct fake_request_head){FLASH_METHOD_POST, "/v1/orders", .headers = headers,
                                         .body = "{\"sku\":\"42\",\"quantity\":3}"});
    fake_http_hand(rig->worker.public_http, request);
    return request;
}

static bool order_once(const char *word, size_t n)
{
    void *state;
    assert_int_equal(rig_open(&state), 0);
    struct rig *rig = state;
    rig_know(rig, SKU);
    failing_arm(n);
    struct flash_request *request = post(rig);
    rig_turn(rig);
    if (!rig_answered(request)) {
        failing_pause();
        reply(rig, json_pack("[s,s,I,I,i,s]", "OK", "{entry}", (json_int_t)RIG_AT,
                             (json_int_t)RIG_DUE, 3, word));
        rig_kafka(rig);
    }
    bool failed = failing_disarm();
    check_answer(rig, request, word);
    assert_int_equal(rig_close(&state), 0);
    return failed;
}

static void an_order_is_answered_rightly_or_as_an_error(void **state)
{
    static const char *const words[] = {"ACCEPTED", "SOLD_OUT", "LIMIT"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t n = 1;
        while (order_once(words[i], n)) {
            n++;
            assert_true(n < STEPS_MAX);
        }
        print_message("%s: %zu allocations failed\n", words[i], n - 1);
    }
}

static bool read_once(size_t n)
{
    void *state;
    assert_int_equal(rig_open(&state), 0);
    struct rig *rig = state;
    rig_know(rig, SKU);
    failing_arm(n);
    struct flash_request *request =
        rig_read(rig, &(struct rig_read){.sku = SKU, .ref = "r", .user = "u-1"});
    rig_turn(rig);
    if (!rig_answered(request)) {
        failing_pause();
        reply(rig, json_pack("[s,I,i,s,i,s,s]", "OK", (json_int_t)RIG_AT, 2, "1763718000000000",
                             RIG_GENERATION, "", "P2:1:1763718000123456:0:u-1"));
    }
    bool failed = failing_disarm();
    int status = rig_answered(request);
    assert_true(status >= 500 || status == 200);
    assert_int_equal(rig_close(&state), 0);
    return failed;
}

static void a_read_is_answered_rightly_or_as_an_error(void **state)
{
    size_t n = 1;
    (void)state;
    while (read_once(n)) {
        n++;
        assert_true(n < STEPS_MAX);
    }
    print_message("%zu allocations of a read failed\n", n - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_worker_starts_whole_or_says_why_not, rig_open, rig_close),
        cmocka_unit_test(an_order_is_answered_rightly_or_as_an_error),
        cmocka_unit_test(a_read_is_answered_rightly_or_as_an_error),
    };
    failing_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
