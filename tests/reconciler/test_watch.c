/* Parts and gauges become alarms once they lasted, each change once; time is handed in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/alarm_queue.h"
#include "../../reconciler/watch.h"

static struct {
    bool redis, ledger, process;
} ready;
static struct flash_metric gauge = FLASH_GAUGE("lag", "help");
static struct flash_watch watch;

static int fill(struct flash_ready_part *parts, int max, void *arg)
{
    (void)arg;
    assert_true(max >= 3);
    parts[0] = (struct flash_ready_part){"process", ready.process, "shutting down"};
    parts[1] = (struct flash_ready_part){"redis", ready.redis, "no answer"};
    parts[2] = (struct flash_ready_part){"ledger", ready.ledger, "refused"};
    return 3;
}

static int fill_others(struct flash_ready_part *parts, int max, void *arg)
{
    (void)arg;
    assert_true(max >= 2);
    parts[0] = (struct flash_ready_part){"proof", false, "retention"};
    parts[1] = (struct flash_ready_part){"new", false, "no answer"};
    return 2;
}

static int make(void **state)
{
    struct flash_error err;
    (void)state;
    ready.redis = ready.ledger = ready.process = true;
    flash_metric_set(&gauge, 0);
    watch = (struct flash_watch){.limits = {1000, 2000}, .fill = fill};
    if (!flash_alarms_new(&watch.alarms, &err)) {
        return -1;
    }
    flash_watch_add(&watch, &(struct flash_watch_gauge){"expiry.lag", &gauge, 60000,
                                                        "orders were left for", NULL});
    return 0;
}

static int end(void **state)
{
    (void)state;
    flash_alarms_free(watch.alarms);
    return 0;
}

static void look(int64_t from_ms, int64_t to_ms)
{
    for (int64_t now_ms = from_ms; now_ms < to_ms; now_ms += 250) {
        flash_watch_look(&watch, now_ms);
    }
}

/* The next change, as "+key text" or "-key text"; "" if there is none. */
static const char *next(void)
{
    static char text[2048];
    struct flash_alarm_item item;
    if (!flash_alarms_item(watch.alarms, 0, &item)) {
        return "";
    }
    flash_alarms_pop(watch.alarms);
    snprintf(text, sizeof(text), "%c%s %s", item.alert.raised ? '+' : '-', item.alert.key,
             item.alert.text);
    return text;
}

static void settle(void)
{
    look(0, 2250);
    assert_string_equal(next(), "-redis.away redis: well again");
    assert_string_equal(next(), "-ledger.away ledger: well again");
    assert_string_equal(next(), "-expiry.lag orders were left for 0 s; the limit is 60 s");
    assert_string_equal(next(), "");
}

static void test_a_part(void **state)
{
    (void)state;
    settle();
    ready.redis = false;
    look(3000, 4000);
    assert_string_equal(next(), "");
    look(4000, 20000);
    assert_string_equal(next(), "+redis.away redis: no answer");
    assert_string_equal(next(), "");
    ready.redis = true;
    look(20000, 40000);
    assert_string_equal(next(), "-redis.away redis: well again");
    assert_string_equal(next(), "");
}

static void test_a_gauge(void **state)
{
    (void)state;
    settle();
    flash_metric_set(&gauge, 60000); /* the limit itself is well */
    look(3000, 10000);
    assert_string_equal(next(), "");
    flash_metric_set(&gauge, 61000);
    look(10000, 20000);
    assert_string_equal(next(), "+expiry.lag orders were left for 61 s; the limit is 60 s");
    flash_metric_set(&gauge, 0);
    look(20000, 30000);
    assert_string_equal(next(), "-expiry.lag orders were left for 0 s; the limit is 60 s");
    assert_string_equal(next(), "");
}

/* A gauge of something else than time. */
static void test_a_gauge_with_a_unit(void **state)
{
    (void)state;
    static struct flash_metric lag;
    flash_metric_set(&lag, 0);
    flash_watch_add(&watch,
                    &(struct flash_watch_gauge){"consumer.lag", &lag, 0, "behind by", "messages"});
    flash_metric_set(&lag, 1);
    for (int64_t now_ms = 0; now_ms <= 1000; now_ms += 250) {
        flash_watch_look(&watch, now_ms);
    }
    struct flash_alarm_item item;
    bool found = false;
    for (int i = 0; flash_alarms_item(watch.alarms, i, &item); i++) {
        if (strcmp(item.alert.key, "consumer.lag") == 0) {
            found = true;
            assert_true(item.alert.raised);
            assert_string_equal(item.alert.text, "behind by 1 messages; the limit is 0 messages");
        }
    }
    assert_true(found);
}

static void test_names(void **state)
{
    (void)state;
    watch.fill = fill_others;
    look(0, 1250);
    assert_string_equal(next(), "+topic.settings proof: retention");
    assert_string_equal(next(), "+new.away new: no answer");
    assert_string_equal(next(), "");
}

static void test_the_end_of_the_process_is_none(void **state)
{
    (void)state;
    settle();
    ready.process = false;
    look(3000, 60000);
    assert_string_equal(next(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_part, make, end),
        cmocka_unit_test_setup_teardown(test_a_gauge, make, end),
        cmocka_unit_test_setup_teardown(test_names, make, end),
        cmocka_unit_test_setup_teardown(test_the_end_of_the_process_is_none, make, end),
        cmocka_unit_test_setup_teardown(test_a_gauge_with_a_unit, make, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
