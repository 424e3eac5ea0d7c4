/* POST /inventory/reserve/batch: what is asked of Redis, an outcome for each order, and what is no
 * batch. */
#include "internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SKU 42
#define BATCH "/inventory/reserve/batch"
#define ORDER(ref, user) "{\"order_id\":\"" ref "\",\"user_id\":\"" user "\",\"quantity\":2}"
#define BODY(orders) "{\"product_id\":\"42\",\"orders\":[" orders "]}"
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static bool body_has(const struct flash_request *request, const char *text)
{
    return strstr(fake_request_answer(request)->body, text) != NULL;
}

static void each_has_its_outcome_in_order(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *request = internal_post(
        rig, BATCH,
        BODY(ORDER("a", "u") "," ORDER("42.b", "v") "," ORDER("c", "w") "," ORDER("d", "x")));
    EXPECT_CALL(rig, FLASH_SCRIPT_RESERVE, 3,
                "[\"a\",\"u\",2],[\"b\",\"v\",2],[\"c\",\"w\",2],[\"d\",\"x\",2]", "a", "u", "2",
                "b", "v", "2", "c", "w", "2", "d", "x", "2");
    rig_decide(rig, (const char *[]){"ACCEPTED", "SOLD_OUT", "C1:2:1763718000000000:1763719800:w",
                                     "KEY_REUSED", NULL});
    assert_int_equal(rig_answered(request), 200);
    const char *at = fake_request_answer(request)->body;
    static const char *const parts[] = {
        "{\"orders\":[{\"order_id\":\"42.a\",\"sku\":\"42\",\"quantity\":2,\"status\":\"QUEUED\",",
        "},{\"order_id\":\"42.b\",\"refused\":\"sold-out\"},{\"order_id\":\"42.c\"",
        "\"status\":\"CREATED\"", "},{\"order_id\":\"42.d\",\"refused\":\"key-reused\"}]}"};
    for (size_t i = 0; i < COUNT(parts); i++) {
        at = strstr(at, parts[i]);
        assert_non_null(at);
        at += strlen(parts[i]);
    }
    assert_int_equal(*at, '\0');
    assert_int_equal(flash_pool_used(&rig->worker.lines), 0);
}

static void a_full_batch_beside_single_orders_takes_two_calls(void **state)
{
    struct rig *rig = *state;
    char body[32768];
    size_t len = (size_t)snprintf(body, sizeof(body), "{\"product_id\":\"42\",\"orders\":[");
    for (int i = 0; i < FLASH_BATCH_LINES; i++) {
        len += (size_t)snprintf(body + len, sizeof(body) - len,
                                "%s{\"order_id\":\"r%d\",\"user_id\":\"u\",\"quantity\":1}",
                                i ? "," : "", i);
    }
    (void)snprintf(body + len, sizeof(body) - len, "]}");
    rig_know(rig, SKU);
    struct flash_request *single = rig_order(rig, SKU, "first");
    struct flash_request *request = internal_post(rig, BATCH, body);
    assert_int_equal(rig_lines(rig, 0), FLASH_BATCH_LINES);
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(single), 202);
    assert_int_equal(rig_answered(request), 0); /* one of them is still to go */
    rig_turn(rig);
    assert_int_equal(rig_lines(rig, 0), 1);
    rig_decide_all(rig, "LIMIT");
    assert_int_equal(rig_answered(request), 200);
    assert_true(body_has(request, "{\"order_id\":\"42.r255\",\"refused\":\"limit-reached\"}]}"));
    assert_int_equal(flash_pool_used(&rig->worker.lines), 0);
}

static void no_room_for_all_is_room_for_none(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    for (int i = 0; i < RIG_LINES - 1; i++) {
        char ref[16];
        (void)snprintf(ref, sizeof(ref), "r%d", i);
        rig_order(rig, SKU, ref);
    }
    struct flash_request *request =
        internal_post(rig, BATCH, BODY(ORDER("a", "u") "," ORDER("b", "v")));
    assert_true(rig_refused(request, 503, "not-admitting"));
    assert_int_equal(flash_pool_used(&rig->worker.lines), RIG_LINES - 1);
    rig_decide_all(rig, "SOLD_OUT");
    rig_turn(rig);
    rig_decide_all(rig, "SOLD_OUT");
}

static void a_lost_answer_is_unknown_for_each(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *request =
        internal_post(rig, BATCH, BODY(ORDER("a", "u") "," ORDER("b", "v")));
    fake_redis_unknown(rig->redis);
    assert_int_equal(rig_answered(request), 200);
    assert_true(body_has(request, "{\"order_id\":\"42.a\",\"refused\":\"outcome-unknown\"},"
                                  "{\"order_id\":\"42.b\",\"refused\":\"outcome-unknown\"}"));
}

static void what_is_no_batch(void **state)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{}",
        "{\"product_id\":\"42\"}",
        BODY(""),
        "{\"product_id\":\"42\",\"orders\":{}}",
        "{\"product_id\":42,\"orders\":[" ORDER("a", "u") "]}",
        "{\"orders\":[" ORDER("a", "u") "]}",
        BODY(ORDER("a", "u") ",7"),
        BODY(ORDER("a b", "u")),
        BODY(ORDER("a", "")),
        BODY("{\"order_id\":\"a\",\"user_id\":\"u\"}"),
        BODY("{\"order_id\":\"a\",\"user_id\":\"u\",\"quantity\":0}"),
        BODY("{\"order_id\":\"a\",\"user_id\":\"u\",\"quantity\":10000}"),
        BODY("{\"order_id\":\"a\",\"user_id\":\"u\",\"quantity\":\"1\"}"),
        BODY("{\"order_id\":\"a\",\"user_id\":\"u\",\"quantity\":1,\"price\":1}"),
        BODY("{\"order_id\":\"a\",\"order_id\":\"b\",\"user_id\":\"u\",\"quantity\":1}"),
        "{\"product_id\":\"42\",\"orders\":[" ORDER("a", "u") "],\"more\":1}",
        "{\"product_id\":\"42\",\"orders\":[" ORDER("a", "u") "],\"durable\":1}",
    };
    struct rig *rig = *state;
    rig_know(rig, SKU);
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct flash_request *request = internal_post(rig, BATCH, bodies[i]);
        if (!rig_refused(request, 400, "bad-body")) {
            fail_msg("%s: %d", bodies[i], rig_answered(request));
        }
    }
    assert_int_equal(fake_redis_calls(rig->redis), 0);
}

static void more_than_fit_are_refused(void **state)
{
    struct rig *rig = *state;
    char body[32768];
    size_t len = (size_t)snprintf(body, sizeof(body), "{\"product_id\":\"42\",\"orders\":[");
    for (int i = 0; i <= FLASH_BATCH_LINES; i++) {
        len += (size_t)snprintf(body + len, sizeof(body) - len,
                                "%s{\"order_id\":\"r%d\",\"user_id\":\"u\",\"quantity\":1}",
                                i ? "," : "", i);
    }
    (void)snprintf(body + len, sizeof(body) - len, "]}");
    rig_know(rig, SKU);
    assert_true(rig_refused(internal_post(rig, BATCH, body), 400, "bad-body"));
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(each_has_its_outcome_in_order),
        RIGGED(a_full_batch_beside_single_orders_takes_two_calls),
        RIGGED(no_room_for_all_is_room_for_none),
        RIGGED(a_lost_answer_is_unknown_for_each),
        RIGGED(what_is_no_batch),
        RIGGED(more_than_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
