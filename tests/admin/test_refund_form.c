/* Queries, names and bodies of the routes about refunds: what is taken, and every kind of thing
 * that is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../admin/refund_form.h"

static struct flash_text text(const char *bytes)
{
    return (struct flash_text){bytes, strlen(bytes)};
}

static void test_list_taken(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        enum flash_refund_filter filter;
        int64_t sku, limit;
    } rows[] = {
        {"", FLASH_REFUND_DUE, 0, 100},
        {"state=due", FLASH_REFUND_DUE, 0, 100},
        {"state=done", FLASH_REFUND_DONE, 0, 100},
        {"state=all&sku=42&limit=1", FLASH_REFUND_ALL, 42, 1},
        {"limit=500&sku=9223372036854775807", FLASH_REFUND_DUE, INT64_MAX, 500},
        {"sku=7&", FLASH_REFUND_DUE, 7, 100},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_refund_list_form form;
        const char *detail = NULL;
        if (!flash_refund_form_list(text(rows[i].query), &form, &detail) ||
            form.filter != rows[i].filter || form.sku != rows[i].sku ||
            form.limit != rows[i].limit || form.after.order_id[0] || form.after.payment_id[0]) {
            fail_msg("%s: %s", rows[i].query, detail ? detail : "other values");
        }
    }
}

static void test_list_refused(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "state",
        "state=",
        "state=Due",
        "state=duee",
        "state=%64ue",
        "state=due&state=due",
        "sku=",
        "sku=0",
        "sku=01",
        "sku=-1",
        "sku=9223372036854775808",
        "sku=1'",
        "limit=0",
        "limit=501",
        "limit=1e2",
        "limit=99999999999999999999",
        "limit=1&limit=1",
        "cursor=",
        "cursor=0",
        "cursor=zz",
        "cursor=20",               /* " " */
        "cursor=34322e61",         /* "42.a" */
        "cursor=34322e6120",       /* "42.a " */
        "cursor=342e2070",         /* "4. p" */
        "cursor=612e612070",       /* "a.a p" */
        "cursor=34322E612070",     /* one way to write it */
        "cursor=34322e61207020",   /* "42.a p " */
        "cursor=34322e61207022",   /* a quote */
        "cursor=34322e6120702071", /* "42.a p q" */
        "cursor=34322e61207000",
        "page=2",
        "&",
        "&&",
        "=",
        "state=due&&sku=1",
        "state=due;sku=1",
    };
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct flash_refund_list_form form = {.limit = 77};
        const char *detail = NULL;
        if (flash_refund_form_list(text(queries[i]), &form, &detail) || !detail) {
            fail_msg("taken: %s", queries[i]);
        }
        assert_int_equal(form.limit, 77);
    }
}

static struct flash_refund_key longest(void)
{
    struct flash_refund_key key;
    snprintf(key.order_id, sizeof(key.order_id), "9223372036854775807.%064d", 1);
    snprintf(key.payment_id, sizeof(key.payment_id), "%064d", 2);
    return key;
}

static void test_cursor(void **state)
{
    (void)state;
    const struct flash_refund_key keys[] = {
        {"42.a", "p"}, {"1..", ".."}, {"42.a/b?c&d=%", "x&cursor=="}, longest()};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char cursor[FLASH_REFUND_CURSOR_TEXT], query[FLASH_REFUND_CURSOR_TEXT + 20];
        struct flash_refund_list_form form;
        const char *detail = NULL;
        flash_refund_cursor(&keys[i], cursor);
        snprintf(query, sizeof(query), "cursor=%s&limit=3", cursor);
        assert_true(flash_refund_form_list(text(query), &form, &detail));
        assert_string_equal(form.after.order_id, keys[i].order_id);
        assert_string_equal(form.after.payment_id, keys[i].payment_id);
        snprintf(query, sizeof(query), "cursor=%s00", cursor);
        assert_false(flash_refund_form_list(text(query), &form, &detail));
    }
}

static void test_key(void **state)
{
    (void)state;
    static const struct {
        const char *segments[2], *ids[2]; /* ids NULL: refused */
    } rows[] = {
        {{"42.a", "p"}, {"42.a", "p"}},
        {{"42.a%2Fb", "p%2f%25"}, {"42.a/b", "p/%"}},
        {{"42.a", ".."}, {"42.a", ".."}},
        {{"%34%32.a", "%70"}, {"42.a", "p"}},
        {{"42", "p"}, {NULL}},
        {{"42.", "p"}, {NULL}},
        {{"42.a%00", "p"}, {NULL}},
        {{"42.a", "p%"}, {NULL}},
        {{"42.a", "p%2"}, {NULL}},
        {{"42.a", "p%zz"}, {NULL}},
        {{"42.a", "p%20q"}, {NULL}},
        {{"42.a", "p%00"}, {NULL}},
        {{"42.a", "%22"}, {NULL}},
        {{"42.a", "%c3%bc"}, {NULL}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct flash_text segments[2] = {text(rows[i].segments[0]),
                                               text(rows[i].segments[1])};
        struct flash_refund_key key;
        bool taken = flash_refund_form_key(segments, &key);
        if (taken != (rows[i].ids[0] != NULL) || (taken && strcmp(key.order_id, rows[i].ids[0])) ||
            (taken && strcmp(key.payment_id, rows[i].ids[1]))) {
            fail_msg("%s, %s", rows[i].segments[0], rows[i].segments[1]);
        }
    }
}

static void test_key_length(void **state)
{
    (void)state;
    struct flash_refund_key key = longest(), found;
    char longer[80];
    struct flash_text segments[2] = {text(key.order_id), text(key.payment_id)};
    assert_true(flash_refund_form_key(segments, &found));
    assert_string_equal(found.order_id, key.order_id);
    assert_string_equal(found.payment_id, key.payment_id);
    snprintf(longer, sizeof(longer), "%s0", key.payment_id);
    segments[1] = text(longer);
    assert_false(flash_refund_form_key(segments, &found));
}

static void test_done(void **state)
{
    (void)state;
    static const struct {
        const char *body, *reference; /* reference NULL: refused */
    } rows[] = {
        {"{\"reference\":\"re-1\"}", "re-1"},
        {"{\"reference\":\"RF18 5390 \\u00fc\"}", "RF18 5390 ü"},
        {"{\"reference\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
         "0123456789012345678901234567890123456789012345678901234567890123"},
        {"{\"reference\":\"01234567890123456789012345678901234567890123456789012345678901234\"}",
         NULL},
        {"{\"reference\":\"\"}", NULL},
        {"{\"reference\":\"a\\nb\"}", NULL},
        {"{\"reference\":\"a\\u0000b\"}", NULL},
        {"{\"reference\":\"a\\\"b\"}", NULL},
        {"{\"reference\":1}", NULL},
        {"{\"reference\":null}", NULL},
        {"{\"reference\":\"a\",\"amount\":1}", NULL},
        {"{\"reference\":\"a\",\"reference\":\"a\"}", NULL},
        {"{}", NULL},
        {"[]", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char reference[FLASH_REFERENCE_MAX + 1];
        const char *detail = NULL;
        bool taken = flash_refund_form_done(text(rows[i].body), reference, &detail);
        if (taken != (rows[i].reference != NULL) || (!taken && !detail) ||
            (taken && strcmp(reference, rows[i].reference) != 0)) {
            fail_msg("%s", rows[i].body);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_taken), cmocka_unit_test(test_list_refused),
        cmocka_unit_test(test_cursor),     cmocka_unit_test(test_key),
        cmocka_unit_test(test_key_length), cmocka_unit_test(test_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
