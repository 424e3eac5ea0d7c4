/* flash-reconciler audit: Redis and the ledger held against each other, order by order, now. */
#include <stdio.h>
#include <time.h>

#include "audit.h"
#include "listing.h"
#include "verb.h"
#include "verb_progress.h"

static struct {
    int64_t sku; /* 0: all */
    enum flash_output_format format;
} asked;

static const struct flash_verb_option options[] = {
    {"sku", "N", "this SKU only", flash_verb_read_sku, "a whole number above 0", &asked.sku},
    FLASH_VERB_OUTPUT(asked.format),
};

static const struct flash_verb_page page = {
    "audit",
    "Compares Redis and the ledger while the sale runs: units, users' counts, every order, every "
    "log\nrow, and the sums between them. What is only on its way is not told. Reads only, at "
    "most\nreconciler.audit_rate orders a second. Each finding, then sums by cause and SKU; JSON "
    "lines and\nCSV have the findings.\n",
    options, sizeof(options) / sizeof(options[0]),
    "flash-reconciler audit --config /etc/flashgate/flash.conf\n"
    "flash-reconciler audit --sku 42 --output json | jq '.sums'\n"};

static const struct flash_output_column audit_columns[] = {
    {"generation", FLASH_OUTPUT_NUMBER}, {"skus", FLASH_OUTPUT_NUMBER},
    {"undecided", FLASH_OUTPUT_NUMBER},  {"orders", FLASH_OUTPUT_NUMBER},
    {"findings", FLASH_OUTPUT_NUMBER},   {"took_ms", FLASH_OUTPUT_AGE},
};
static const struct flash_output_section audit_section = {"audit", audit_columns, 6, .one = true,
                                                          .aside = true};

struct report {
    struct flash_output *output;
    struct flash_sums sums;
    struct flash_progress progress;
    const struct flash_audit_done *done;
};

static void found(const struct flash_finding *finding, void *arg)
{
    struct report *report = arg;
    flash_listing_put(report->output, finding, NULL);
    flash_sums_add(&report->sums, finding);
}

static bool wait_until(uint64_t until_us, void *arg)
{
    struct report *report = arg;
    const struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                                   .tv_nsec = (long)(until_us % 1000000) * 1000};
    flash_progress_step(&report->progress, report->done->orders, 0);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    return true;
}

static void put_audit(struct flash_output *output, const struct flash_audit_done *done)
{
    const struct flash_output_cell cells[] = {
        flash_output_number(done->generation), flash_output_number(done->skus),
        flash_output_number(done->undecided),  flash_output_number(done->orders),
        flash_output_number(done->findings),   flash_output_number(done->took_us / 1000),
    };
    flash_output_section(output, &audit_section);
    flash_output_row(output, cells);
}

/* Looks at everything; returns the exit code. */
static int look(struct report *report, struct flash_audit *audit)
{
    struct flash_audit_done done = {0};
    struct flash_error err = {0};
    const struct flash_audit_ask ask = {
        .sku = asked.sku, .full = true, .found = found, .pause = wait_until, .arg = report};
    report->done = &done;
    flash_progress_begin(&report->progress, "orders compared");
    flash_output_section(report->output, &flash_listing_findings);
    bool ok = flash_audit_run(audit, &ask, &done, &err);
    flash_sums_put(&report->sums, report->output);
    put_audit(report->output, &done);
    flash_progress_end(&report->progress, done.orders);
    if (!ok) {
        return flash_verb_fail(&page, &err);
    }
    if (asked.sku && done.skus == 0) {
        fprintf(stderr, FLASH_VERB_PROGRAM " audit: no such SKU was ever given to Redis\n");
        return FLASH_EXIT_USAGE;
    }
    return done.findings > 0 ? FLASH_EXIT_FINDINGS : FLASH_EXIT_CLEAN;
}

int flash_verb_audit(int argc, char *const argv[])
{
    static struct flash_config config; /* large */
    struct flash_audit *audit = NULL;
    struct report report = {0};
    struct flash_error err = {0};
    int code;
    if (!flash_verb_read(&page, &(struct flash_verb_line){argc, argv}, &config, &code)) {
        return code;
    }
    const struct flash_output_start start = {stdout, asked.format,
                                             flash_output_wants_colours(stdout)};
    if (!flash_audit_new(&config, &audit, &err) ||
        !flash_output_new(&start, &report.output, &err)) {
        code = flash_verb_fail(&page, &err);
    } else {
        code = look(&report, audit);
        code = flash_output_end(report.output, &err) ? code : flash_verb_fail(&page, &err);
    }
    flash_sums_finish(&report.sums);
    flash_output_free(report.output);
    flash_audit_free(audit);
    return code;
}
