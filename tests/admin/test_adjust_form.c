/* Bodies of restock and adjust: what is taken, and every kind of thing that is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../admin/adjust_form.h"

#define SIXTY_FOUR "0123456789012345678901234567890123456789012345678901234567890123"
#define TWO_HUNDRED SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR "01234567"
#define RESTOCK(id, quantity, reason, reference)                                                   \
    "{\"product_id\":" id ",\"quantity\":" quantity ",\"reason\":" reason                          \
    ",\"reference\":" reference "}"
#define ADJUST(delta)                                                                              \
    "{\"product_id\":\"42\",\"delta\":" delta ",\"reason\":\"counted\",\"reference\":\"r-1\"}"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct flash_text text(const char *bytes)
{
    return (struct flash_text){bytes, strlen(bytes)};
}

static void test_restock_taken(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int64_t sku, delta;
        const char *reason, *reference;
    } rows[] = {
        {RESTOCK("\"42\"", "1", "\"delivery\"", "\"r-1\""), 42, 1, "delivery", "r-1"},
        {RESTOCK("\"9223372036854775807\"", "1000000000", "\"Lieferung \\u00fc 'A'\"", "\"a/b:c\""),
         INT64_MAX, 1000000000, "Lieferung ü 'A'", "a/b:c"},
        {RESTOCK("\"1\"", "2", "\"" TWO_HUNDRED "\"", "\"" SIXTY_FOUR "\""), 1, 2, TWO_HUNDRED,
         SIXTY_FOUR},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct flash_adjust_form form = {.match = {.kind = FLASH_MATCH_VERSION, .version = 9}};
        const char *detail = NULL;
        if (!flash_adjust_form_restock(text(rows[i].body), &form, &detail)) {
            fail_msg("%s: %s", rows[i].body, detail);
        }
        assert_true(form.restock && form.match.version == 9);
        assert_true(form.sku == rows[i].sku && form.delta == rows[i].delta);
        assert_string_equal(form.reason, rows[i].reason);
        assert_string_equal(form.reference, rows[i].reference);
    }
}

static void test_restock_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body, *wanted; /* a word of the detail */
    } rows[] = {
        {RESTOCK("42", "1", "\"d\"", "\"r\""), "product_id"},
        {RESTOCK("\"042\"", "1", "\"d\"", "\"r\""), "product_id"},
        {RESTOCK("\"42\"", "0", "\"d\"", "\"r\""), "quantity"},
        {RESTOCK("\"42\"", "-1", "\"d\"", "\"r\""), "quantity"},
        {RESTOCK("\"42\"", "1.0", "\"d\"", "\"r\""), "quantity"},
        {RESTOCK("\"42\"", "\"1\"", "\"d\"", "\"r\""), "quantity"},
        {RESTOCK("\"42\"", "1000000001", "\"d\"", "\"r\""), "quantity"},
        {RESTOCK("\"42\"", "true", "\"d\"", "\"r\""), "quantity"},
        {RESTOCK("\"42\"", "1", "\"\"", "\"r\""), "reason"},
        {RESTOCK("\"42\"", "1", "\"" TWO_HUNDRED "x\"", "\"r\""), "reason"},
        {RESTOCK("\"42\"", "1", "\"a\\\"b\"", "\"r\""), "reason"},
        {RESTOCK("\"42\"", "1", "\"a\\nb\"", "\"r\""), "reason"},
        {RESTOCK("\"42\"", "1", "\"a{b\"", "\"r\""), "reason"},
        {RESTOCK("\"42\"", "1", "null", "\"r\""), "reason"},
        {RESTOCK("\"42\"", "1", "\"d\"", "\"\""), "reference"},
        {RESTOCK("\"42\"", "1", "\"d\"", "\"" SIXTY_FOUR "x\""), "reference"},
        {RESTOCK("\"42\"", "1", "\"d\"", "\"a b\""), "reference"},
        {RESTOCK("\"42\"", "1", "\"d\"", "\"\\u00fc\""), "reference"},
        {RESTOCK("\"42\"", "1", "\"d\"", "7"), "reference"},
        {ADJUST("1"), ""},
        {"{}", ""},
        {"[]", ""},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct flash_adjust_form form = {.sku = 7};
        const char *detail = NULL;
        bool taken = flash_adjust_form_restock(text(rows[i].body), &form, &detail);
        if (taken || !detail || !strstr(detail, rows[i].wanted) || form.sku != 7) {
            fail_msg("%s: %s", rows[i].body, detail ? detail : "taken");
        }
    }
}

static void test_adjust(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int64_t delta; /* 0: refused */
    } rows[] = {
        {ADJUST("-1"), -1},
        {ADJUST("1"), 1},
        {ADJUST("-1000000000"), -1000000000},
        {ADJUST("1000000000"), 1000000000},
        {ADJUST("0"), 0},
        {ADJUST("-1000000001"), 0},
        {ADJUST("1000000001"), 0},
        {ADJUST("-9223372036854775808"), 0},
        {ADJUST("1e3"), 0},
        {ADJUST("-1.5"), 0},
        {ADJUST("\"-1\""), 0},
        {ADJUST("null"), 0},
        {RESTOCK("\"42\"", "1", "\"d\"", "\"r\""), 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct flash_adjust_form form = {0};
        const char *detail = NULL;
        bool taken = flash_adjust_form_adjust(text(rows[i].body), &form, &detail);
        if (taken != (rows[i].delta != 0) || form.delta != rows[i].delta || form.restock ||
            (!taken && !detail)) {
            fail_msg("%s: %s", rows[i].body, detail ? detail : "taken");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restock_taken),
        cmocka_unit_test(test_restock_refused),
        cmocka_unit_test(test_adjust),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
