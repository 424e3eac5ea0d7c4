/* flash-reconciler recover: Redis or the ledger has lost something, and a recovery is made by hand.
 */
#include "verb_recover.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit_list.h"
#include "flash/time.h"
#include "listing.h"
#include "publish.h"
#include "recover_record.h"
#include "verb.h"

#define REPORTS_PER_TURN 4096
#define SAY_US 1000000 /* between lines of progress */

static struct {
    struct flash_sight_wish wish;
    bool yes;
    enum flash_output_format format;
} asked;

static const struct flash_verb_option options[] = {
    {"sku", "N", "only this SKU", flash_verb_read_sku, "a whole number above 0", &asked.wish.sku},
    {"yes", NULL, "do not ask", flash_verb_read_flag, NULL, &asked.yes},
    {"force", NULL, "also where nothing indicates a need: all its orders are told to Redis again",
     flash_verb_read_flag, NULL, &asked.wish.force},
    FLASH_VERB_OUTPUT(asked.format),
};

static const struct flash_verb_page page = {
    "recover",
    "Looks whether Redis or the ledger has lost something and, if so, recovers under a new "
    "generation:\nnothing is sold of the SKUs in need meanwhile. The daemons may run; the consumer "
    "must, for the gates\nto open. Per SKU in need: what was lost, what was done, and whether its "
    "gate is open or why not.\nExit code 1 also when it was not confirmed, 5 when it was broken "
    "off. JSON lines and CSV have the SKUs.\n",
    options, sizeof(options) / sizeof(options[0]),
    "flash-reconciler recover --config /etc/flashgate/flash.conf\n"
    "flash-reconciler recover --yes --output json | jq '.recovery'\n"
    "flash-reconciler recover --yes --force --sku 42\n"};

static const struct flash_output_column sku_columns[] = {
    {"sku", FLASH_OUTPUT_NUMBER},
    {"need", FLASH_OUTPUT_TEXT},
    {"gate", FLASH_OUTPUT_WORD},
    {"entries_replayed", FLASH_OUTPUT_NUMBER},
    {"entries_resent", FLASH_OUTPUT_NUMBER},
    {"orders_told", FLASH_OUTPUT_NUMBER},
    {"orders_adopted", FLASH_OUTPUT_NUMBER},
    {"shortages", FLASH_OUTPUT_NUMBER},
};
static const struct flash_output_section sku_section = {"skus", sku_columns, 8};

static const struct flash_output_column recovery_columns[] = {
    {"ended", FLASH_OUTPUT_TEXT},
    {"generation", FLASH_OUTPUT_NUMBER},
    {"skus", FLASH_OUTPUT_NUMBER},
    {"in_need", FLASH_OUTPUT_NUMBER},
    {"opened", FLASH_OUTPUT_NUMBER},
    {"entries_replayed", FLASH_OUTPUT_NUMBER},
    {"entries_resent", FLASH_OUTPUT_NUMBER},
    {"orders_told", FLASH_OUTPUT_NUMBER},
    {"orders_adopted", FLASH_OUTPUT_NUMBER},
    {"took_ms", FLASH_OUTPUT_AGE},
    {"error", FLASH_OUTPUT_TEXT, .yields = true},
};
static const struct flash_output_section recovery_section = {"recovery", recovery_columns, 11,
                                                             .one = true, .aside = true};

struct recovery {
    struct flash_producer *producer;
    struct flash_recover_record *record;
    struct flash_recover *recover;
    struct flash_output *output;
    struct flash_audit_list found;
    enum flash_recover_stage stage;
    uint64_t said_us;
    bool begun; /* not only looked at */
};

/* ---- while it goes on ---- */

static bool step(const struct flash_recover_step *step, void *arg)
{
    struct recovery *run = arg;
    uint64_t now_us = flash_time_monotonic_us();
    bool begins = step->done == 0 && run->stage != step->stage;
    flash_producer_poll(run->producer, REPORTS_PER_TURN);
    if (!begins && now_us - run->said_us < SAY_US) {
        return true;
    }
    run->stage = step->stage;
    run->said_us = now_us;
    double seconds = (double)step->took_us / 1e6;
    double rate = seconds > 0 ? (double)step->done / seconds : 0;
    fprintf(stderr, "recover: %s", flash_recover_stage_name(step->stage));
    if (!begins && step->total > 0) {
        fprintf(stderr, " %" PRId64 " of %" PRId64 ", %.0f/s", step->done, step->total, rate);
    } else if (!begins) {
        fprintf(stderr, " %" PRId64 ", %.0f/s", step->done, rate);
    }
    if (!begins && rate > 0 && step->total > 0 && step->total >= step->done) {
        fprintf(stderr, ", %.0f s left", (double)(step->total - step->done) / rate);
    }
    fprintf(stderr, " (generation %" PRId64 ")\n", step->generation);
    return true;
}

static bool wait_a_little(int ms, void *arg)
{
    struct recovery *run = arg;
    flash_producer_poll(run->producer, REPORTS_PER_TURN);
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
    return true;
}

static void found(const struct flash_finding *finding, void *arg)
{
    struct recovery *run = arg;
    flash_recover_record_found(run->record, finding);
    flash_audit_list_add(&run->found, finding, "%s", finding->detail);
    if (!run->found.cut) {
        run->found.at[run->found.count - 1].state = finding->state;
    }
}

static void put_sku(const struct flash_sight_sku *sku, int64_t shortages, void *arg)
{
    struct recovery *run = arg;
    const struct flash_output_cell cells[] = {
        flash_output_number(sku->sku),
        flash_output_text(flash_need_name(sku->need)),
        flash_output_text(run->begun ? flash_sight_gate_name(sku) : NULL),
        flash_output_number(sku->lost),
        flash_output_number(sku->resent),
        flash_output_number(sku->swept),
        flash_output_number(sku->learnt),
        flash_output_number(shortages),
    };
    flash_output_row(run->output, cells);
}

/* ---- what it says at the end ---- */

static void put_findings(struct recovery *run)
{
    static struct flash_output_section section; /* JSON lines and CSV have the SKUs */
    section = flash_listing_findings;
    section.aside = true;
    flash_output_section(run->output, &section);
    for (size_t i = 0; i < run->found.count; i++) {
        flash_listing_put(run->output, &run->found.at[i], NULL);
    }
}

static void put_recovery(struct recovery *run, const struct flash_recover_done *done)
{
    const struct flash_output_cell cells[] = {
        flash_output_text(flash_recover_end_name(done->end)),
        done->generation ? flash_output_number(done->generation) : flash_output_none(),
        flash_output_number(done->skus),
        flash_output_number(done->in_need),
        flash_output_number(done->opened),
        flash_output_number(done->lost),
        flash_output_number(done->resent),
        flash_output_number(done->swept),
        flash_output_number(done->learnt),
        flash_output_number(done->took_us / 1000),
        flash_output_text(done->err.kind != FLASH_ERROR_NONE ? done->err.text : NULL),
    };
    flash_output_section(run->output, &recovery_section);
    flash_output_row(run->output, cells);
}

static void say_end(const struct flash_recover_done *done)
{
    if (done->unknown) {
        fprintf(stderr, "recover: no such SKU was ever given to Redis\n");
    } else if (done->end == FLASH_RECOVER_NOTHING) {
        fprintf(stderr, "recover: nothing indicates a need; --force recovers all the same\n");
    } else if (done->end != FLASH_RECOVER_DONE && done->end != FLASH_RECOVER_NEEDED) {
        fprintf(stderr, "recover: %s: %s\n", flash_recover_end_name(done->end), done->err.text);
    }
}

/* ---- the run ---- */

static bool confirmed(const struct flash_recover_done *done)
{
    char line[16];
    if (asked.yes) {
        return true;
    }
    fprintf(stderr, "recover: %" PRId64 " of %" PRId64 " SKUs are in need of a recovery\n",
            done->in_need, done->skus);
    if (!isatty(STDIN_FILENO)) {
        fprintf(stderr, "recover: say --yes to recover\n");
        return false;
    }
    fprintf(stderr, "Nothing is sold of them until it is done. Recover? [y/N] ");
    return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

/* Looks, asks, recovers; returns the exit code. */
static int act(struct recovery *run)
{
    struct flash_recover_done done;
    struct flash_error err = {0};
    struct flash_recover_options how = {.wish = asked.wish,
                                        .only_look = true,
                                        .step = step,
                                        .pause = wait_a_little,
                                        .found = found,
                                        .arg = run};
    flash_recover_run(run->recover, &how, &done);
    flash_output_section(run->output, &sku_section);
    if (done.end == FLASH_RECOVER_NEEDED) {
        run->begun = confirmed(&done);
        how.only_look = !run->begun;
        how.sku = put_sku;
        flash_recover_run(run->recover, &how, &done);
    }
    put_findings(run);
    put_recovery(run, &done);
    say_end(&done);
    if (run->begun &&
        !flash_recover_record_write(run->record, &done, flash_verb_operator(), &err)) {
        fprintf(stderr, "recover: not recorded: %s\n", err.text);
    }
    return done.unknown ? FLASH_EXIT_USAGE
                        : flash_recover_exit_code(done.end, run->found.count > 0);
}

int flash_verb_recover(int argc, char *const argv[])
{
    static const struct flash_producer_hooks hooks = {.delivered = flash_publish_delivered};
    static struct flash_config config; /* large */
    struct recovery run = {.stage = FLASH_RECOVER_STAGE_COUNT};
    struct flash_error err = {0};
    int code;
    if (!flash_verb_read(&page, &(struct flash_verb_line){argc, argv}, &config, &code)) {
        return code;
    }
    const struct flash_output_start start = {stdout, asked.format,
                                             flash_output_wants_colours(stdout)};
    if (!flash_producer_new(&config, &hooks, &run.producer, &err) ||
        !flash_recover_record_new(&config, &run.record, &err) ||
        !flash_recover_new(&config, run.producer, &run.recover, &err) ||
        !flash_output_new(&start, &run.output, &err)) {
        code = flash_verb_fail(&page, &err);
    } else {
        code = act(&run);
        code = flash_output_end(run.output, &err) ? code : flash_verb_fail(&page, &err);
    }
    flash_output_free(run.output);
    flash_audit_list_finish(&run.found);
    flash_recover_free(run.recover);
    flash_recover_record_free(run.record);
    flash_producer_free(run.producer);
    return code;
}
