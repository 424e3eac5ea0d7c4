/* flash/metrics.h: the page is Prometheus text, agrees with itself, and may be written while others
 * count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "flash/metrics.h"

enum { ACCEPTED, SOLD_OUT, DEPTH, PLAIN_COUNT };
static struct flash_metric plain[] = {
    [ACCEPTED] = {.name = "test_orders_total",
                  .help = "Orders by outcome.",
                  .labels = "outcome=\"accepted\"",
                  .type = FLASH_METRIC_COUNTER},
    [SOLD_OUT] = {.name = "test_orders_total",
                  .help = "Orders by outcome.",
                  .labels = "outcome=\"sold_out\"",
                  .type = FLASH_METRIC_COUNTER},
    [DEPTH] = {.name = "test_depth", .help = "Now waiting.", .type = FLASH_METRIC_GAUGE},
};

enum { BARE, LABELLED, TIMES_COUNT };
static struct flash_metric times[] = {
    [BARE] = {.name = "test_answer_seconds",
              .help = "Time to the answer.",
              .type = FLASH_METRIC_HISTOGRAM},
    [LABELLED] = {.name = "test_call_seconds",
                  .help = "Time of a call.",
                  .labels = "script=\"reserve\"",
                  .type = FLASH_METRIC_HISTOGRAM},
};

static struct flash_metric shared[] = {
    {.name = "test_shared_total", .help = "Counted by all.", .type = FLASH_METRIC_COUNTER},
    {.name = "test_shared_seconds", .help = "Observed by all.", .type = FLASH_METRIC_HISTOGRAM},
};

static int register_all(void **state)
{
    (void)state;
    flash_metrics_register(plain, PLAIN_COUNT);
    flash_metrics_register(times, TIMES_COUNT);
    flash_metrics_register(shared, 2);
    return 0;
}

static char *page(void)
{
    char *text;
    size_t len = flash_metrics_format(&text);
    assert_non_null(text);
    assert_int_equal(len, strlen(text));
    return text;
}

static int times_in(const char *text, const char *part)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part)) {
        count++;
    }
    return count;
}

/* What stands behind the series in its line; fails if there is no such line. */
static const char *value_of(const char *text, const char *series)
{
    char start[128];
    snprintf(start, sizeof(start), "\n%s ", series);
    const char *line = strstr(text, start);
    if (line == NULL) {
        fail_msg("no %s in:\n%s", series, text);
        return "";
    }
    return line + strlen(start);
}

static long number_of(const char *text, const char *series)
{
    return strtol(value_of(text, series), NULL, 10);
}

static void test_counters_and_gauges(void **state)
{
    (void)state;
    flash_metric_add(&plain[ACCEPTED], 3);
    flash_metric_add(&plain[ACCEPTED], 4);
    flash_metric_set(&plain[DEPTH], 9);
    flash_metric_add(&plain[DEPTH], -11);
    assert_int_equal(flash_metric_get(&plain[DEPTH]), -2);
    char *text = page();
    const char *expected = "# HELP test_orders_total Orders by outcome.\n"
                           "# TYPE test_orders_total counter\n"
                           "test_orders_total{outcome=\"accepted\"} 7\n"
                           "test_orders_total{outcome=\"sold_out\"} 0\n"
                           "# HELP test_depth Now waiting.\n"
                           "# TYPE test_depth gauge\n"
                           "test_depth -2\n";
    assert_int_equal(strncmp(text, expected, strlen(expected)), 0);
    free(text);
}

static void test_a_family_has_one_head(void **state)
{
    (void)state;
    char *text = page();
    assert_int_equal(times_in(text, "# HELP test_orders_total "), 1);
    assert_int_equal(times_in(text, "# TYPE test_orders_total "), 1);
    assert_int_equal(times_in(text, "# TYPE "), 6);
    assert_int_equal(text[strlen(text) - 1], '\n');
    free(text);
}

static void test_histogram_adds_up(void **state)
{
    (void)state;
    flash_metric_observe_us(&times[BARE], 0);
    flash_metric_observe_us(&times[BARE], 50);
    flash_metric_observe_us(&times[BARE], 51);
    flash_metric_observe_us(&times[BARE], 1000000);
    flash_metric_observe_us(&times[BARE], 100000001);
    char *text = page();
    assert_int_equal(times_in(text, "test_answer_seconds_bucket{le="), FLASH_METRIC_BUCKETS + 1);
    assert_int_equal(number_of(text, "test_answer_seconds_bucket{le=\"0.00005\"}"), 2);
    assert_int_equal(number_of(text, "test_answer_seconds_bucket{le=\"0.0001\"}"), 3);
    assert_int_equal(number_of(text, "test_answer_seconds_bucket{le=\"0.5\"}"), 3);
    assert_int_equal(number_of(text, "test_answer_seconds_bucket{le=\"1\"}"), 4);
    assert_int_equal(number_of(text, "test_answer_seconds_bucket{le=\"100\"}"), 4);
    assert_int_equal(number_of(text, "test_answer_seconds_bucket{le=\"+Inf\"}"), 5);
    assert_int_equal(number_of(text, "test_answer_seconds_count"), 5);
    assert_int_equal(strncmp(value_of(text, "test_answer_seconds_sum"), "101.000102\n", 11), 0);
    free(text);
}

static void test_histogram_with_labels(void **state)
{
    (void)state;
    flash_metric_observe_us(&times[LABELLED], 700);
    char *text = page();
    assert_int_equal(number_of(text, "test_call_seconds_bucket{script=\"reserve\",le=\"0.0005\"}"),
                     0);
    assert_int_equal(number_of(text, "test_call_seconds_bucket{script=\"reserve\",le=\"0.001\"}"),
                     1);
    assert_int_equal(
        strncmp(value_of(text, "test_call_seconds_sum{script=\"reserve\"}"), "0.000700\n", 9), 0);
    assert_int_equal(number_of(text, "test_call_seconds_count{script=\"reserve\"}"), 1);
    free(text);
}

static void test_bounds_grow_evenly(void **state)
{
    (void)state;
    char *text = page();
    double before = 0;
    int bounds = 0;
    const char *at = text;
    while ((at = strstr(at, "test_answer_seconds_bucket{le=\"")) != NULL) {
        at += strlen("test_answer_seconds_bucket{le=\"");
        if (*at == '+') {
            break;
        }
        double bound = strtod(at, NULL);
        assert_true(bounds == 0 || (bound > before * 1.4 && bound < before * 2.6));
        before = bound;
        bounds++;
    }
    assert_int_equal(bounds, FLASH_METRIC_BUCKETS);
    free(text);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *count_much(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        flash_metric_add(&shared[0], 1);
        flash_metric_observe_us(&shared[1], (uint64_t)i);
    }
    return NULL;
}

static void test_pages_while_others_count(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_much, NULL), 0);
    }
    for (int i = 0; i < 50; i++) {
        char *text = page();
        long all = number_of(text, "test_shared_seconds_bucket{le=\"+Inf\"}");
        assert_int_equal(all, number_of(text, "test_shared_seconds_count"));
        free(text);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(flash_metric_get(&shared[0]), THREADS * ROUNDS);
    char *text = page();
    assert_int_equal(number_of(text, "test_shared_seconds_count"), THREADS * ROUNDS);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_and_gauges), cmocka_unit_test(test_a_family_has_one_head),
        cmocka_unit_test(test_histogram_adds_up),   cmocka_unit_test(test_histogram_with_labels),
        cmocka_unit_test(test_bounds_grow_evenly),  cmocka_unit_test(test_pages_while_others_count),
    };
    return cmocka_run_group_tests(tests, register_all, NULL);
}
