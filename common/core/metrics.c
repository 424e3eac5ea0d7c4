/* Keeps the tables of metrics and writes them in Prometheus text format 0.0.4.
 *
 * A histogram's buckets are counted apart and summed up when written, so observing touches two
 * words; count is the sum of the buckets, so a page always agrees with itself although other
 * threads keep counting meanwhile. Everything threads share is a relaxed atomic: a page is a
 * sample, not a transaction. */
#include "flash/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES_MAX = 64 };

/* Upper bounds, inclusive. Finest where answers are promised, below half a second. */
static const struct {
    uint64_t us;
    const char *seconds;
} bounds[] = {
    {50, "0.00005"},  {100, "0.0001"},  {200, "0.0002"},  {300, "0.0003"},    {500, "0.0005"},
    {1000, "0.001"},  {2000, "0.002"},  {3000, "0.003"},  {5000, "0.005"},    {10000, "0.01"},
    {20000, "0.02"},  {30000, "0.03"},  {50000, "0.05"},  {100000, "0.1"},    {200000, "0.2"},
    {300000, "0.3"},  {500000, "0.5"},  {1000000, "1"},   {2000000, "2"},     {5000000, "5"},
    {10000000, "10"}, {20000000, "20"}, {50000000, "50"}, {100000000, "100"},
};
_Static_assert(sizeof(bounds) / sizeof(bounds[0]) == FLASH_METRIC_BUCKETS, "a bound a bucket");

static struct {
    struct flash_metric *rows;
    size_t count;
} tables[TABLES_MAX];
static _Atomic size_t table_count;

/* Whether a family of this name stands in a table registered before. */
static bool is_taken(const char *name)
{
    for (size_t i = 0; i < table_count; i++) {
        for (size_t row = 0; row < tables[i].count; row++) {
            if (strcmp(tables[i].rows[row].name, name) == 0) {
                return true;
            }
        }
    }
    return false;
}

void flash_metrics_register(struct flash_metric *table, size_t count)
{
    size_t next = atomic_load_explicit(&table_count, memory_order_relaxed);
    assert(next < TABLES_MAX);
    for (size_t i = 0; i < count; i++) {
        assert(!is_taken(table[i].name));
        assert(strpbrk(table[i].help, "\\\n") == NULL);
    }
    tables[next].rows = table;
    tables[next].count = count;
    atomic_store_explicit(&table_count, next + 1, memory_order_release);
}

void flash_metric_observe_us(struct flash_metric *metric, uint64_t us)
{
    size_t bucket = 0;
    while (bucket < FLASH_METRIC_BUCKETS && us > bounds[bucket].us) {
        bucket++;
    }
    atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->value, (int64_t)us, memory_order_relaxed);
}

static void format_family(FILE *out, const struct flash_metric *metric)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
            types[metric->type]);
}

static void format_histogram(FILE *out, struct flash_metric *metric)
{
    const char *labels = metric->labels != NULL ? metric->labels : "";
    const char *comma = *labels != '\0' ? "," : "";
    const char *open = *labels != '\0' ? "{" : "";
    const char *close = *labels != '\0' ? "}" : "";
    uint64_t count = 0;
    for (size_t i = 0; i <= FLASH_METRIC_BUCKETS; i++) {
        count += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
        fprintf(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", metric->name, labels, comma,
                i < FLASH_METRIC_BUCKETS ? bounds[i].seconds : "+Inf", count);
    }
    int64_t sum_us = flash_metric_get(metric);
    fprintf(out, "%s_sum%s%s%s %" PRId64 ".%06" PRId64 "\n", metric->name, open, labels, close,
            sum_us / 1000000, sum_us % 1000000);
    fprintf(out, "%s_count%s%s%s %" PRIu64 "\n", metric->name, open, labels, close, count);
}

static void format_metric(FILE *out, struct flash_metric *metric)
{
    if (metric->type == FLASH_METRIC_HISTOGRAM) {
        format_histogram(out, metric);
    } else if (metric->labels != NULL) {
        fprintf(out, "%s{%s} %" PRId64 "\n", metric->name, metric->labels,
                flash_metric_get(metric));
    } else {
        fprintf(out, "%s %" PRId64 "\n", metric->name, flash_metric_get(metric));
    }
}

size_t flash_metrics_format(char **ret_text)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        *ret_text = NULL;
        return 0;
    }
    size_t count = atomic_load_explicit(&table_count, memory_order_acquire);
    for (size_t i = 0; i < count; i++) {
        const char *family = "";
        for (size_t row = 0; row < tables[i].count; row++) {
            struct flash_metric *metric = &tables[i].rows[row];
            if (strcmp(metric->name, family) != 0) {
                format_family(out, metric);
                family = metric->name;
            }
            format_metric(out, metric);
        }
    }
    if (fclose(out) != 0) {
        free(text);
        *ret_text = NULL;
        return 0;
    }
    *ret_text = text;
    return len;
}
