/* flash-reconciler report: what is open now, or the story of one order. */
#include <inttypes.h>
#include <stdio.h>

#include "listing.h"
#include "reconcile.h"
#include "verb.h"
#include "verb_order.h"
#include "verb_progress.h"

static struct {
    int64_t sku; /* 0: all */
    int cause;   /* -1: all */
    const char *order;
    enum flash_output_format format;
} asked = {.cause = -1};

static const struct flash_verb_option options[] = {
    {"sku", "N", "of this SKU only", flash_verb_read_sku, "a whole number above 0", &asked.sku},
    {"cause", "CAUSE", "of this cause only: unsettled, late, parked, dead, …",
     flash_verb_read_cause, "a cause's word", &asked.cause},
    {"order", "ID", "the story of this order instead", flash_verb_read_order,
     "an order id, <sku>.<ref>", &asked.order},
    FLASH_VERB_OUTPUT(asked.format),
};

static const struct flash_verb_page page = {
    "report",
    "What is open now: entries of the journals that are older than reconciler.settle_after and "
    "have\ntheir verdict (unsettled), or have none after reconciler.proof_after (late), "
    "transitions that are\nparked, dead letters. Each finding, then sums by cause and SKU: count, "
    "units, oldest age.\nWith --order the story of one order: every step with its time, in Redis, "
    "Kafka and the ledger;\na step that is missing says what that means. Reads only; JSON lines "
    "and CSV have the findings.\n",
    options, sizeof(options) / sizeof(options[0]),
    "flash-reconciler report --config /etc/flashgate/flash.conf\n"
    "flash-reconciler report --sku 42 --cause late --output csv > late.csv\n"
    "flash-reconciler report --output json | jq '.sums'\n"
    "flash-reconciler report --order 42.k3J9Zt0mVtYb1pZpV3x0Ag\n"};

static const struct flash_output_column pass_columns[] = {
    {"ended", FLASH_OUTPUT_TEXT},     {"generation", FLASH_OUTPUT_NUMBER},
    {"skus", FLASH_OUTPUT_NUMBER},    {"skus_skipped", FLASH_OUTPUT_NUMBER},
    {"entries", FLASH_OUTPUT_NUMBER}, {"oldest_age_ms", FLASH_OUTPUT_AGE},
};
static const struct flash_output_section pass_section = {"pass", pass_columns, 6, .one = true,
                                                         .aside = true};

struct report {
    struct flash_output *output;
    struct flash_sums sums;
    struct flash_progress progress;
    int64_t shown, entries;
};

static void found(const struct flash_finding *finding, void *arg)
{
    struct report *report = arg;
    if (asked.cause >= 0 && (int)finding->cause != asked.cause) {
        return;
    }
    flash_listing_put(report->output, finding, NULL);
    flash_sums_add(&report->sums, finding);
    report->shown++;
}

static bool step(const struct flash_reconcile_step *at, void *arg)
{
    struct report *report = arg;
    report->entries = at->entries;
    flash_progress_step(&report->progress, at->entries,
                        at->skus ? (double)at->skus_done / (double)at->skus : 0);
    return true;
}

static void put_pass(struct flash_output *output, const struct flash_reconcile_done *done)
{
    const struct flash_output_cell cells[] = {
        flash_output_text(flash_reconcile_end_name(done->end)),
        flash_output_number(done->generation),
        flash_output_number(done->skus),
        flash_output_number(done->skipped),
        flash_output_number(done->entries),
        done->oldest_ms ? flash_output_number(done->oldest_ms) : flash_output_none(),
    };
    flash_output_section(output, &pass_section);
    flash_output_row(output, cells);
}

/* What is not compared is not clean. */
static int judge(const struct report *report, const struct flash_reconcile_done *done)
{
    if (asked.sku && done->skus == 0) {
        fprintf(stderr, FLASH_VERB_PROGRAM " report: the ledger has no such SKU\n");
        return FLASH_EXIT_USAGE;
    }
    if (done->skipped > 0) {
        fprintf(stderr,
                FLASH_VERB_PROGRAM " report: %" PRId64 " SKUs were not compared: Redis lacks them, "
                                   "has them in another generation, or refused\n",
                done->skipped);
    }
    bool clean = report->shown == 0 && done->skipped == 0 && !report->sums.short_of_memory;
    return clean ? FLASH_EXIT_CLEAN : FLASH_EXIT_FINDINGS;
}

/* Looks at everything; returns the exit code. */
static int look(struct report *report, struct flash_reconcile *reconcile)
{
    const struct flash_reconcile_options pass = {.depth = FLASH_RECONCILE_LOOK,
                                                 .sku = asked.sku,
                                                 .found = found,
                                                 .step = step,
                                                 .arg = report};
    struct flash_reconcile_done done;
    flash_progress_begin(&report->progress, "entries compared");
    flash_output_section(report->output, &flash_listing_findings);
    flash_reconcile_pass(reconcile, &pass, &done);
    flash_sums_put(&report->sums, report->output);
    put_pass(report->output, &done);
    flash_progress_end(&report->progress, report->entries);
    if (done.end != FLASH_RECONCILE_COMPLETE) {
        flash_verb_fail(&page, &done.err);
        return flash_reconcile_exit_code(&done);
    }
    return judge(report, &done);
}

int flash_verb_report(int argc, char *const argv[])
{
    static struct flash_config config; /* large */
    struct flash_reconcile *reconcile = NULL;
    struct report report = {0};
    struct flash_error err = {0};
    int code;
    if (!flash_verb_read(&page, &(struct flash_verb_line){argc, argv}, &config, &code)) {
        return code;
    }
    if (asked.order) {
        return flash_verb_order_print(
            &(struct flash_verb_order){&page, &config, asked.order, asked.format});
    }
    const struct flash_output_start start = {stdout, asked.format,
                                             flash_output_wants_colours(stdout)};
    if (!flash_reconcile_new(&config, NULL, &reconcile, &err) ||
        !flash_output_new(&start, &report.output, &err)) {
        code = flash_verb_fail(&page, &err);
    } else {
        code = look(&report, reconcile);
        code = flash_output_end(report.output, &err) ? code : flash_verb_fail(&page, &err);
    }
    flash_sums_finish(&report.sums);
    flash_output_free(report.output);
    flash_reconcile_free(reconcile);
    return code;
}
