/* A registry of counters, gauges and histograms, written out in Prometheus text format 0.0.4.
 *
 * Metrics are declared as static tables by the module that moves them; moving one is a relaxed
 * atomic add from any thread. No user, order or request ids as labels (SECURITY). */
#ifndef FLASH_METRICS_H
#define FLASH_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum flash_metric_type {
    FLASH_METRIC_COUNTER,
    FLASH_METRIC_GAUGE,
    FLASH_METRIC_HISTOGRAM, /* of microseconds, exposed in seconds */
};

#define FLASH_METRIC_BUCKETS 24 /* upper bounds 50 µs … 100 s: see metrics.c */

struct flash_metric {
    const char *name; /* flash_engine_orders_total, seconds suffix by the caller */
    const char *help;
    const char *labels; /* outcome="accepted" (escaped already), or NULL */
    enum flash_metric_type type;
    _Atomic int64_t value; /* counter, gauge; histogram: sum of microseconds */
    _Atomic uint64_t buckets[FLASH_METRIC_BUCKETS + 1];
};

/* Rows of such a table, without labels. */
#define FLASH_COUNTER(name, help)                                                                  \
    {                                                                                              \
        name, help, NULL, FLASH_METRIC_COUNTER                                                     \
    }
#define FLASH_GAUGE(name, help)                                                                    \
    {                                                                                              \
        name, help, NULL, FLASH_METRIC_GAUGE                                                       \
    }
#define FLASH_HISTOGRAM(name, help)                                                                \
    {                                                                                              \
        name, help, NULL, FLASH_METRIC_HISTOGRAM                                                   \
    }

/* Adds a table of count metrics; the table lives as long as the process. Same names stand together,
 * in one table. Call before threads start; at most 64 tables. */
void flash_metrics_register(struct flash_metric *table, size_t count);

static inline void flash_metric_add(struct flash_metric *metric, int64_t n)
{
    atomic_fetch_add_explicit(&metric->value, n, memory_order_relaxed);
}
static inline void flash_metric_set(struct flash_metric *metric, int64_t n)
{
    atomic_store_explicit(&metric->value, n, memory_order_relaxed);
}
static inline int64_t flash_metric_get(struct flash_metric *metric)
{
    return atomic_load_explicit(&metric->value, memory_order_relaxed);
}
void flash_metric_observe_us(struct flash_metric *metric, uint64_t us);

/* All registered metrics as text; *ret_text is malloc'd, the caller frees it. Returns its length;
 * 0 and NULL when memory is short. Any thread. */
size_t flash_metrics_format(char **ret_text);

#endif
