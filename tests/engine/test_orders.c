/* The buyer's routes as they come from the listener: what is checked before Redis is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

#define KEY "idempotency-key", "k-1"
#define JSON "content-type", "application/json"
#define USER "x-user-id", "u-1"
#define GOOD "{\"sku\":\"42\",\"quantity\":3}"

static struct flash_request *hand(struct rig *rig, const struct fake_request_head *head)
{
    struct flash_request *request = rig_request(rig, head);
    fake_http_hand(rig->worker.public_http, request);
    return request;
}

static struct flash_request *post(struct rig *rig, const char *const *headers, const char *body)
{
    return hand(rig, &(struct fake_request_head){FLASH_METHOD_POST, "/v1/orders",
                                                 .headers = headers, .body = body});
}

static struct flash_request *get(struct rig *rig, const char *path, const char *prefer)
{
    const char *headers[] = {USER, "if-none-match", "\"1\"", prefer ? "prefer" : NULL, prefer,
                             NULL};
    return hand(rig, &(struct fake_request_head){FLASH_METHOD_GET, path, .headers = headers});
}

static void an_order_goes_to_redis_under_its_derived_id(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, 42);
    struct flash_request *request = post(rig, (const char *[]){USER, KEY, JSON, NULL}, GOOD);
    rig_turn(rig);
    char ref[FLASH_REF_DERIVED + 1], path[64];
    flash_ref_derive((struct flash_text){"u-1", 3}, (struct flash_text){"k-1", 3}, 42, ref);
    assert_true(fake_redis_argument_is(rig->redis, 0, 4, ref));
    assert_true(fake_redis_argument_is(rig->redis, 0, 5, "u-1"));
    assert_true(fake_redis_argument_is(rig->redis, 0, 6, "3"));
    rig_decide_all(rig, "ACCEPTED");
    snprintf(path, sizeof(path), "Location: /v1/orders/42.%s\r\n", ref);
    assert_int_equal(strncmp(fake_request_answer(request)->headers, path, strlen(path)), 0);
}

static void every_flaw_is_named_and_costs_redis_nothing(void **state)
{
    static const char *const no_user[] = {KEY, JSON, NULL};
    static const char *const bad_user[] = {"x-user-id", "a{b}", KEY, JSON, NULL};
    static const char *const no_type[] = {USER, KEY, NULL};
    static const char *const other_type[] = {USER, KEY, "content-type", "text/plain", NULL};
    static const char *const longer_type[] = {USER, KEY, "content-type", "application/jsonp", NULL};
    static const char *const no_key[] = {USER, JSON, NULL};
    static const char *const bad_key[] = {USER, "idempotency-key", "a b", JSON, NULL};
    static const char *const empty_key[] = {USER, "idempotency-key", "", JSON, NULL};
    static const char *const good[] = {USER, KEY, JSON, NULL};
    static const struct {
        const char *const *headers;
        const char *body;
        int status;
        const char *slug;
    } rows[] = {
        {no_user, GOOD, 400, "bad-user"},
        {bad_user, GOOD, 400, "bad-user"},
        {no_type, GOOD, 415, "unsupported-media-type"},
        {other_type, GOOD, 415, "unsupported-media-type"},
        {longer_type, GOOD, 415, "unsupported-media-type"},
        {no_key, GOOD, 400, "missing-key"},
        {bad_key, GOOD, 400, "bad-key"},
        {empty_key, GOOD, 400, "bad-key"},
        {good, "", 400, "bad-body"},
        {good, "{\"sku\":\"42\",\"quantity\":-3}", 400, "bad-body"},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_request *request = post(rig, rows[i].headers, rows[i].body);
        assert_true(rig_refused(request, rows[i].status, rows[i].slug));
    }
    rig_turn(rig);
    assert_int_equal(fake_redis_calls(rig->redis), 0);
}

static void a_token_for_one_sale_is_for_no_other(void **state)
{
    struct rig *rig = *state;
    static const char secret[] = "0123456789abcdef0123456789abcdef";
    struct flash_jwt_key key = {.secret_len = sizeof(secret) - 1};
    memcpy(key.secret, secret, sizeof(secret));
    rig->engine.auth.mode = FLASH_AUTH_JWT;
    rig->engine.auth.keys[0] = key;
    rig->engine.auth.key_count = 1;
    static const int64_t skus[] = {42, 43};
    for (int i = 0; i < 2; i++) {
        char bearer[FLASH_JWT_MAX] = "Bearer ";
        struct flash_claims claims = {.sub = "u-1", .exp_s = 4000000000, .sku = skus[i]};
        assert_true(flash_jwt_issue(&claims, &key, bearer + 7, sizeof(bearer) - 7) > 0);
        struct flash_request *request =
            post(rig, (const char *[]){"authorization", bearer, KEY, JSON, NULL}, GOOD);
        if (i == 0) {
            rig_turn(rig);
            rig_absent(rig);
            assert_true(rig_refused(request, 404, "unknown-sku"));
        } else {
            assert_true(rig_refused(request, 403, "wrong-sale"));
        }
    }
}

static void an_order_is_read_by_its_id(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = get(rig, "/v1/orders/42.abc", NULL);
    rig_turn(rig);
    assert_int_equal(fake_redis_open(rig->redis, 0)->sku, 42);
    assert_true(fake_redis_argument_is(rig->redis, 0, 1, "abc"));
    rig_status(rig, (const char *const[]){"C1:2:1763718000000001:0:u-1", NULL});
    assert_int_equal(rig_answered(request), 200);
}

static void what_is_no_id_is_no_order(void **state)
{
    static const char *const bad[] = {"42",      "42.",     ".abc",
                                      "042.abc", "x.abc",   "-1.abc",
                                      "42.a{b}", "42.a\"b", "9223372036854775808.a"};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char path[64];
        snprintf(path, sizeof(path), "/v1/orders/%s", bad[i]);
        assert_true(rig_refused(get(rig, path, NULL), 404, "not-found"));
    }
    assert_int_equal(fake_redis_calls(rig->redis), 0);
}

static void prefer_wait_is_found_among_others(void **state)
{
    static const struct {
        const char *prefer;
        int answered; /* 0: held; 304: not; 400 */
    } rows[] = {
        {"wait=30", 0},
        {"wait=1", 0},
        {"WAIT=5", 0},
        {"foo, wait=5", 0},
        {"foo;bar=1,wait=5", 0},
        {"wait=5; x", 0},
        {"wait=05", 0},
        {"wait=0", 304},
        {"respond-async", 304},
        {"nowait=5", 304},
        {"", 304},
        {"wait", 304},
        {"wait=", 400},
        {"wait=31", 400},
        {"wait=-1", 400},
        {"wait=5x", 400},
        {"wait=1.5", 400},
        {"wait=999999999999", 400},
        {"wait=5s", 400},
        {"wait=\"5\"", 400},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_request *request = get(rig, "/v1/orders/42.abc", rows[i].prefer);
        if (rows[i].answered == 400) {
            assert_true(rig_refused(request, 400, "bad-prefer"));
            continue;
        }
        rig_turn(rig);
        rig_status(rig, (const char *const[]){"Q1:2:1763718000000001:0:u-1", NULL});
        assert_int_equal(rig_answered(request), rows[i].answered);
        if (rows[i].answered == 0) {
            fake_request_leave(request);
        }
    }
}

static void a_route_is_its_path_and_method(void **state)
{
    static const struct {
        enum flash_method method;
        const char *path;
        int status;
    } rows[] = {
        {FLASH_METHOD_GET, "/", 404},
        {FLASH_METHOD_GET, "/v1/orders", 405},
        {FLASH_METHOD_POST, "/v1/orders/", 404},
        {FLASH_METHOD_GET, "/v1/orders/", 404},
        {FLASH_METHOD_DELETE, "/v1/orders/42.abc", 405},
        {FLASH_METHOD_GET, "/v1/orders/42.abc/cancel", 405},
        {FLASH_METHOD_GET, "/v1/orders/42.abc/def", 404},
        {FLASH_METHOD_POST, "/v1/ordersx", 404},
        {FLASH_METHOD_PUT, "/v1/sales/42", 405},
        {FLASH_METHOD_POST, "/inventory/reserve", 404}, /* internal */
        {FLASH_METHOD_GET, "/metrics", 404},
        {FLASH_METHOD_GET, "/readyz", 404},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_request *request =
            hand(rig, &(struct fake_request_head){rows[i].method, rows[i].path});
        assert_int_equal(rig_answered(request), rows[i].status);
    }
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(an_order_goes_to_redis_under_its_derived_id),
        RIGGED(every_flaw_is_named_and_costs_redis_nothing),
        RIGGED(a_token_for_one_sale_is_for_no_other),
        RIGGED(an_order_is_read_by_its_id),
        RIGGED(what_is_no_id_is_no_order),
        RIGGED(prefer_wait_is_found_among_others),
        RIGGED(a_route_is_its_path_and_method),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
