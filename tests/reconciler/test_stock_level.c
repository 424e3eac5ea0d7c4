/* Stock levels: which change is told, at once or later, and which alerts it raises and clears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/stock_level.h"

enum { NOW_MS = 1000000, AFTER_MS = 60000 };

/* "+low -sold_out …", or "" for nothing. */
static const char *told(const struct flash_stock_row *row)
{
    static char text[200];
    struct flash_alert alerts[FLASH_STOCK_ALERTS];
    int count = flash_stock_tell(row, NOW_MS, AFTER_MS, alerts);
    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        char what[40] = "";
        assert_int_equal(sscanf(alerts[i].key, "stock.%39[a-z_].17", what), 1);
        assert_true(
            flash_alert_key_valid((struct flash_text){alerts[i].key, strlen(alerts[i].key)}));
        assert_int_equal(alerts[i].severity,
                         alerts[i].raised ? FLASH_SEVERITY_WARNING : FLASH_SEVERITY_INFO);
        assert_int_equal(alerts[i].at_ms, NOW_MS);
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%c%s", i ? " " : "",
                 alerts[i].raised ? '+' : '-', what);
    }
    return text;
}

static void test_levels(void **state)
{
    (void)state;
    static const struct {
        int64_t available, threshold, base;
        enum flash_stock_level told, level;
    } rows[] = {
        {10, 3, 10, FLASH_STOCK_WELL, FLASH_STOCK_WELL},
        {4, 3, 10, FLASH_STOCK_WELL, FLASH_STOCK_WELL},
        {3, 3, 10, FLASH_STOCK_WELL, FLASH_STOCK_LOW},
        {1, 3, 10, FLASH_STOCK_WELL, FLASH_STOCK_LOW},
        {0, 3, 10, FLASH_STOCK_WELL, FLASH_STOCK_OUT},
        {0, 0, 10, FLASH_STOCK_WELL, FLASH_STOCK_OUT},
        {1, 0, 10, FLASH_STOCK_WELL, FLASH_STOCK_WELL},
        {0, 0, 0, FLASH_STOCK_WELL, FLASH_STOCK_WELL},
        {0, 3, 0, FLASH_STOCK_WELL, FLASH_STOCK_WELL},
        {0, 3, 0, FLASH_STOCK_LOW, FLASH_STOCK_OUT},
        {0, 0, 0, FLASH_STOCK_OUT, FLASH_STOCK_OUT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct flash_stock_row row = {.sku = 17,
                                            .available = rows[i].available,
                                            .threshold = rows[i].threshold,
                                            .base = rows[i].base,
                                            .told = rows[i].told};
        assert_int_equal(flash_stock_level_of(&row), rows[i].level);
    }
}

static void test_what_is_told(void **state)
{
    (void)state;
    static const struct {
        enum flash_stock_level told;
        int64_t available;
        int64_t restocks, age_ms; /* since it was told */
        const char *expected;
    } rows[] = {
        {FLASH_STOCK_WELL, 4, 0, 0, ""},
        {FLASH_STOCK_WELL, 3, 0, 0, "-sold_out +low"}, /* worse: at once */
        {FLASH_STOCK_WELL, 0, 0, 0, "+sold_out"},
        {FLASH_STOCK_LOW, 2, 0, AFTER_MS, ""},
        {FLASH_STOCK_LOW, 0, 0, 0, "+sold_out"},
        {FLASH_STOCK_LOW, 9, 0, AFTER_MS - 1, ""}, /* better: when it has lasted */
        {FLASH_STOCK_LOW, 9, 0, AFTER_MS, "-sold_out -low"},
        {FLASH_STOCK_LOW, 9, 1, 0, "-sold_out -low"}, /* or by a restock */
        {FLASH_STOCK_OUT, 0, 5, AFTER_MS, ""},
        {FLASH_STOCK_OUT, 1, 0, AFTER_MS - 1, ""},
        {FLASH_STOCK_OUT, 1, 0, AFTER_MS, "-sold_out +low"},
        {FLASH_STOCK_OUT, 1, 1, 0, "-sold_out +low"},
        {FLASH_STOCK_OUT, 9, 1, 0, "-sold_out -low"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct flash_stock_row row = {.sku = 17,
                                            .base = 10,
                                            .available = rows[i].available,
                                            .threshold = 3,
                                            .version = 2 + rows[i].restocks,
                                            .told = rows[i].told,
                                            .told_version = 2,
                                            .told_at_ms = NOW_MS - rows[i].age_ms};
        assert_string_equal(told(&row), rows[i].expected);
    }
}

static void test_texts(void **state)
{
    (void)state;
    struct flash_alert alerts[FLASH_STOCK_ALERTS];
    struct flash_stock_row row = {
        .sku = 9223372036854775807, .base = 10, .available = 3, .threshold = 3, .title = "A\nlamp"};
    assert_int_equal(flash_stock_tell(&row, NOW_MS, AFTER_MS, alerts), 2);
    assert_string_equal(alerts[1].text,
                        "SKU 9223372036854775807 is low: 3 available, the threshold "
                        "is 3: A?lamp");
    assert_string_equal(alerts[1].key, "stock.low.9223372036854775807");
    row.told = FLASH_STOCK_OUT;
    row.version = 1;
    assert_int_equal(flash_stock_tell(&row, NOW_MS, AFTER_MS, alerts), 2);
    assert_string_equal(alerts[0].text,
                        "SKU 9223372036854775807 is restocked: 3 available: A?lamp");
    memset(row.title, 'x', sizeof(row.title) - 1);
    assert_int_equal(flash_stock_tell(&row, NOW_MS, AFTER_MS, alerts), 2);
    assert_true(strlen(alerts[0].text) > 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_what_is_told),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
