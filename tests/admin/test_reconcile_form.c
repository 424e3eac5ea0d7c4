/* Queries about runs and findings: what is taken, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../admin/reconcile_form.h"

#define ID "01997a5c-0b7e-7c4a-9a51-3f6f3f0f9d11"

static struct flash_text text(const char *bytes)
{
    return (struct flash_text){bytes, strlen(bytes)};
}

static void test_runs_taken(void **state)
{
    struct flash_reconcile_form form;
    const char *detail = NULL;
    static const uint8_t all[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    (void)state;
    assert_true(flash_reconcile_form_runs(text(""), &form, &detail));
    assert_int_equal(form.limit, 100);
    assert_string_equal(form.mode, "");
    assert_string_equal(form.state, "");
    assert_memory_equal(form.before_run.bytes, all, 16);
    assert_true(flash_reconcile_form_runs(text("mode=plan&state=stale&limit=500&cursor=" ID), &form,
                                          &detail));
    assert_int_equal(form.limit, 500);
    assert_string_equal(form.mode, "plan");
    assert_string_equal(form.state, "stale");
    assert_int_equal(form.before_run.bytes[15], 0x11);
}

static void test_findings_taken(void **state)
{
    struct flash_reconcile_form form;
    const char *detail = NULL;
    (void)state;
    assert_true(flash_reconcile_form_findings(text(""), &form, &detail));
    assert_int_equal(form.limit, 100);
    assert_int_equal(form.sku, 0);
    assert_int_equal(form.before_id, INT64_MAX);
    assert_false(form.has_run);
    assert_true(flash_reconcile_form_findings(
        text("cause=drift_up&state=gone&sku=42&run=" ID "&limit=1&cursor=17"), &form, &detail));
    assert_string_equal(form.cause, "drift_up");
    assert_string_equal(form.state, "gone");
    assert_int_equal(form.sku, 42);
    assert_true(form.has_run);
    assert_int_equal(form.before_id, 17);
}

static void test_refused(void **state)
{
    static const struct {
        bool (*read)(struct flash_text, struct flash_reconcile_form *, const char **);
        const char *query;
    } rows[] = {
        {flash_reconcile_form_runs, "mode=walk"},
        {flash_reconcile_form_runs, "mode="},
        {flash_reconcile_form_runs, "mode"},
        {flash_reconcile_form_runs, "state=open"},
        {flash_reconcile_form_runs, "state=done&state=done"},
        {flash_reconcile_form_runs, "sku=42"},
        {flash_reconcile_form_runs, "limit=0"},
        {flash_reconcile_form_runs, "limit=501"},
        {flash_reconcile_form_runs, "cursor=17"},
        {flash_reconcile_form_runs, "cursor=" ID "0"},
        {flash_reconcile_form_findings, "state=done"},
        {flash_reconcile_form_findings, "cause=Lost"},
        {flash_reconcile_form_findings, "cause="},
        {flash_reconcile_form_findings, "cause=a%20b"},
        {flash_reconcile_form_findings, "cause=abcdefghijklmnopqrstuvwxyzabcdefg"},
        {flash_reconcile_form_findings, "sku=0"},
        {flash_reconcile_form_findings, "sku=042"},
        {flash_reconcile_form_findings, "run=17"},
        {flash_reconcile_form_findings, "cursor=" ID},
        {flash_reconcile_form_findings, "mode=plan"},
        {flash_reconcile_form_findings, "=&="},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_reconcile_form form = {.limit = 77};
        const char *detail = NULL;
        if (rows[i].read(text(rows[i].query), &form, &detail) || !detail) {
            fail_msg("taken: %s", rows[i].query);
        }
        assert_int_equal(form.limit, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_taken),
        cmocka_unit_test(test_findings_taken),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
