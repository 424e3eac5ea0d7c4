/* Latencies in log-linear buckets, as HDR histograms keep them: three significant digits from 1 µs
 * to 1000 s.
 *
 * Below 2048 µs a bucket is one microsecond; above, each doubling is split into 1024 buckets, so
 * that a bucket is never wider than 0.1 % of its value. Adding is a shift and an increment. Pure;
 * one writer; merge after the run. */
#ifndef FLASH_BENCH_HISTOGRAM_H
#define FLASH_BENCH_HISTOGRAM_H

#include <stdint.h>

#define FLASH_BENCH_LINEAR 2048          /* values with a bucket of their own */
#define FLASH_BENCH_HALF 1024            /* buckets of each doubling above */
#define FLASH_BENCH_DOUBLINGS 19         /* 2048 µs << 19 is more than 1000 s */
#define FLASH_BENCH_TOP_US 1000000000ull /* what is longer counts as this, except in max_us */
#define FLASH_BENCH_BUCKETS (FLASH_BENCH_LINEAR + FLASH_BENCH_DOUBLINGS * FLASH_BENCH_HALF)

_Static_assert(((uint64_t)FLASH_BENCH_LINEAR << FLASH_BENCH_DOUBLINGS) > FLASH_BENCH_TOP_US,
               "the longest value has a bucket");

/* All zero is an empty histogram. */
struct flash_bench_histogram {
    uint64_t count;
    uint64_t sum_us;
    uint64_t max_us; /* exact */
    uint64_t buckets[FLASH_BENCH_BUCKETS];
};

void flash_bench_histogram_add(struct flash_bench_histogram *histogram, uint64_t us);
void flash_bench_histogram_merge(struct flash_bench_histogram *into,
                                 const struct flash_bench_histogram *from);

/* The value in µs that a share of the values (0 < share ≤ 1) does not exceed: the upper edge of its
 * bucket, never more than the maximum. 0 when empty. */
uint64_t flash_bench_histogram_quantile(const struct flash_bench_histogram *histogram,
                                        double share);
double flash_bench_histogram_mean(const struct flash_bench_histogram *histogram);

#endif
