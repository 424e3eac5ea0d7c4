/* What the sale page and the shop are told of stock, for one SKU and for many at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static struct flash_request *hand(struct rig *rig, const struct fake_request_head *head)
{
    struct flash_request *request = rig_request(rig, head);
    fake_http_hand(rig->worker.public_http, request);
    if (!rig_answered(request)) {
        rig_turn(rig);
    }
    return request;
}

static struct flash_request *get(struct rig *rig, const char *path)
{
    return hand(rig, &(struct fake_request_head){FLASH_METHOD_GET, path});
}

/* Asked at the very moment of the worker's last completion. */
static struct flash_request *check_batch(struct rig *rig, const char *body)
{
    static const char *const headers[] = {"content-type", "application/json", NULL};
    return hand(rig, &(struct fake_request_head){FLASH_METHOD_POST, "/inventory/check/batch",
                                                 .headers = headers, .body = body,
                                                 .received_us = rig->worker.now_us});
}

/* A sale of which so many units are left, as lua/status has it. */
struct sale {
    int available;
    int64_t starts_ms, ends_ms;
    int version;
};

static void answer(struct rig *rig, const struct sale *sale)
{
    json_t *row =
        json_pack("[i,i,I,I,i,i,i,s,i,s]", sale->available, 100000, (json_int_t)sale->starts_ms,
                  (json_int_t)sale->ends_ms, 2, 900, sale->version, "Trainers", 10, rig->gate);
    fake_redis_reply(rig->redis,
                     json_pack("[s,I,i,s,i,o]", "OK", (json_int_t)RIG_AT, 0, "", 7, row));
}

#define NOW_MS (RIG_AT / 1000)

static bool says(const struct flash_request *request, const char *text)
{
    return rig_answered(request) == 200 && strstr(fake_request_answer(request)->body, text);
}

static void a_sale_is_described(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = get(rig, "/v1/sales/42");
    answer(rig, &(struct sale){12345, NOW_MS - 1, NOW_MS + 60000, 1});
    assert_string_equal(fake_request_answer(request)->body,
                        "{\"sku\":\"42\",\"title\":\"Trainers\","
                        "\"starts_at\":\"2025-11-21T09:40:00.122Z\","
                        "\"ends_at\":\"2025-11-21T09:41:00.123Z\","
                        "\"server_time\":\"2025-11-21T09:40:00.123Z\",\"per_user_limit\":2,"
                        "\"state\":\"open\",\"available\":12000}");
}

static void availability_is_coarse_and_never_negative(void **state)
{
    static const int rows[][2] = {{0, 0},     {1, 1},     {9, 9},       {99, 99}, {100, 100},
                                  {109, 100}, {119, 110}, {1999, 1900}, {-5, 0}};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[32], text[32];
        snprintf(path, sizeof(path), "/v1/sales/%zu", i + 1);
        struct flash_request *request = get(rig, path);
        answer(rig, &(struct sale){rows[i][0], NOW_MS - 1, NOW_MS + 1, 1});
        snprintf(text, sizeof(text), "\"available\":%d}", rows[i][1]);
        assert_true(says(request, text));
        assert_true(says(request, rows[i][1] ? "\"state\":\"open\"" : "\"state\":\"sold-out\""));
    }
}

static void a_sales_state_follows_redis_clock(void **state)
{
    static const struct {
        struct sale sale;
        const char *state;
    } rows[] = {
        {{5, 0, 0, 0}, "\"state\":\"upcoming\""}, /* no window yet */
        {{5, NOW_MS + 1, NOW_MS + 9, 1}, "\"state\":\"upcoming\""},
        {{5, NOW_MS, NOW_MS + 9, 1}, "\"state\":\"open\""},
        {{5, NOW_MS - 9, NOW_MS, 1}, "\"state\":\"ended\""},
        {{0, NOW_MS - 9, NOW_MS, 1}, "\"state\":\"ended\""},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[32];
        snprintf(path, sizeof(path), "/v1/sales/%zu", i + 1);
        struct flash_request *request = get(rig, path);
        answer(rig, &rows[i].sale);
        assert_true(says(request, rows[i].state));
    }
}

static void stock_is_exact_for_the_shop(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = get(rig, "/inventory/check/42");
    answer(rig, &(struct sale){12345, 0, 0, 0});
    assert_string_equal(fake_request_answer(request)->body,
                        "{\"product_id\":\"42\",\"available\":12345,\"in_stock\":true,"
                        "\"low_stock\":false,\"as_of\":\"2025-11-21T09:40:00.123Z\"}");
    request = get(rig, "/inventory/check/43");
    answer(rig, &(struct sale){10, 0, 0, 0});
    assert_true(says(request, "\"in_stock\":true,\"low_stock\":true"));
    request = get(rig, "/inventory/check/44");
    answer(rig, &(struct sale){-1, 0, 0, 0});
    assert_true(says(request, "\"available\":0,\"in_stock\":false,\"low_stock\":true"));
}

static void what_is_not_there_or_cannot_be_read(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = get(rig, "/v1/sales/42");
    rig_absent(rig);
    assert_true(rig_refused(request, 404, "unknown-sku"));
    assert_true(rig_refused(get(rig, "/v1/sales/x"), 404, "unknown-sku"));
    assert_true(rig_refused(get(rig, "/inventory/check/0"), 404, "unknown-sku"));
    request = get(rig, "/v1/sales/43");
    fake_redis_unknown(rig->redis);
    assert_true(rig_refused(request, 503, "unavailable"));
    rig_know(rig, 44);
    request = get(rig, "/v1/sales/44");
    rig_absent(rig); /* lost by Redis */
    assert_true(rig_refused(request, 503, "unavailable"));
}

static void a_batch_is_answered_when_all_of_it_is_read(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = check_batch(rig, "{\"product_ids\":[\"1\",\"2\",\"3\",\"1\"]}");
    assert_int_equal(flash_redis_in_flight(rig->redis), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rig_answered(request), 0);
        if (fake_redis_open(rig->redis, 0)->sku == 2) {
            rig_absent(rig);
        } else {
            answer(rig, &(struct sale){50, 0, 0, 0});
        }
    }
    json_t *body = json_loads(fake_request_answer(request)->body, 0, NULL);
    json_t *list = json_object_get(body, "products");
    static const char *const ids[] = {"1", "2", "3", "1"};
    assert_int_equal(json_array_size(list), 4);
    for (size_t i = 0; i < 4; i++) {
        json_t *product = json_array_get(list, i);
        assert_string_equal(json_string_value(json_object_get(product, "product_id")), ids[i]);
        assert_int_equal(json_is_null(json_object_get(product, "available")), i == 1);
    }
    json_decref(body);
}

static void a_batch_with_a_part_that_failed_is_unavailable(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = check_batch(rig, "{\"product_ids\":[\"1\",\"2\"]}");
    answer(rig, &(struct sale){50, 0, 0, 0});
    fake_redis_error(rig->redis, "LOADING");
    assert_true(rig_refused(request, 503, "unavailable"));
    assert_true(rig_refused(check_batch(rig, "{\"product_ids\":[]}"), 400, "bad-body"));
}

/* All of it in memory: answered inside the handler. */
static void a_fresh_batch_asks_nobody(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = get(rig, "/v1/sales/1");
    answer(rig, &(struct sale){50, 0, 0, 0});
    assert_int_equal(rig_answered(request), 200);
    int calls = fake_redis_calls(rig->redis);
    request = check_batch(rig, "{\"product_ids\":[\"1\",\"1\"]}");
    assert_int_equal(rig_answered(request), 200);
    assert_int_equal(fake_redis_calls(rig->redis), calls);
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(a_sale_is_described),
        RIGGED(availability_is_coarse_and_never_negative),
        RIGGED(a_sales_state_follows_redis_clock),
        RIGGED(stock_is_exact_for_the_shop),
        RIGGED(what_is_not_there_or_cannot_be_read),
        RIGGED(a_batch_is_answered_when_all_of_it_is_read),
        RIGGED(a_batch_with_a_part_that_failed_is_unavailable),
        RIGGED(a_fresh_batch_asks_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
