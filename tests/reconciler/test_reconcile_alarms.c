/* What the end of a pass raises and clears, and of what it says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/alarm_queue.h"
#include "../../reconciler/reconcile_alarms.h"

static const struct {
    enum flash_reconcile_end end;
    int64_t oldest_ms;
    const char *expected;
} rows[] = {
    {FLASH_RECONCILE_COMPLETE, 0, "-reconcile.unsettled_age -reconcile.guard "},
    {FLASH_RECONCILE_COMPLETE, 60000, "-reconcile.unsettled_age -reconcile.guard "},
    {FLASH_RECONCILE_COMPLETE, 60001, "+reconcile.unsettled_age -reconcile.guard "},
    {FLASH_RECONCILE_GUARD, 90000, "+reconcile.unsettled_age +reconcile.guard "},
    {FLASH_RECONCILE_GUARD, 0, "-reconcile.unsettled_age +reconcile.guard "},
    {FLASH_RECONCILE_NO_KAFKA, 90000, "+reconcile.unsettled_age "},
    {FLASH_RECONCILE_NO_LEDGER, 90000, ""},
    {FLASH_RECONCILE_NO_REDIS, 90000, ""},
    {FLASH_RECONCILE_STOPPED, 90000, ""},
    {FLASH_RECONCILE_LEASE, 90000, ""},
};

static void test_ends(void **state)
{
    struct flash_config *config = calloc(1, sizeof(*config));
    (void)state;
    config->alerts.max_unsettled_age_ms = 60000;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_reconcile_done done = {.end = rows[i].end, .oldest_ms = rows[i].oldest_ms};
        struct flash_alarms *alarms;
        struct flash_alarm_item item;
        struct flash_error err;
        char said[200] = "";
        size_t len = 0;
        flash_error_set(&done.err, FLASH_ERROR_RETRY, "30 of 100 entries");
        assert_true(flash_alarms_new(&alarms, &err));
        flash_reconcile_alarms(alarms, config, &done);
        while (flash_alarms_item(alarms, 0, &item)) {
            len += (size_t)snprintf(said + len, sizeof(said) - len, "%c%s ",
                                    item.alert.raised ? '+' : '-', item.alert.key);
            flash_alarms_pop(alarms);
        }
        assert_string_equal(said, rows[i].expected);
        flash_alarms_free(alarms);
    }
    free(config);
}

static void test_texts(void **state)
{
    struct flash_config *config = calloc(1, sizeof(*config));
    struct flash_reconcile_done done = {
        .end = FLASH_RECONCILE_GUARD, .oldest_ms = 90500, .late = 7};
    struct flash_alarms *alarms;
    struct flash_alarm_item item;
    struct flash_error err;
    (void)state;
    flash_error_set(&done.err, FLASH_ERROR_RETRY, "30 of 100 entries");
    assert_true(flash_alarms_new(&alarms, &err));
    flash_reconcile_alarms(alarms, config, &done);
    assert_true(flash_alarms_item(alarms, 0, &item));
    assert_non_null(strstr(item.alert.text, "90 s old, 7 are late"));
    assert_true(flash_alarms_item(alarms, 1, &item));
    assert_string_equal(item.alert.text, "30 of 100 entries");
    assert_int_equal(item.alert.severity, FLASH_SEVERITY_CRITICAL);
    flash_alarms_free(alarms);
    free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ends), cmocka_unit_test(test_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
