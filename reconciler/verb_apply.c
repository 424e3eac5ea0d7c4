/* flash-reconciler apply: does what a plan says. */
#include <signal.h>
#include <stdio.h>

#include "apply.h"
#include "verb.h"
#include "verb_progress.h"

static struct {
    struct flash_uuid plan;
    int64_t force;    /* 0: the guard decides */
    int64_t unproven; /* 0: none */
    const char *operator;
    enum flash_output_format format;
} asked;

static const struct flash_verb_option options[] = {
    {NULL, "PLAN-ID", "as plan has printed it", flash_verb_read_uuid, "the id of a plan",
     &asked.plan, .needed = true},
    {"force", "N", "compensations at most, whatever the guard says", flash_verb_read_count,
     "a whole number from 1 to 1000000000", &asked.force},
    {"unproven", "N", "entries at most to give up without a proof", flash_verb_read_count,
     "a whole number from 1 to 1000000000", &asked.unproven},
    FLASH_VERB_OPERATOR(asked.operator),
    FLASH_VERB_OUTPUT(asked.format),
};

static const struct flash_verb_page page = {
    "apply",
    "Does what the plan says and nothing else, each finding once. Every planned entry is looked at "
    "again\nfirst. The plan is refused as stale, and nothing is done, when the ledger is of "
    "another generation,\nor when, before any of it was applied, an entry is open for another "
    "cause than it was planned for.\nAn entry that is not open any more is gone: nothing is left "
    "to do. What was done is written down as\nit goes: after a kill the same apply again goes on, "
    "and of a plan that is applied it does nothing.\nWithout verdict an entry has to be proven "
    "lost, which takes a minute or two; what is not proven in\ntime is left for another apply.\n"
    "With --unproven nothing is proven, for when Kafka or the consumer stays away: reserves and "
    "takes\nwithout verdict, as old as reconciler.compensate_after, are given up by fence. Their "
    "orders FAIL, also\nthose whose message would have come. "
    "The lease is needed: where a daemon acts, it has it.\n",
    options, sizeof(options) / sizeof(options[0]),
    "flash-reconciler apply 01997a5c-0b7e-7c4a-9a51-3f6f3f0f9d11\n"
    "flash-reconciler apply 01997a5c-0b7e-7c4a-9a51-3f6f3f0f9d11 --force 500\n"};

static const struct flash_output_column columns[] = {
    {"plan_id", FLASH_OUTPUT_TEXT},   {"run_id", FLASH_OUTPUT_TEXT},
    {"ended", FLASH_OUTPUT_WORD},     {"planned", FLASH_OUTPUT_NUMBER},
    {"applied", FLASH_OUTPUT_NUMBER}, {"gone", FLASH_OUTPUT_NUMBER},
    {"refused", FLASH_OUTPUT_NUMBER}, {"left", FLASH_OUTPUT_NUMBER},
};
static const struct flash_output_section section = {"apply", columns, 8, .one = true};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static bool step(const struct flash_apply_step *at, void *arg)
{
    flash_progress_step(arg, at->done, at->planned ? (double)at->done / (double)at->planned : 0);
    return !stopped;
}

static void put(struct flash_output *output, const struct flash_apply_done *done)
{
    char plan[FLASH_UUID_TEXT + 1], run[FLASH_UUID_TEXT + 1];
    flash_uuid_format(&asked.plan, plan);
    flash_uuid_format(&done->run, run);
    const struct flash_output_cell cells[] = {
        flash_output_text(plan),
        flash_output_text(done->has_run ? run : NULL),
        flash_output_text(flash_apply_end_name(done->end)),
        flash_output_number(done->planned),
        flash_output_number(done->applied),
        flash_output_number(done->gone),
        flash_output_number(done->refused),
        flash_output_number(done->left),
    };
    flash_output_section(output, &section);
    flash_output_row(output, cells);
}

/* Returns the exit code. */
static int apply(const struct flash_config *config, struct flash_output *output)
{
    struct flash_progress progress;
    struct flash_apply_done done;
    const struct flash_apply_options how = {.config = config,
                                            .plan = &asked.plan,
                                            .operator= asked.operator,
                                            .force = asked.force,
                                            .unproven = asked.unproven,
                                            .step = step,
                                            .arg = &progress};
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    flash_progress_begin(&progress, "planned findings done");
    flash_apply_run(&how, &done);
    put(output, &done);
    flash_progress_end(&progress, done.planned - done.left);
    if (done.end != FLASH_APPLY_DONE) {
        flash_verb_fail(&page, &done.err);
    }
    return flash_apply_exit_code(&done);
}

int flash_verb_apply(int argc, char *const argv[])
{
    static struct flash_config config; /* large */
    struct flash_output *output = NULL;
    struct flash_error err = {0};
    int code;
    asked.operator= flash_verb_operator();
    if (!flash_verb_read(&page, &(struct flash_verb_line){argc, argv}, &config, &code)) {
        return code;
    }
    if (asked.force && asked.unproven) {
        flash_error_set(&err, FLASH_ERROR_CONFIG, "--force and --unproven do not go together");
        return flash_verb_fail(&page, &err);
    }
    const struct flash_output_start start = {stdout, asked.format,
                                             flash_output_wants_colours(stdout)};
    if (!flash_output_new(&start, &output, &err)) {
        return flash_verb_fail(&page, &err);
    }
    code = apply(&config, output);
    code = flash_output_end(output, &err) ? code : flash_verb_fail(&page, &err);
    flash_output_free(output);
    return code;
}
