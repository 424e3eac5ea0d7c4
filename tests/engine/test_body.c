/* What a body may say, and the many things it may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../engine/body.h"

static bool order(const char *body, struct flash_order_body *ret_order)
{
    const char *detail = NULL;
    bool ok = flash_body_order((struct flash_text){body, strlen(body)}, ret_order, &detail);
    assert_true(ok || detail);
    return ok;
}

static void an_order_is_a_sku_and_a_quantity(void **state)
{
    (void)state;
    struct flash_order_body got;
    assert_true(order("{\"sku\":\"1\",\"quantity\":1}", &got));
    assert_true(got.sku == 1 && got.quantity == 1);
    assert_true(order(" { \"quantity\" : 9999 ,\"sku\":\"9223372036854775807\"}\n", &got));
    assert_true(got.sku == INT64_MAX && got.quantity == 9999);
}

static void anything_else_is_no_order(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "null",
        "[]",
        "{",
        "{}",
        "\"x\"",
        "{\"sku\":\"1\"}",
        "{\"quantity\":1}",
        "{\"sku\":1,\"quantity\":1}",
        "{\"sku\":\"\",\"quantity\":1}",
        "{\"sku\":\"01\",\"quantity\":1}",
        "{\"sku\":\"-1\",\"quantity\":1}",
        "{\"sku\":\"0\",\"quantity\":1}",
        "{\"sku\":\"1 \",\"quantity\":1}",
        "{\"sku\":\"9223372036854775808\",\"quantity\":1}",
        "{\"sku\":\"1\\u0000\",\"quantity\":1}",
        "{\"sku\":\"1\",\"quantity\":0}",
        "{\"sku\":\"1\",\"quantity\":-3}",
        "{\"sku\":\"1\",\"quantity\":10000}",
        "{\"sku\":\"1\",\"quantity\":1.0}",
        "{\"sku\":\"1\",\"quantity\":1e0}",
        "{\"sku\":\"1\",\"quantity\":0x1}",
        "{\"sku\":\"1\",\"quantity\":01}",
        "{\"sku\":\"1\",\"quantity\":+1}",
        "{\"sku\":\"1\",\"quantity\":NaN}",
        "{\"sku\":\"1\",\"quantity\":99999999999999999999}",
        "{\"sku\":\"1\",\"quantity\":\"1\"}",
        "{\"sku\":\"1\",\"quantity\":[1]}",
        "{\"sku\":\"1\",\"quantity\":true}",
        "{\"sku\":\"1\",\"quantity\":null}",
        "{\"sku\":\"1\",\"quantity\":1,\"quantity\":1}",
        "{\"sku\":\"1\",\"sku\":\"1\",\"quantity\":1}",
        "{\"sku\":\"1\",\"quantity\":1,\"price\":1}",
        "{\"sku\":\"1\",\"quantity\":1}x",
        "{\"sku\":\"1\",\"quantity\":1}{}",
        "{\"sku\":\"\\ud800\",\"quantity\":1}",
        "{\"sku\":\"\xff\",\"quantity\":1}",
        "{'sku':'1','quantity':1}",
        "{\"sku\":\"1\",\"quantity\":[[[[[[1]]]]]]}",
        "{\"SKU\":\"1\",\"quantity\":1}",
    };
    struct flash_order_body got;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(order(bad[i], &got));
    }
}

static int64_t skus[FLASH_BODY_SKUS_MAX];

static int products(const char *body)
{
    int count = -1;
    const char *detail = NULL;
    if (flash_body_products((struct flash_text){body, strlen(body)}, skus, &count, &detail)) {
        return count;
    }
    assert_non_null(detail);
    return -1;
}

/* {"product_ids":["1","2",…]} with count of them. */
static const char *list(int count)
{
    static char text[2048];
    size_t len = (size_t)snprintf(text, sizeof(text), "{\"product_ids\":[");
    for (int i = 1; i <= count; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\"%d\"", i > 1 ? "," : "", i);
    }
    snprintf(text + len, sizeof(text) - len, "]}");
    return text;
}

static void products_are_one_to_a_hundred_skus(void **state)
{
    (void)state;
    assert_int_equal(products(list(1)), 1);
    assert_int_equal(skus[0], 1);
    assert_int_equal(products(list(100)), 100);
    assert_int_equal(skus[99], 100);
    assert_int_equal(products(list(0)), -1);
    assert_int_equal(products(list(101)), -1);
}

static void anything_else_is_no_list(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "{\"product_ids\":\"1\"}",
        "{\"product_ids\":[1]}",
        "{\"product_ids\":[\"x\"]}",
        "{\"product_ids\":[\"1\",null]}",
        "{\"product_ids\":{\"1\":1}}",
        "{\"product_ids\":[\"1\"],\"x\":1}",
        "[\"1\"]",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(products(bad[i]), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_a_sku_and_a_quantity),
        cmocka_unit_test(anything_else_is_no_order),
        cmocka_unit_test(products_are_one_to_a_hundred_skus),
        cmocka_unit_test(anything_else_is_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
