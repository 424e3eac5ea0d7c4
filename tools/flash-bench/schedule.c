/* Intended times of arrivals and retries; pure, see schedule.h. */
#include "schedule.h"

#include <math.h>

#define BACKOFF_FIRST_US 20000u
#define BACKOFF_MAX_US 2000000u

uint64_t flash_bench_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* In (0, 1]: its logarithm is finite. */
static double unit(uint64_t random)
{
    return (double)((random >> 11) + 1) * 0x1.0p-53;
}

static double exponential_gap(struct flash_bench_schedule *schedule)
{
    return -log(unit(flash_bench_random(&schedule->random))) * schedule->gap_us;
}

struct flash_bench_schedule flash_bench_schedule_make(enum flash_bench_arrivals arrivals,
                                                      double rate, uint64_t start_us, uint64_t seed)
{
    struct flash_bench_schedule schedule = {
        .arrivals = arrivals, .start_us = start_us, .gap_us = 1e6 / rate, .random = seed};
    if (arrivals == FLASH_BENCH_POISSON) {
        schedule.offset_us = exponential_gap(&schedule);
    }
    return schedule;
}

uint64_t flash_bench_schedule_next_us(const struct flash_bench_schedule *schedule)
{
    return schedule->start_us + (uint64_t)schedule->offset_us;
}

void flash_bench_schedule_take(struct flash_bench_schedule *schedule)
{
    schedule->taken++;
    if (schedule->arrivals == FLASH_BENCH_POISSON) {
        schedule->offset_us += exponential_gap(schedule);
    } else {
        /* From the number, not from the last one: no error adds up. */
        schedule->offset_us = (double)schedule->taken * schedule->gap_us;
    }
}

uint64_t flash_bench_schedule_skip(struct flash_bench_schedule *schedule, uint64_t until_us)
{
    uint64_t skipped = 0;
    while (flash_bench_schedule_next_us(schedule) < until_us) {
        flash_bench_schedule_take(schedule);
        skipped++;
    }
    return skipped;
}

uint64_t flash_bench_retry_delay_us(int attempt, int retry_after_s, uint64_t random)
{
    if (retry_after_s > 0) {
        uint64_t asked_us = (uint64_t)retry_after_s * 1000000u;
        return asked_us + random % (asked_us / 4);
    }
    uint64_t backoff_us = BACKOFF_FIRST_US;
    for (int i = 1; i < attempt && backoff_us < BACKOFF_MAX_US; i++) {
        backoff_us *= 2;
    }
    if (backoff_us > BACKOFF_MAX_US) {
        backoff_us = BACKOFF_MAX_US;
    }
    return backoff_us / 2 + random % (backoff_us / 2 + 1);
}
