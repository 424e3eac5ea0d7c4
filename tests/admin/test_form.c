/* Bodies and headers of the back office: what is taken, and every kind of thing that is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../admin/form.h"

static struct flash_text text(const char *bytes)
{
    return (struct flash_text){bytes, strlen(bytes)};
}

static void test_stock_taken(void **state)
{
    (void)state;
    struct flash_stock_form form;
    const char *detail = NULL;
    assert_true(flash_form_stock(text("{\"product_id\":\"42\",\"title\":\"Schuh \\u00fc\","
                                      "\"quantity\":1000000000,\"low_stock_threshold\":7}"),
                                 &form, &detail));
    assert_int_equal(form.sku, 42);
    assert_int_equal(form.quantity, 1000000000);
    assert_int_equal(form.threshold, 7);
    assert_string_equal(form.title, "Schuh ü");
    assert_true(flash_form_stock(text("{\"product_id\":\"9223372036854775807\",\"quantity\":0}"),
                                 &form, &detail));
    assert_int_equal(form.sku, INT64_MAX);
    assert_int_equal(form.quantity, 0);
    assert_string_equal(form.title, "");
    assert_int_equal(form.threshold, 0);
}

static void test_stock_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"product_id\":\"1\"}",
        "{\"quantity\":1}",
        "{\"product_id\":1,\"quantity\":1}",
        "{\"product_id\":\"01\",\"quantity\":1}",
        "{\"product_id\":\"0\",\"quantity\":1}",
        "{\"product_id\":\"-1\",\"quantity\":1}",
        "{\"product_id\":\"9223372036854775808\",\"quantity\":1}",
        "{\"product_id\":\"1\",\"quantity\":-1}",
        "{\"product_id\":\"1\",\"quantity\":1000000001}",
        "{\"product_id\":\"1\",\"quantity\":99999999999999999999}",
        "{\"product_id\":\"1\",\"quantity\":1.0}",
        "{\"product_id\":\"1\",\"quantity\":1e3}",
        "{\"product_id\":\"1\",\"quantity\":\"1\"}",
        "{\"product_id\":\"1\",\"quantity\":true}",
        "{\"product_id\":\"1\",\"quantity\":null}",
        "{\"product_id\":\"1\",\"quantity\":1,\"low_stock_threshold\":-1}",
        "{\"product_id\":\"1\",\"quantity\":1,\"low_stock_threshold\":null}",
        "{\"product_id\":\"1\",\"quantity\":1,\"title\":7}",
        "{\"product_id\":\"1\",\"quantity\":1,\"title\":null}",
        "{\"product_id\":\"1\",\"quantity\":1,\"title\":\"a\\nb\"}",
        "{\"product_id\":\"1\",\"quantity\":1,\"title\":\"a\\u007fb\"}",
        "{\"product_id\":\"1\",\"quantity\":1,\"title\":\"a\\u0000b\"}",
        "{\"product_id\":\"1\",\"quantity\":1,\"title\":\"\xff\"}",
        "{\"product_id\":\"1\",\"quantity\":1,\"price\":1}",
        "{\"product_id\":\"1\",\"quantity\":1,\"quantity\":2}",
        "{\"product_id\":\"1\",\"quantity\":1}{}",
        "{\"product_id\":\"1\",\"quantity\":[[[[[1]]]]]}",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct flash_stock_form form;
        const char *detail = NULL;
        if (flash_form_stock(text(bodies[i]), &form, &detail) || !detail) {
            fail_msg("taken: %s", bodies[i]);
        }
    }
}

static void test_stock_title_length(void **state)
{
    (void)state;
    for (size_t len = 199; len <= 201; len++) {
        char body[400];
        struct flash_stock_form form;
        const char *detail = NULL;
        snprintf(body, sizeof(body), "{\"product_id\":\"1\",\"quantity\":1,\"title\":\"%0*d\"}",
                 (int)len, 0);
        assert_int_equal(flash_form_stock(text(body), &form, &detail), len <= 200);
    }
}

#define WINDOW "\"starts_at\":\"2026-11-27T08:00:00Z\",\"ends_at\":\"2026-11-27T09:00:00+00:00\""

static void test_sale_taken(void **state)
{
    (void)state;
    struct flash_sale_form form = {.match = {FLASH_MATCH_VERSION, 3}};
    const char *detail = NULL;
    assert_true(flash_form_sale(text("{" WINDOW ",\"per_user_limit\":2}"), &form, &detail));
    assert_int_equal(form.ends_ms - form.starts_ms, 3600000);
    assert_int_equal(form.limit, 2);
    assert_int_equal(form.hold_s, 1800);
    assert_int_equal(form.match.kind, FLASH_MATCH_VERSION);
    assert_int_equal(form.match.version, 3);
    assert_true(flash_form_sale(text("{" WINDOW ",\"per_user_limit\":1,\"hold_seconds\":2592000}"),
                                &form, &detail));
    assert_int_equal(form.hold_s, 2592000);
}

static void test_sale_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{}",
        "{" WINDOW "}",
        "{" WINDOW ",\"per_user_limit\":0}",
        "{" WINDOW ",\"per_user_limit\":-1}",
        "{" WINDOW ",\"per_user_limit\":1.5}",
        "{" WINDOW ",\"per_user_limit\":1000000001}",
        "{" WINDOW ",\"per_user_limit\":1,\"hold_seconds\":0}",
        "{" WINDOW ",\"per_user_limit\":1,\"hold_seconds\":2592001}",
        "{" WINDOW ",\"per_user_limit\":1,\"hold_seconds\":\"60\"}",
        "{" WINDOW ",\"per_user_limit\":1,\"version\":1}",
        "{\"starts_at\":\"now\",\"ends_at\":\"2026-11-27T09:00:00Z\",\"per_user_limit\":1}",
        "{\"starts_at\":1,\"ends_at\":\"2026-11-27T09:00:00Z\",\"per_user_limit\":1}",
        "{\"starts_at\":\"2026-11-27T09:00:00Z\",\"per_user_limit\":1}",
        "{\"starts_at\":\"2026-11-27T09:00:00Z\",\"ends_at\":\"2026-11-27T09:00:00Z\","
        "\"per_user_limit\":1}",
        "{\"starts_at\":\"2026-11-27T09:00:00Z\",\"ends_at\":\"2026-11-27T08:00:00Z\","
        "\"per_user_limit\":1}",
        "{\"starts_at\":\"1969-12-31T23:59:59Z\",\"ends_at\":\"2026-11-27T08:00:00Z\","
        "\"per_user_limit\":1}",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct flash_sale_form form = {.limit = 77};
        const char *detail = NULL;
        if (flash_form_sale(text(bodies[i]), &form, &detail) || !detail) {
            fail_msg("taken: %s", bodies[i]);
        }
        assert_int_equal(form.limit, 77);
    }
}

static void test_match(void **state)
{
    (void)state;
    static const struct {
        const char *header; /* NULL: none */
        bool fits[3];       /* version 0 (nothing there), 1, 12 */
    } rows[] = {
        {NULL, {true, true, true}},
        {"*", {false, true, true}},
        {"\"1\"", {false, true, false}},
        {"\"12\"", {false, false, true}},
        {"W/\"1\"", {false, false, false}},
        {"1", {false, false, false}},
        {"\"01\"", {false, false, false}},
        {"\"0\"", {false, false, false}},
        {"\"\"", {false, false, false}},
        {"\"", {false, false, false}},
        {"\"1\", \"2\"", {false, false, false}},
        {"", {false, false, false}},
    };
    static const int64_t versions[] = {0, 1, 12};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_text header = {rows[i].header, rows[i].header ? strlen(rows[i].header) : 0};
        struct flash_precondition match = flash_form_match(header);
        for (int v = 0; v < 3; v++) {
            if (flash_form_matches(&match, versions[v]) != rows[i].fits[v]) {
                fail_msg("If-Match %s, version %d", rows[i].header, (int)versions[v]);
            }
        }
    }
}

static void test_order_id(void **state)
{
    (void)state;
    static const struct {
        const char *segment, *id; /* id NULL: refused */
    } rows[] = {
        {"42.abc", "42.abc"},   {"42.a%2Fb", "42.a/b"},
        {"42.a%2fb", "42.a/b"}, {"%34%32.abc", "42.abc"},
        {"42.%25", "42.%"},     {"42", NULL},
        {"42.", NULL},          {".abc", NULL},
        {"42.a%2", NULL},       {"42.a%", NULL},
        {"42.a%zz", NULL},      {"42.a%00", NULL},
        {"42.a%22", NULL},      {"042.abc", NULL},
        {"42.a b", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char id[FLASH_ORDER_ID_MAX + 1];
        bool taken = flash_form_order_id(text(rows[i].segment), id);
        if (taken != (rows[i].id != NULL) || (taken && strcmp(id, rows[i].id) != 0)) {
            fail_msg("order id %s", rows[i].segment);
        }
    }
}

static void test_order_id_length(void **state)
{
    (void)state;
    char segment[300], id[FLASH_ORDER_ID_MAX + 1];
    for (int len = 63; len <= 65; len++) {
        snprintf(segment, sizeof(segment), "9223372036854775807.%0*d", len, 0);
        assert_int_equal(flash_form_order_id(text(segment), id), len <= 64);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stock_taken),        cmocka_unit_test(test_stock_refused),
        cmocka_unit_test(test_stock_title_length), cmocka_unit_test(test_sale_taken),
        cmocka_unit_test(test_sale_refused),       cmocka_unit_test(test_match),
        cmocka_unit_test(test_order_id),           cmocka_unit_test(test_order_id_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
