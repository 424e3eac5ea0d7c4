/* The report in both forms; see report.h. */
#include "report.h"

#include <jansson.h>
#include <math.h>

#include "flash/time.h"

static const char *const series_names[FLASH_BENCH_SERIES_COUNT] = {
    "accepted", "refused", "status", "wait", "paid", "cancelled", "created", "lateness"};

static const struct {
    const char *name;
    double share;
} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}};

#define QUANTILES (sizeof(quantiles) / sizeof(quantiles[0]))

static double per_second(const struct flash_bench_tally *tally, uint64_t count)
{
    return tally->window.seconds > 0 ? (double)count / tally->window.seconds : 0.0;
}

static double cpu_us(const struct flash_bench_result *result)
{
    double requests = (double)result->tally.counts.requests;
    return requests > 0 ? (result->user_s + result->system_s) * 1e6 / requests : 0.0;
}

/* Reports are read by people too: rounded to what was measured. */
static json_t *rounded(double value, double unit)
{
    return json_real(round(value * unit) / unit);
}

static json_t *words_json(const struct flash_bench_words *words)
{
    json_t *object = json_object();
    for (int i = 0; i < words->used; i++) {
        json_object_set_new(object, words->rows[i].text,
                            json_integer((json_int_t)words->rows[i].count));
    }
    return object;
}

static json_t *series_json(const struct flash_bench_histogram *histogram)
{
    json_t *object = json_pack("{s:I,s:o}", "count", (json_int_t)histogram->count, "mean",
                               rounded(flash_bench_histogram_mean(histogram), 10));
    for (size_t i = 0; i < QUANTILES; i++) {
        uint64_t us = flash_bench_histogram_quantile(histogram, quantiles[i].share);
        json_object_set_new(object, quantiles[i].name, json_integer((json_int_t)us));
    }
    json_object_set_new(object, "max", json_integer((json_int_t)histogram->max_us));
    return object;
}

static json_t *latency_json(const struct flash_bench_tally *tally)
{
    json_t *object = json_object();
    for (int i = 0; i < FLASH_BENCH_SERIES_COUNT; i++) {
        if (tally->series[i].count > 0) {
            json_object_set_new(object, series_names[i], series_json(&tally->series[i]));
        }
    }
    return object;
}

static json_t *setup_json(const struct flash_bench_options *options)
{
    json_t *skus = json_array();
    char sku[FLASH_SKU_TEXT_MAX + 1];
    for (int i = 0; i < options->sku_count && i < 16; i++) {
        snprintf(sku, sizeof(sku), "%lld", (long long)options->skus[i]);
        json_array_append_new(skus, json_string(sku));
    }
    json_t *setup = json_pack(
        "{s:o,s:I,s:I,s:[I,I],s:I,s:I,s:I,s:s,s:s,s:I,s:f,s:b,s:s}", "skus", skus, "sku_count",
        (json_int_t)options->sku_count, "buyers", (json_int_t)options->buyers, "quantity",
        (json_int_t)options->quantity_min, (json_int_t)options->quantity_max, "connections",
        (json_int_t)options->connections, "depth", (json_int_t)options->depth, "threads",
        (json_int_t)options->threads, "mode", options->mode == FLASH_BENCH_RATE ? "rate" : "closed",
        "auth", options->auth == FLASH_BENCH_AUTH_JWT ? "jwt" : "off", "retries",
        (json_int_t)options->retries, "timeout_s", options->timeout_s, "poll", (int)options->poll,
        "run", options->run);
    if (options->mode == FLASH_BENCH_RATE) {
        json_object_set_new(setup, "offered_per_s", json_real(options->rate));
        json_object_set_new(
            setup, "arrivals",
            json_string(options->arrivals == FLASH_BENCH_POISSON ? "poisson" : "uniform"));
        json_object_set_new(setup, "outstanding", json_integer((json_int_t)options->outstanding));
    }
    return setup;
}

static json_t *orders_json(const struct flash_bench_tally *tally)
{
    const struct flash_bench_counts *counts = &tally->counts;
    return json_pack("{s:I,s:I,s:I,s:o,s:I,s:o,s:o,s:I,s:I,s:I}", "begun",
                     (json_int_t)counts->orders, "accepted", (json_int_t)counts->accepted,
                     "accepted_units", (json_int_t)counts->units, "accepted_per_s",
                     rounded(per_second(tally, tally->window.accepted), 10), "refused",
                     (json_int_t)flash_bench_words_sum(&tally->refused), "refused_per_s",
                     rounded(per_second(tally, tally->window.refused), 10), "refused_by",
                     words_json(&tally->refused), "gave_up", (json_int_t)counts->gave_up, "unknown",
                     (json_int_t)counts->unknown, "unsent", (json_int_t)counts->unsent);
}

static json_t *changes_json(const struct flash_bench_tally *tally)
{
    const struct flash_bench_counts *counts = &tally->counts;
    return json_pack("{s:I,s:I,s:I,s:o,s:I}", "begun", (json_int_t)counts->changes, "paid",
                     (json_int_t)counts->paid, "cancelled", (json_int_t)counts->cancelled, "per_s",
                     rounded(per_second(tally, tally->window.changed), 10), "unknown",
                     (json_int_t)counts->changes_unknown);
}

static json_t *pages_json(const struct flash_bench_tally *tally)
{
    const struct flash_bench_counts *counts = &tally->counts;
    json_t *states = json_object();
    for (int state = FLASH_STATE_QUEUED + 1; state < FLASH_STATE_COUNT; state++) {
        if (tally->states[state] > 0) {
            char name[48];
            const char *reason = flash_state_reason((enum flash_state)state);
            snprintf(name, sizeof(name), "%s%s%s", flash_state_name((enum flash_state)state),
                     reason != NULL ? "/" : "", reason != NULL ? reason : "");
            json_object_set_new(states, name, json_integer((json_int_t)tally->states[state]));
        }
    }
    return json_pack("{s:I,s:I,s:I,s:I,s:o}", "followed", (json_int_t)counts->followed,
                     "not_followed", (json_int_t)counts->not_followed, "polls",
                     (json_int_t)counts->polls, "unsettled", (json_int_t)counts->unsettled, "seen",
                     states);
}

static json_t *samples_json(const struct flash_bench_tally *tally)
{
    json_t *samples = json_array();
    for (int i = 0; i < tally->sample_count; i++) {
        /* An answer may be anything, also no UTF-8: jansson then gives none, so say so. */
        json_t *text = json_string(tally->samples[i]);
        json_array_append_new(samples, text != NULL ? text : json_string("not UTF-8"));
    }
    return samples;
}

static json_t *report(const struct flash_bench_options *options,
                      const struct flash_bench_result *result)
{
    const struct flash_bench_tally *tally = &result->tally;
    const struct flash_bench_counts *counts = &tally->counts;
    char started[FLASH_TIME_TEXT];
    flash_time_format_ms(result->started_ms, started);
    json_t *cpu =
        json_pack("{s:o,s:o,s:o}", "user_s", rounded(result->user_s, 1000), "system_s",
                  rounded(result->system_s, 1000), "us_per_request", rounded(cpu_us(result), 100));
    return json_pack(
        "{s:s,s:s,s:s,s:o,s:b,s:o,s:o,s:I,s:o,s:o,s:o,s:I,s:o,s:I,s:I,s:o,s:I,s:o,s:o,s:o,s:o}",
        "tool", "flash-bench", "version", FLASH_VERSION, "started_at", started, "setup",
        setup_json(options), "interrupted", (int)result->interrupted, "wall_s",
        rounded(result->wall_s, 1000), "window_s", rounded(tally->window.seconds, 1000), "requests",
        (json_int_t)counts->requests, "requests_per_s",
        rounded(per_second(tally, tally->window.requests), 10), "orders", orders_json(tally),
        "changes", changes_json(tally), "reads", (json_int_t)counts->reads, "reads_per_s",
        rounded(per_second(tally, tally->window.reads), 10), "unchanged",
        (json_int_t)counts->unchanged, "retries", (json_int_t)counts->retries, "errors",
        words_json(&tally->errors), "reconnects", (json_int_t)counts->reconnects, "pages",
        pages_json(tally), "latency_us", latency_json(tally), "cpu", cpu, "wrong",
        json_pack("{s:I,s:o}", "count", (json_int_t)counts->wrong, "samples", samples_json(tally)));
}

bool flash_bench_report_json(const struct flash_bench_options *options,
                             const struct flash_bench_result *result, FILE *out,
                             struct flash_error *err)
{
    json_t *object = report(options, result);
    bool written = object != NULL &&
                   json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(12)) == 0 &&
                   fputc('\n', out) != EOF && fflush(out) == 0;
    json_decref(object);
    return written || flash_error_set(err, FLASH_ERROR_CONFIG, "the report cannot be written");
}

static void print_words(const char *title, const struct flash_bench_words *words, FILE *out)
{
    for (int i = 0; i < words->used; i++) {
        fprintf(out, "  %-10s %-22s %12llu\n", title, words->rows[i].text,
                (unsigned long long)words->rows[i].count);
    }
}

static void print_latencies(const struct flash_bench_tally *tally, FILE *out)
{
    fprintf(out, "  %-10s %10s %10s %10s %10s %10s %10s   (ms from the intended start)\n",
            "latency", "count", "p50", "p90", "p99", "p99.9", "max");
    for (int i = 0; i < FLASH_BENCH_SERIES_COUNT; i++) {
        const struct flash_bench_histogram *histogram = &tally->series[i];
        if (histogram->count == 0) {
            continue;
        }
        fprintf(out, "  %-10s %10llu", series_names[i], (unsigned long long)histogram->count);
        for (size_t q = 0; q < QUANTILES; q++) {
            uint64_t us = flash_bench_histogram_quantile(histogram, quantiles[q].share);
            fprintf(out, " %10.3f", (double)us / 1000);
        }
        fprintf(out, " %10.3f\n", (double)histogram->max_us / 1000);
    }
}

void flash_bench_report_table(const struct flash_bench_options *options,
                              const struct flash_bench_result *result, FILE *out)
{
    const struct flash_bench_tally *tally = &result->tally;
    const struct flash_bench_counts *counts = &tally->counts;
    fprintf(out,
            "flash-bench: run %s, %.2f s of sending, %lld connections, %llu requests (%.0f/s)\n",
            options->run, tally->window.seconds, (long long)options->connections,
            (unsigned long long)counts->requests, per_second(tally, tally->window.requests));
    const struct {
        const char *name;
        uint64_t count, in_window;
    } rows[] = {
        {"orders begun", counts->orders, 0},
        {"accepted", counts->accepted, tally->window.accepted},
        {"accepted units", counts->units, 0},
        {"refused", flash_bench_words_sum(&tally->refused), tally->window.refused},
        {"unknown outcome", counts->unknown, 0},
        {"paid", counts->paid, counts->paid > 0 ? tally->window.changed : 0},
        {"cancelled", counts->cancelled, counts->cancelled > 0 ? tally->window.changed : 0},
        {"unknown change", counts->changes_unknown, 0},
        {"gave up", counts->gave_up, 0},
        {"never sent", counts->unsent, 0},
        {"reads", counts->reads, tally->window.reads},
        {"retries", counts->retries, 0},
        {"reconnects", counts->reconnects, 0},
        {"pages followed", counts->followed, 0},
        {"pages created", tally->states[FLASH_STATE_CREATED], 0},
        {"pages unsettled", counts->unsettled, 0},
        {"wrong answers", counts->wrong, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].count == 0) {
            continue;
        }
        fprintf(out, "  %-16s %12llu", rows[i].name, (unsigned long long)rows[i].count);
        if (rows[i].in_window > 0) {
            fprintf(out, " %12.0f/s", per_second(tally, rows[i].in_window));
        }
        fputc('\n', out);
    }
    print_words("refused", &tally->refused, out);
    print_words("error", &tally->errors, out);
    print_latencies(tally, out);
    fprintf(out, "  own CPU          %12.2f us a request (%.2f s user, %.2f s system)\n",
            cpu_us(result), result->user_s, result->system_s);
}
