/* Log-linear buckets and what is read from them; the layout is in histogram.h. */
#include "histogram.h"

#include <math.h>
#include <stddef.h>

/* A value of 2^11 or more keeps its 11 highest bits: shift says how many are dropped, the rest is
 * 1024..2047. */
static size_t bucket_of(uint64_t us)
{
    if (us < FLASH_BENCH_LINEAR) {
        return (size_t)us;
    }
    int shift = 63 - __builtin_clzll(us) - 10;
    uint64_t kept = us >> shift;
    return FLASH_BENCH_LINEAR + (size_t)(shift - 1) * FLASH_BENCH_HALF +
           (size_t)(kept - FLASH_BENCH_HALF);
}

static uint64_t upper_edge(size_t bucket)
{
    if (bucket < FLASH_BENCH_LINEAR) {
        return bucket;
    }
    size_t above = bucket - FLASH_BENCH_LINEAR;
    size_t shift = above / FLASH_BENCH_HALF + 1;
    uint64_t kept = FLASH_BENCH_HALF + above % FLASH_BENCH_HALF;
    return ((kept + 1) << shift) - 1;
}

void flash_bench_histogram_add(struct flash_bench_histogram *histogram, uint64_t us)
{
    histogram->count++;
    histogram->sum_us += us;
    if (us > histogram->max_us) {
        histogram->max_us = us;
    }
    histogram->buckets[bucket_of(us < FLASH_BENCH_TOP_US ? us : FLASH_BENCH_TOP_US)]++;
}

void flash_bench_histogram_merge(struct flash_bench_histogram *into,
                                 const struct flash_bench_histogram *from)
{
    into->count += from->count;
    into->sum_us += from->sum_us;
    if (from->max_us > into->max_us) {
        into->max_us = from->max_us;
    }
    for (size_t i = 0; i < FLASH_BENCH_BUCKETS; i++) {
        into->buckets[i] += from->buckets[i];
    }
}

uint64_t flash_bench_histogram_quantile(const struct flash_bench_histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)ceil(share * (double)histogram->count);
    uint64_t seen = 0;
    if (wanted == 0) {
        wanted = 1;
    }
    for (size_t i = 0; i < FLASH_BENCH_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= wanted) {
            uint64_t edge = upper_edge(i);
            return edge < histogram->max_us ? edge : histogram->max_us;
        }
    }
    return histogram->max_us;
}

double flash_bench_histogram_mean(const struct flash_bench_histogram *histogram)
{
    return histogram->count > 0 ? (double)histogram->sum_us / (double)histogram->count : 0.0;
}
