/* The histogram keeps three significant digits over its whole range, and merging is adding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "histogram.h"

static struct flash_bench_histogram *fresh(void)
{
    struct flash_bench_histogram *histogram = calloc(1, sizeof(*histogram));
    assert_non_null(histogram);
    return histogram;
}

static void test_empty(void **state)
{
    (void)state;
    struct flash_bench_histogram *histogram = fresh();
    assert_int_equal(flash_bench_histogram_quantile(histogram, 0.99), 0);
    assert_true(flash_bench_histogram_mean(histogram) == 0.0);
    free(histogram);
}

/* Every value is reported as itself or at most 0.1 % more, on both sides of every doubling. */
static void test_precision(void **state)
{
    (void)state;
    for (uint64_t power = 1; power <= FLASH_BENCH_TOP_US; power *= 2) {
        for (uint64_t us = power > 2 ? power - 2 : 0; us <= power + 2; us++) {
            struct flash_bench_histogram *histogram = fresh();
            flash_bench_histogram_add(histogram, us);
            flash_bench_histogram_add(histogram, FLASH_BENCH_TOP_US);
            uint64_t seen = flash_bench_histogram_quantile(histogram, 0.5);
            assert_true(seen >= us);
            assert_true(seen - us <= us / 1000);
            free(histogram);
        }
    }
}

static void test_quantiles(void **state)
{
    (void)state;
    struct flash_bench_histogram *histogram = fresh();
    for (uint64_t us = 1; us <= 1000; us++) {
        flash_bench_histogram_add(histogram, us);
    }
    assert_int_equal(flash_bench_histogram_quantile(histogram, 0.5), 500);
    assert_int_equal(flash_bench_histogram_quantile(histogram, 0.99), 990);
    assert_int_equal(flash_bench_histogram_quantile(histogram, 0.999), 999);
    assert_int_equal(flash_bench_histogram_quantile(histogram, 1.0), 1000);
    assert_int_equal(flash_bench_histogram_quantile(histogram, 0.0001), 1);
    assert_true(flash_bench_histogram_mean(histogram) == 500.5);
    free(histogram);
}

/* What is longer than the range is counted, and the maximum is exact. */
static void test_beyond(void **state)
{
    (void)state;
    struct flash_bench_histogram *histogram = fresh();
    flash_bench_histogram_add(histogram, 7 * FLASH_BENCH_TOP_US);
    assert_int_equal(histogram->count, 1);
    assert_int_equal(histogram->max_us, 7 * FLASH_BENCH_TOP_US);
    assert_in_range(flash_bench_histogram_quantile(histogram, 0.5), FLASH_BENCH_TOP_US,
                    FLASH_BENCH_TOP_US + FLASH_BENCH_TOP_US / 1000);
    free(histogram);
}

static void test_merge(void **state)
{
    (void)state;
    struct flash_bench_histogram *one = fresh(), *other = fresh();
    flash_bench_histogram_add(one, 10);
    flash_bench_histogram_add(other, 3000000);
    flash_bench_histogram_add(other, 20);
    flash_bench_histogram_merge(one, other);
    assert_int_equal(one->count, 3);
    assert_int_equal(one->sum_us, 3000030);
    assert_int_equal(one->max_us, 3000000);
    assert_int_equal(flash_bench_histogram_quantile(one, 0.5), 20);
    free(one);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),     cmocka_unit_test(test_precision),
        cmocka_unit_test(test_quantiles), cmocka_unit_test(test_beyond),
        cmocka_unit_test(test_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
