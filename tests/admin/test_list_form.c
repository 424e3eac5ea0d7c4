/* Queries of the back office's lists: what is taken, what is not, and that cursors are read as they
 * are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../admin/list_form.h"

typedef bool (*reader)(struct flash_text, struct flash_list_form *, const char **);

static struct flash_text text(const char *bytes)
{
    return (struct flash_text){bytes, strlen(bytes)};
}

static struct flash_list_form taken(reader read, const char *query)
{
    struct flash_list_form form;
    const char *detail = NULL;
    if (!read(text(query), &form, &detail)) {
        fail_msg("not taken: %s: %s", query, detail);
    }
    return form;
}

static void test_defaults(void **state)
{
    static const reader readers[] = {flash_list_form_stock, flash_list_form_low_stock,
                                     flash_list_form_sales, flash_list_form_orders,
                                     flash_list_form_log};
    (void)state;
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        struct flash_list_form form = taken(readers[i], "");
        assert_int_equal(form.limit, 100);
        assert_int_equal(form.from_ms, 0);
        assert_true(form.to_ms == INT64_MAX && form.before_ms == INT64_MAX);
        assert_int_equal(form.low_stock, readers[i] == flash_list_form_low_stock ? 1 : -1);
        assert_false(form.lines);
        assert_string_equal(form.order_id, "");
    }
}

static void test_values(void **state)
{
    (void)state;
    struct flash_list_form form =
        taken(flash_list_form_stock,
              "low_stock=true&in_stock=false&flagged=true&title=Sch%C3%BC%20x&limit=7&cursor=42");
    assert_int_equal(form.low_stock, 1);
    assert_int_equal(form.in_stock, 0);
    assert_int_equal(form.flagged, 1);
    assert_string_equal(form.title, "Schü x");
    assert_int_equal(form.limit, 7);
    assert_int_equal(form.after_sku, 42);
    form = taken(flash_list_form_orders, "sku=5&user=u%2F1&status=FAILED&from=2026-01-02T03:04:05Z&"
                                         "to=2026-01-02T05%3A04%3A05%2B01:00");
    assert_int_equal(form.sku, 5);
    assert_string_equal(form.user, "u/1");
    assert_int_equal(form.status_from, 6);
    assert_int_equal(form.status_to, 7);
}

static void test_log_values(void **state)
{
    (void)state;
    struct flash_list_form form = taken(
        flash_list_form_log, "type=restock&operator=anna%20b&view=lines&cursor=1767323045678-12-3");
    assert_int_equal(form.type, 12);
    assert_string_equal(form.operator, "anna b");
    assert_true(form.lines);
    assert_int_equal(form.before_ms, 1767323045678);
    assert_int_equal(form.before_id, 12);
    assert_int_equal(form.before_line, 3);
    assert_true(taken(flash_list_form_log, "order=5.a%2Fb").lines); /* an order is a line */
    assert_true(taken(flash_list_form_log, "user=u&view=entries").lines);
    assert_false(taken(flash_list_form_log, "view=entries").lines);
    assert_string_equal(taken(flash_list_form_sales, "state=sold-out").sale_state, "sold-out");
}

static void test_refused(void **state)
{
    static const struct {
        reader read;
        const char *query;
    } rows[] = {
        {flash_list_form_stock, "low_stock=1"},
        {flash_list_form_stock, "low_stock=True"},
        {flash_list_form_stock, "in_stock="},
        {flash_list_form_stock, "title="},
        {flash_list_form_stock, "title=%"},
        {flash_list_form_stock, "title=%0"},
        {flash_list_form_stock, "title=a%00b"},
        {flash_list_form_stock, "limit=0"},
        {flash_list_form_stock, "limit=501"},
        {flash_list_form_stock, "limit=07"},
        {flash_list_form_stock, "limit=7&limit=7"},
        {flash_list_form_stock, "cursor=0"},
        {flash_list_form_stock, "cursor=x"},
        {flash_list_form_stock, "sku=5"},
        {flash_list_form_low_stock, "low_stock=true"},
        {flash_list_form_low_stock, "title=a"},
        {flash_list_form_sales, "state=OPEN"},
        {flash_list_form_sales, "state="},
        {flash_list_form_orders, "status=QUEUED"},
        {flash_list_form_orders, "status=failed"},
        {flash_list_form_orders, "sku=05"},
        {flash_list_form_orders, "user=%22"},
        {flash_list_form_orders, "from=yesterday"},
        {flash_list_form_orders, "from=1969-12-31T23:59:59Z"},
        {flash_list_form_orders, "from=2026-01-02T03:04:05Z&to=2026-01-02T03:04:05Z"},
        {flash_list_form_orders, "cursor=31"},
        {flash_list_form_orders, "cursor=352e6"},
        {flash_list_form_orders, "cursor=zz"},
        {flash_list_form_log, "type=7"},
        {flash_list_form_log, "type=marker"},
        {flash_list_form_log, "order=5"},
        {flash_list_form_log, "order=x.y"},
        {flash_list_form_log, "operator="},
        {flash_list_form_log, "view=all"},
        {flash_list_form_log, "cursor=1-2"},
        {flash_list_form_log, "cursor=1-2-3-4"},
        {flash_list_form_log, "cursor=-1-2-3"},
        {flash_list_form_log, "cursor=1--3"},
        {flash_list_form_log, "cursor=1234567890123456789-1-1"},
        {flash_list_form_log, "sku=5"},
        {flash_list_form_log, "x"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_list_form form = {.limit = 77};
        const char *detail = NULL;
        if (rows[i].read(text(rows[i].query), &form, &detail) || !detail) {
            fail_msg("taken: %s", rows[i].query);
        }
        assert_int_equal(form.limit, 77);
    }
}

static void test_cursors(void **state)
{
    char cursor[FLASH_LIST_CURSOR_MAX + 1], query[FLASH_LIST_CURSOR_MAX + 16];
    (void)state;
    flash_list_cursor_log(1767323045678, 9007199254740993, 255, cursor);
    snprintf(query, sizeof(query), "cursor=%s", cursor);
    struct flash_list_form form = taken(flash_list_form_log, query);
    assert_true(form.before_ms == 1767323045678 && form.before_id == 9007199254740993 &&
                form.before_line == 255);
    flash_list_cursor_order(text("9223372036854775807.a/b&c=%"), cursor);
    snprintf(query, sizeof(query), "cursor=%s", cursor);
    assert_string_equal(taken(flash_list_form_orders, query).after_order,
                        "9223372036854775807.a/b&c=%");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),   cmocka_unit_test(test_values),
        cmocka_unit_test(test_log_values), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cursors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
