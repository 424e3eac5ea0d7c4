/* flash-reconciler plan: writes down what would be done about what is open. */
#include <stdio.h>

#include "listing.h"
#include "plan.h"
#include "reconcile.h"
#include "verb.h"
#include "verb_progress.h"

static struct {
    int64_t sku; /* 0: all */
    const char *operator;
    enum flash_output_format format;
} asked;

static const struct flash_verb_option options[] = {
    {"sku", "N", "of this SKU only", flash_verb_read_sku, "a whole number above 0", &asked.sku},
    FLASH_VERB_OPERATOR(asked.operator),
    FLASH_VERB_OUTPUT(asked.format),
};

static const struct flash_verb_page page = {
    "plan",
    "Looks as report does, and writes a run of mode plan into the ledger with what would be done: "
    "settle\n(the ledger's verdict is told to Redis), or prove and mend (an entry without verdict "
    "is proven lost,\nsent again, and, lost again, fenced: its units go back). Nothing else is "
    "changed. What has no\naction is listed, and no part of the plan. The plan's id is for "
    "apply.\n",
    options, sizeof(options) / sizeof(options[0]),
    "flash-reconciler plan --config /etc/flashgate/flash.conf\n"
    "flash-reconciler plan --sku 42 --output json | jq -r .plan.plan_id\n"};

static const struct flash_output_column plan_columns[] = {
    {"plan_id", FLASH_OUTPUT_TEXT},      {"state", FLASH_OUTPUT_WORD},
    {"generation", FLASH_OUTPUT_NUMBER}, {"sku", FLASH_OUTPUT_NUMBER},
    {"planned", FLASH_OUTPUT_NUMBER},    {"without_action", FLASH_OUTPUT_NUMBER},
    {"skus", FLASH_OUTPUT_NUMBER},       {"skus_skipped", FLASH_OUTPUT_NUMBER},
    {"entries", FLASH_OUTPUT_NUMBER},
};
static const struct flash_output_section plan_section = {"plan", plan_columns, 9, .one = true,
                                                         .aside = true};

struct planning {
    struct flash_runs *runs;
    struct flash_uuid id;
    int64_t generation;
    struct flash_output *output;
    struct flash_sums sums;
    struct flash_progress progress;
    int64_t planned, others;
    enum flash_run_state state; /* of its run, in the end */
    struct flash_error err;     /* the first finding that could not be written */
};

static void found(const struct flash_finding *finding, void *arg)
{
    struct planning *planning = arg;
    struct flash_finding mine = *finding;
    const char *action = finding->has_entry ? flash_plan_action(finding->cause) : NULL;
    mine.state = action ? FLASH_FINDING_PLANNED : FLASH_FINDING_OPEN;
    planning->planned += action != NULL;
    planning->others += action == NULL;
    flash_listing_put(planning->output, &mine, action);
    flash_sums_add(&planning->sums, &mine);
    if (planning->err.kind == FLASH_ERROR_NONE &&
        !flash_runs_add(planning->runs, &mine, &planning->err)) {
        planning->err.kind = FLASH_ERROR_RETRY;
    }
}

static bool step(const struct flash_reconcile_step *at, void *arg)
{
    struct planning *planning = arg;
    flash_progress_step(&planning->progress, at->entries,
                        at->skus ? (double)at->skus_done / (double)at->skus : 0);
    return planning->err.kind == FLASH_ERROR_NONE;
}

static void put_plan(const struct planning *planning, const struct flash_reconcile_done *done)
{
    char id[FLASH_UUID_TEXT + 1];
    flash_uuid_format(&planning->id, id);
    const struct flash_output_cell cells[] = {
        flash_output_text(id),
        flash_output_text(flash_run_state_name(planning->state)),
        flash_output_number(planning->generation),
        asked.sku ? flash_output_number(asked.sku) : flash_output_none(),
        flash_output_number(planning->planned),
        flash_output_number(planning->others),
        flash_output_number(done->skus),
        flash_output_number(done->skipped),
        flash_output_number(done->entries),
    };
    flash_output_section(planning->output, &plan_section);
    flash_output_row(planning->output, cells);
}

/* Whether all was looked at, so that the plan may be applied; else planning->err says why not. */
static bool is_whole(struct planning *planning, const struct flash_reconcile_done *done)
{
    struct flash_error *err = &planning->err;
    if (err->kind != FLASH_ERROR_NONE) {
        return false;
    }
    if (done->end != FLASH_RECONCILE_COMPLETE) {
        *err = done->err;
        return false;
    }
    if (asked.sku && done->skus == 0) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "the ledger has no such SKU");
    }
    return done->generation == planning->generation ||
           flash_error_set(err, FLASH_ERROR_RETRY, "the generation changed meanwhile: plan again");
}

/* Writes the run's end; returns the exit code. */
static int end_run(struct planning *planning, const struct flash_reconcile_done *done)
{
    struct flash_error err = {0};
    bool whole = is_whole(planning, done);
    bool found_some = planning->planned + planning->others + done->skipped > 0;
    int code = whole ? found_some : flash_verb_fail(&page, &planning->err);
    const struct flash_run_end end = {.state = whole ? FLASH_RUN_PLANNED : FLASH_RUN_FAILED,
                                      .skus = done->skus,
                                      .entries = done->entries,
                                      .exit_code = code,
                                      .detail = planning->err.text};
    bool written = flash_runs_end(planning->runs, &end, &err);
    planning->state = written ? end.state : FLASH_RUN_FAILED;
    return written ? code : flash_verb_fail(&page, &err);
}

/* A pass that only looks; returns the exit code. */
static int look(struct planning *planning, struct flash_reconcile *reconcile)
{
    const struct flash_reconcile_options pass = {.depth = FLASH_RECONCILE_LOOK,
                                                 .sku = asked.sku,
                                                 .found = found,
                                                 .step = step,
                                                 .arg = planning};
    struct flash_reconcile_done done;
    flash_output_section(planning->output, &flash_listing_findings);
    flash_reconcile_pass(reconcile, &pass, &done);
    int code = end_run(planning, &done);
    flash_sums_put(&planning->sums, planning->output);
    put_plan(planning, &done);
    flash_progress_end(&planning->progress, done.entries);
    return code;
}

/* Opens the run: whose generation comes first. */
static bool begin(struct planning *planning, const struct flash_config *config,
                  struct flash_error *err)
{
    struct flash_mysql *mysql = NULL;
    bool ok = flash_mysql_new(config, &mysql, err) &&
              flash_plan_generation(mysql, &planning->generation, err) &&
              flash_runs_new(config, &planning->runs, err) &&
              flash_runs_begin(planning->runs,
                               &(struct flash_run_start){.mode = FLASH_RUN_PLAN,
                                                         .operator= asked.operator,
                                                         .generation = planning->generation,
                                                         .sku = asked.sku},
                               &planning->id, err);
    flash_mysql_free(mysql);
    return ok;
}

int flash_verb_plan(int argc, char *const argv[])
{
    static struct flash_config config; /* large */
    struct flash_reconcile *reconcile = NULL;
    struct planning planning = {0};
    struct flash_error err = {0};
    int code;
    asked.operator= flash_verb_operator();
    if (!flash_verb_read(&page, &(struct flash_verb_line){argc, argv}, &config, &code)) {
        return code;
    }
    const struct flash_output_start start = {stdout, asked.format,
                                             flash_output_wants_colours(stdout)};
    flash_progress_begin(&planning.progress, "entries compared");
    if (!flash_reconcile_new(&config, NULL, &reconcile, &err) || !begin(&planning, &config, &err) ||
        !flash_output_new(&start, &planning.output, &err)) {
        code = flash_verb_fail(&page, &err);
    } else {
        code = look(&planning, reconcile);
        code = flash_output_end(planning.output, &err) ? code : flash_verb_fail(&page, &err);
    }
    flash_sums_finish(&planning.sums);
    flash_output_free(planning.output);
    flash_runs_free(planning.runs);
    flash_reconcile_free(reconcile);
    return code;
}
