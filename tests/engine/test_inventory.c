/* The internal routes on a worker with fakes: which bodies are taken, and what is asked of Redis
 * for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "internal.h"

#define SKU 42
#define TEN "0123456789"
#define SIXTY_FOUR TEN TEN TEN TEN TEN TEN "0123"
#define RESERVE "/inventory/reserve"
#define RELEASE "/inventory/release"
#define DEDUCT "/inventory/deduct"
#define PAY "/v1/orders/42.a/pay"
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- what is asked of Redis ---- */

static void reserve_by_own_id(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *request = internal_post(
        rig, RESERVE,
        "{\"product_id\":\"42\",\"order_id\":\"shop/7\",\"user_id\":\"u 1\",\"quantity\":3}");
    EXPECT_CALL(rig, FLASH_SCRIPT_RESERVE, 3, "[\"shop/7\",\"u 1\",3]", "shop/7", "u 1", "3");
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(request), 202);
    assert_non_null(strstr(fake_request_answer(request)->body, "\"order_id\":\"42.shop/7\""));
}

static void release_cancels_and_then_returns(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *request =
        internal_post(rig, RELEASE, "{\"product_id\":\"42\",\"order_id\":\"a\"}");
    EXPECT_CALL(rig, FLASH_SCRIPT_RELEASE, 3, "cancel", "a", "");
    internal_answer(rig, "MET", "P2:1:1:1:u\"p");
    rig_turn(rig);
    EXPECT_CALL(rig, FLASH_SCRIPT_RELEASE, 3, "return", "a", "");
    internal_answer(rig, "DONE", "R3:1:1:1:u\"p");
    assert_int_equal(rig_answered(request), 202);
}

static void deduct_pays(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *request =
        internal_post(rig, DEDUCT, "{\"product_id\":\"42\",\"order_id\":\"a\"}");
    EXPECT_CALL(rig, FLASH_SCRIPT_PAY, 3, "a", "a"); /* its own id names the payment */
    internal_answer(rig, "PAID", "P2:1:1:1:u\"a");
    assert_int_equal(rig_answered(request), 200);
    request = internal_post(rig, DEDUCT,
                            "{\"product_id\":\"42\",\"order_id\":\"a\",\"payment_id\":\"" SIXTY_FOUR
                            "\"}");
    EXPECT_CALL(rig, FLASH_SCRIPT_PAY, 3, "a", SIXTY_FOUR);
    internal_answer(rig, "LATE", "P3:1:1:1:u\"a\"x");
    assert_true(rig_refused(request, 409, "wrong-state"));
    assert_string_equal(fake_request_answer(request)->extra,
                        "\"state\":\"PAID\",\"refund_due\":true");
}

static void pay_by_path(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *request = internal_post(rig, PAY, "{\"payment_id\":\"p-1\"}");
    EXPECT_CALL(rig, FLASH_SCRIPT_PAY, 3, "a", "p-1");
    internal_answer(rig, "ABSENT", "");
    assert_true(rig_refused(request, 404, "not-found"));
}

/* A buyer's order by its full id; an id of another SKU is just an id with a dot. */
static void full_ids(void **state)
{
    static const struct {
        const char *id, *ref;
    } rows[] = {{"42.a", "a"},
                {"42.a.b", "a.b"},
                {"43.a", "43.a"},
                {"042.a", "042.a"},
                {"42.", "42."},
                {".a", ".a"},
                {"42." SIXTY_FOUR, SIXTY_FOUR}};
    struct rig *rig = *state;
    rig_know(rig, SKU);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char body[256], path[256];
        (void)snprintf(body, sizeof(body), "{\"product_id\":\"42\",\"order_id\":\"%s\"}",
                       rows[i].id);
        internal_post(rig, RELEASE, body);
        EXPECT_CALL(rig, FLASH_SCRIPT_RELEASE, 4, rows[i].ref);
        internal_answer(rig, "ABSENT", "");
        (void)snprintf(path, sizeof(path), "/inventory/reservations/42/%s", rows[i].id);
        struct flash_request *look = internal_ask(rig, path, NULL, NULL);
        EXPECT_CALL(rig, FLASH_SCRIPT_STATUS, 1, rows[i].ref);
        rig_status(rig, (const char *const[]){"P2:1:1:1:u\"p", NULL});
        assert_int_equal(rig_answered(look), 200);
    }
}

/* Kafka has not acknowledged: with durable nobody is answered, without everybody is. */
static void durable_is_heard_everywhere(void **state)
{
    static const struct {
        const char *path, *members, *word, *record;
        int status;
    } rows[] = {
        {RELEASE, "\"product_id\":\"42\",\"order_id\":\"a\"", "DONE", "K2:1:1763718000123456:1:u",
         202},
        {DEDUCT, "\"product_id\":\"42\",\"order_id\":\"a\"", "PAID", "P2:1:1763718000123456:1:u\"a",
         200},
        {PAY, "\"payment_id\":\"p\"", "PAID", "P2:1:1763718000123456:1:u\"p", 200},
        {RESERVE, "\"product_id\":\"42\",\"order_id\":\"a\",\"user_id\":\"u\",\"quantity\":1", NULL,
         NULL, 202},
    };
    struct rig *rig = *state;
    rig_know(rig, SKU);
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        char body[256];
        bool durable = i % 2;
        (void)snprintf(body, sizeof(body), "{%s,\"durable\":%s}", rows[i / 2].members,
                       durable ? "true" : "false");
        struct flash_request *request = internal_post(rig, rows[i / 2].path, body);
        if (rows[i / 2].word) {
            internal_answer(rig, rows[i / 2].word, rows[i / 2].record);
        } else {
            rig_decide_all(rig, "ACCEPTED");
        }
        assert_int_equal(rig_answered(request), durable ? 0 : rows[i / 2].status);
        fake_kafka_deliver_all(rig->producer, FLASH_DELIVERY_ACKED);
        rig_kafka(rig);
        assert_int_equal(rig_answered(request), rows[i / 2].status);
    }
}

/* ---- what is refused, with nothing asked ---- */

#define OWN "\"product_id\":\"42\",\"order_id\":\"a\""
#define WHOLE OWN ",\"user_id\":\"u\",\"quantity\":"
static const struct {
    const char *path, *body, *slug;
} bad[] = {
    {RESERVE, "", "bad-body"},
    {RESERVE, "[]", "bad-body"},
    {RESERVE, "{" WHOLE "1", "bad-body"},
    {RESERVE, "{" WHOLE "1} ,", "bad-body"},
    {RESERVE, "{" WHOLE "1,\"price\":1}", "bad-body"},
    {RESERVE, "{" WHOLE "1,\"quantity\":2}", "bad-body"},
    {RESERVE, "{" OWN ",\"quantity\":1}", "bad-body"},
    {RESERVE, "{" OWN ",\"user_id\":\"u\"}", "bad-body"},
    {RESERVE, "{" WHOLE "0}", "bad-body"},
    {RESERVE, "{" WHOLE "-3}", "bad-body"},
    {RESERVE, "{" WHOLE "10000}", "bad-body"},
    {RESERVE, "{" WHOLE "1.0}", "bad-body"},
    {RESERVE, "{" WHOLE "1e3}", "bad-body"},
    {RESERVE, "{" WHOLE "\"1\"}", "bad-body"},
    {RESERVE, "{" WHOLE "true}", "bad-body"},
    {RESERVE, "{" WHOLE "4294967297}", "bad-body"},
    {RESERVE, "{" WHOLE "9223372036854775808}", "bad-body"},
    {RESERVE, "{" WHOLE "1,\"durable\":1}", "bad-body"},
    {RESERVE, "{" WHOLE "1,\"durable\":null}", "bad-body"},
    {RESERVE, "{" WHOLE "1,\"durable\":\"true\"}", "bad-body"},
    {RESERVE, "{\"product_id\":42,\"order_id\":\"a\",\"user_id\":\"u\",\"quantity\":1}",
     "bad-body"},
    {RESERVE, "{" OWN ",\"user_id\":\"\",\"quantity\":1}", "bad-body"},
    {RESERVE, "{" OWN ",\"user_id\":\"a\\\"b\",\"quantity\":1}", "bad-body"},
    {RESERVE, "{" OWN ",\"user_id\":\"" SIXTY_FOUR "4\",\"quantity\":1}", "bad-body"},
    {RESERVE, "{" OWN ",\"user_id\":7,\"quantity\":1}", "bad-body"},
    {RELEASE, "{\"order_id\":\"a\"}", "bad-body"},
    {RELEASE, "{\"product_id\":\"42\"}", "bad-body"},
    {RELEASE, "{\"product_id\":\"042\",\"order_id\":\"a\"}", "bad-body"},
    {RELEASE, "{\"product_id\":\"0\",\"order_id\":\"a\"}", "bad-body"},
    {RELEASE, "{\"product_id\":\"\",\"order_id\":\"a\"}", "bad-body"},
    {RELEASE, "{\"product_id\":\"42\",\"order_id\":\"\"}", "bad-body"},
    {RELEASE, "{\"product_id\":\"42\",\"order_id\":7}", "bad-body"},
    {RELEASE, "{\"product_id\":\"42\",\"order_id\":\"a b\"}", "bad-body"},
    {RELEASE, "{\"product_id\":\"42\",\"order_id\":\"a\\u0000\"}", "bad-body"},
    {RELEASE, "{\"product_id\":\"42\",\"order_id\":\"\xc3\xa9\"}", "bad-body"},
    {RELEASE, "{\"product_id\":\"42\",\"order_id\":\"{a}\"}", "bad-body"},
    {RELEASE, "{\"product_id\":\"42\",\"order_id\":\"" SIXTY_FOUR "4\"}", "bad-body"},
    {RELEASE, "{" OWN ",\"payment_id\":\"p\"}", "bad-body"},
    {DEDUCT, "{" OWN ",\"payment_id\":\"\"}", "bad-id"},
    {DEDUCT, "{" OWN ",\"payment_id\":7}", "bad-id"},
    {DEDUCT, "{" OWN ",\"payment_id\":null}", "bad-id"},
    {DEDUCT, "{" OWN ",\"payment_id\":\"a\\\"b\"}", "bad-id"},
    {DEDUCT, "{" OWN ",\"payment_id\":\"" SIXTY_FOUR "4\"}", "bad-id"},
    {PAY, "{}", "bad-body"},
    {PAY, "{\"payment_id\":7}", "bad-body"},
    {PAY, "{\"payment_id\":\"\"}", "bad-body"},
    {PAY, "{\"payment_id\":\"a b\"}", "bad-body"},
    {PAY, "{\"payment_id\":\"p\",\"amount\":1}", "bad-body"},
};

static void bad_bodies(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct flash_request *request = internal_post(rig, bad[i].path, bad[i].body);
        if (!rig_refused(request, 400, bad[i].slug)) {
            fail_msg("%s %s: %d", bad[i].path, bad[i].body, rig_answered(request));
        }
    }
    assert_int_equal(fake_redis_calls(rig->redis), 0);
}

static void other_refusals(void **state)
{
    static const char *const text[] = {"content-type", "text/plain", NULL};
    static const char *const none[] = {NULL};
    struct rig *rig = *state;
    rig_know(rig, SKU);
    assert_true(rig_refused(internal_ask(rig, PAY, "{\"payment_id\":\"p\"}", text), 415,
                            "unsupported-media-type"));
    assert_true(rig_refused(internal_ask(rig, PAY, "{\"payment_id\":\"p\"}", none), 415,
                            "unsupported-media-type"));
    static const char *const orders[] = {"42", "42.", "x.a", "0.a", ".a", "42.%61%22"};
    for (size_t i = 0; i < COUNT(orders); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "/v1/orders/%s/pay", orders[i]);
        struct flash_request *request = internal_post(rig, path, "{\"payment_id\":\"p\"}");
        assert_true(rig_refused(request, 404, "not-found"));
    }
    struct flash_request *escaped =
        internal_post(rig, "/v1/orders/42.%61%2Fb%25/pay", "{\"payment_id\":\"p\"}");
    EXPECT_CALL(rig, FLASH_SCRIPT_PAY, 3, "a/b%");
    internal_answer(rig, "ABSENT", "");
    assert_true(rig_refused(escaped, 404, "not-found"));
    assert_true(rig_refused(internal_ask(rig, PAY, NULL, NULL), 405, "method-not-allowed"));
    assert_true(rig_refused(internal_ask(rig, RESERVE, NULL, NULL), 405, "method-not-allowed"));
    assert_true(rig_refused(internal_post(rig, "/inventory/reservations/42/a", "{}"), 405,
                            "method-not-allowed"));
    assert_true(rig_refused(internal_post(rig, "/v1/orders", "{}"), 404, "not-found"));
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(reserve_by_own_id), RIGGED(release_cancels_and_then_returns),
        RIGGED(deduct_pays),       RIGGED(pay_by_path),
        RIGGED(full_ids),          RIGGED(durable_is_heard_everywhere),
        RIGGED(bad_bodies),        RIGGED(other_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
