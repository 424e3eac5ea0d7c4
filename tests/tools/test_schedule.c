/* Arrivals keep the offered rate whatever happens, and retries spread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schedule.h"

#define START 5000000u

static void test_uniform(void **state)
{
    (void)state;
    struct flash_bench_schedule schedule =
        flash_bench_schedule_make(FLASH_BENCH_UNIFORM, 30000, START, 1);
    assert_int_equal(flash_bench_schedule_next_us(&schedule), START);
    flash_bench_schedule_take(&schedule);
    assert_int_equal(flash_bench_schedule_next_us(&schedule), START + 33);
    flash_bench_schedule_take(&schedule);
    assert_int_equal(flash_bench_schedule_next_us(&schedule), START + 66);
}

/* A gap that is no whole number of microseconds adds up to no error, after hours. */
static void test_no_drift(void **state)
{
    (void)state;
    struct flash_bench_schedule schedule =
        flash_bench_schedule_make(FLASH_BENCH_UNIFORM, 30000, START, 1);
    for (int i = 0; i < 30000 * 100; i++) {
        flash_bench_schedule_take(&schedule);
    }
    assert_int_equal(flash_bench_schedule_next_us(&schedule), START + 100 * 1000000u);
}

static void test_poisson(void **state)
{
    (void)state;
    struct flash_bench_schedule schedule =
        flash_bench_schedule_make(FLASH_BENCH_POISSON, 1000, START, 7);
    uint64_t last = START, short_gaps = 0;
    enum { COUNT = 200000 };
    for (int i = 0; i < COUNT; i++) {
        uint64_t next = flash_bench_schedule_next_us(&schedule);
        assert_true(next >= last);
        short_gaps += next - last < 693; /* ln 2 of the mean: half of all gaps */
        last = next;
        flash_bench_schedule_take(&schedule);
    }
    assert_in_range((last - START) / COUNT, 990, 1010);
    assert_in_range(short_gaps, COUNT * 49 / 100, COUNT * 51 / 100);
}

static void test_skip(void **state)
{
    (void)state;
    struct flash_bench_schedule schedule =
        flash_bench_schedule_make(FLASH_BENCH_UNIFORM, 1000, START, 1);
    assert_int_equal(flash_bench_schedule_skip(&schedule, START + 10000), 10);
    assert_int_equal(flash_bench_schedule_next_us(&schedule), START + 10000);
    assert_int_equal(flash_bench_schedule_skip(&schedule, START), 0);
}

static void test_retry_after_is_kept(void **state)
{
    (void)state;
    uint64_t random = 3;
    for (int i = 0; i < 1000; i++) {
        uint64_t us = flash_bench_retry_delay_us(1 + i % 9, 2, flash_bench_random(&random));
        assert_in_range(us, 2000000, 2499999);
    }
}

static void test_backoff(void **state)
{
    (void)state;
    static const struct {
        int attempt;
        uint64_t least, most;
    } rows[] = {{1, 10000, 20000},
                {2, 20000, 40000},
                {5, 160000, 320000},
                {8, 1000000, 2000000},
                {1000000, 1000000, 2000000}};
    uint64_t random = 3;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t lowest = UINT64_MAX, highest = 0;
        for (int n = 0; n < 1000; n++) {
            uint64_t us =
                flash_bench_retry_delay_us(rows[i].attempt, -1, flash_bench_random(&random));
            assert_in_range(us, rows[i].least, rows[i].most);
            lowest = us < lowest ? us : lowest;
            highest = us > highest ? us : highest;
        }
        assert_true(highest - lowest > (rows[i].most - rows[i].least) * 9 / 10);
    }
    assert_in_range(flash_bench_retry_delay_us(1, 0, 5), 10000, 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_no_drift),
        cmocka_unit_test(test_poisson),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_retry_after_is_kept),
        cmocka_unit_test(test_backoff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
