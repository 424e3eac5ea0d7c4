/* The queue of alarms: of one key it holds changes, it is bounded, and it knows what may be said
 * without the ledger. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "../../reconciler/alarm_queue.h"
#include "../../reconciler/metrics.h"

enum { THREADS = 4, CALLS = 2000 };

static struct flash_alarms *alarms;

static int make(void **state)
{
    struct flash_error err;
    (void)state;
    flash_metric_set(&flash_reconciler_metrics[METRIC_ALERTS_DROPPED], 0);
    return flash_alarms_new(&alarms, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    flash_alarms_free(alarms);
    return 0;
}

static void raise_it(const char *key)
{
    flash_alarm_raise(alarms, &(struct flash_alarm){key, FLASH_SEVERITY_WARNING, "it is bad"});
}

static void clear_it(const char *key)
{
    flash_alarm_clear(alarms, key, "it is good");
}

static int length(void)
{
    struct flash_alarm_item item;
    int count = 0;
    while (flash_alarms_item(alarms, count, &item)) {
        count++;
    }
    return count;
}

static struct flash_alarm_item item_at(int i)
{
    struct flash_alarm_item item;
    assert_true(flash_alarms_item(alarms, i, &item));
    return item;
}

static void test_an_item(void **state)
{
    (void)state;
    raise_it("a.b");
    struct flash_alarm_item item = item_at(0);
    assert_string_equal(item.alert.key, "a.b");
    assert_string_equal(item.alert.text, "it is bad");
    assert_true(item.alert.raised);
    assert_int_equal(item.alert.severity, FLASH_SEVERITY_WARNING);
    assert_true(item.alert.at_ms > 0);
    clear_it("a.b");
    assert_memory_not_equal(item.alert.id.bytes, item_at(1).alert.id.bytes, 16);
}

static void test_repeats_are_none(void **state)
{
    (void)state;
    raise_it("a");
    raise_it("a");
    raise_it("b");
    raise_it("a");
    assert_int_equal(length(), 2);
    clear_it("a");
    clear_it("a");
    raise_it("a");
    assert_int_equal(length(), 4);
}

/* Whoever says the same again once the ledger knows is written again: another may have cleared it
 * meanwhile. But it is nothing to be said without the ledger. */
static void test_what_the_ledger_knows(void **state)
{
    (void)state;
    raise_it("a");
    assert_true(item_at(0).direct);
    flash_alarms_pop(alarms);
    raise_it("a");
    assert_int_equal(length(), 1);
    assert_false(item_at(0).direct);
    clear_it("a");
    assert_true(item_at(1).direct);
    flash_alarms_pop(alarms);
    flash_alarms_pop(alarms);
    clear_it("a");
    assert_false(item_at(0).direct);
}

static void test_a_clear_of_the_unknown_is_not_said(void **state)
{
    (void)state;
    clear_it("a");
    assert_false(item_at(0).direct);
    raise_it("a");
    assert_true(item_at(1).direct);
}

static void test_put(void **state)
{
    (void)state;
    raise_it("a");
    raise_it("b");
    struct flash_alarm_item item = item_at(1);
    item.sent[FLASH_CHANNEL_MAIL] = true;
    flash_alarms_put(alarms, 1, &item);
    assert_false(item_at(0).sent[FLASH_CHANNEL_MAIL]);
    assert_true(item_at(1).sent[FLASH_CHANNEL_MAIL]);
    flash_alarms_pop(alarms);
    assert_string_equal(item_at(0).alert.key, "b");
    assert_true(item_at(0).sent[FLASH_CHANNEL_MAIL]);
}

static void test_full(void **state)
{
    (void)state;
    char key[16];
    for (int i = 0; i < FLASH_ALARM_QUEUE + 3; i++) {
        snprintf(key, sizeof(key), "k.%d", i);
        raise_it(key);
    }
    assert_int_equal(length(), FLASH_ALARM_QUEUE);
    assert_int_equal(flash_metric_get(&flash_reconciler_metrics[METRIC_ALERTS_DROPPED]), 3);
    flash_alarms_pop(alarms);
    raise_it("z");
    assert_int_equal(length(), FLASH_ALARM_QUEUE);
    assert_string_equal(item_at(FLASH_ALARM_QUEUE - 1).alert.key, "z");
}

static void test_more_keys_than_are_remembered(void **state)
{
    (void)state;
    char key[16];
    for (int i = 0; i < 2 * FLASH_ALARM_KEYS; i++) {
        snprintf(key, sizeof(key), "k.%d", i);
        raise_it(key);
        flash_alarms_pop(alarms);
    }
    raise_it("k.0");
    assert_false(item_at(0).direct);
    raise_it("k.100"); /* forgotten: said rather twice than never */
    assert_true(item_at(1).direct);
}

static void test_no_alarms(void **state)
{
    (void)state;
    flash_alarm_raise(NULL, &(struct flash_alarm){"a", FLASH_SEVERITY_INFO, "x"});
    flash_alarm_clear(NULL, "a", "x");
    assert_int_equal(length(), 0);
}

static void *toggle(void *arg)
{
    const char *key = arg;
    for (int i = 0; i < CALLS; i++) {
        raise_it(key);
        clear_it(key);
    }
    return NULL;
}

/* Of each key raises and clears take turns, whoever calls and however the other end is emptied. */
static void test_threads(void **state)
{
    (void)state;
    static char keys[THREADS][4] = {"a", "b", "c", "d"};
    bool raised[THREADS] = {false};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, toggle, keys[i]), 0);
    }
    struct flash_alarm_item item;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    while (flash_alarms_item(alarms, 0, &item)) {
        int i = item.alert.key[0] - 'a';
        assert_true(item.alert.raised != raised[i]);
        raised[i] = item.alert.raised;
        flash_alarms_pop(alarms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_item, make, end),
        cmocka_unit_test_setup_teardown(test_repeats_are_none, make, end),
        cmocka_unit_test_setup_teardown(test_what_the_ledger_knows, make, end),
        cmocka_unit_test_setup_teardown(test_a_clear_of_the_unknown_is_not_said, make, end),
        cmocka_unit_test_setup_teardown(test_put, make, end),
        cmocka_unit_test_setup_teardown(test_full, make, end),
        cmocka_unit_test_setup_teardown(test_more_keys_than_are_remembered, make, end),
        cmocka_unit_test_setup_teardown(test_no_alarms, make, end),
        cmocka_unit_test_setup_teardown(test_threads, make, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
