/* When arrivals are meant to begin, and how long a refused attempt waits before the next.
 *
 * An arrival's intended time depends on its number and the offered rate alone, never on how fast
 * answers come: measuring from it shows the waiting that a slow server causes (no coordinated
 * omission). Pure: time and randomness come in. */
#ifndef FLASH_BENCH_SCHEDULE_H
#define FLASH_BENCH_SCHEDULE_H

#include <stdint.h>

enum flash_bench_arrivals {
    FLASH_BENCH_UNIFORM, /* one every 1/rate */
    FLASH_BENCH_POISSON, /* independent buyers: exponential gaps with that mean */
};

struct flash_bench_schedule {
    enum flash_bench_arrivals arrivals;
    uint64_t start_us; /* monotonic; the first uniform arrival */
    double gap_us;     /* mean */
    uint64_t taken;    /* arrivals so far */
    double offset_us;  /* of the next arrival, from start_us */
    uint64_t random;   /* state of the generator */
};

/* rate: arrivals a second, > 0. */
struct flash_bench_schedule flash_bench_schedule_make(enum flash_bench_arrivals arrivals,
                                                      double rate, uint64_t start_us,
                                                      uint64_t seed);
/* The intended time of the next arrival. */
uint64_t flash_bench_schedule_next_us(const struct flash_bench_schedule *schedule);
/* The next arrival is taken; the one after it is next. */
void flash_bench_schedule_take(struct flash_bench_schedule *schedule);
/* How many arrivals are meant to begin before until_us and were not taken; consumes them. */
uint64_t flash_bench_schedule_skip(struct flash_bench_schedule *schedule, uint64_t until_us);

/* The delay before attempt number `attempt` + 1 (attempt ≥ 1 were made): the server's Retry-After
 * in seconds (-1: none was sent) plus up to a quarter, so that the crowd does not come back as one;
 * else 20 ms doubled per attempt up to 2 s, of which a random half to all. */
uint64_t flash_bench_retry_delay_us(int attempt, int retry_after_s, uint64_t random);

/* splitmix64: moves *state on and returns 64 random bits. Not for secrets. */
uint64_t flash_bench_random(uint64_t *state);

#endif
