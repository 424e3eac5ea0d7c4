/* Applies a plan from its first question to its last; see apply.h. The lease is held here, on a
 * connection of its own, so the passes do without. */
#include "apply.h"

#include <stdlib.h>
#include <string.h>

#include "apply_internal.h"
#include "publish.h"

#define FLUSH_MS 5000

bool flash_apply_end(struct flash_apply *apply, enum flash_apply_end end,
                     const struct flash_error *err)
{
    apply->done->end = end;
    if (err && err != &apply->done->err) {
        apply->done->err = *err;
    }
    return false;
}

bool flash_apply_end_by(struct flash_apply *apply, enum flash_apply_end end, const char *why)
{
    flash_error_set(&apply->done->err, FLASH_ERROR_RETRY, "%s", why);
    return flash_apply_end(apply, end, NULL);
}

/* ---- before anything is done ---- */

static bool needs_proof(const struct flash_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct flash_plan_item *item = &plan->items[i];
        if (item->state == FLASH_FINDING_PLANNED && item->cause != FLASH_CAUSE_UNSETTLED) {
            return true;
        }
    }
    return false;
}

static bool hold_lease(struct flash_apply *apply)
{
    const struct flash_config *config = apply->options->config;
    const struct flash_lease_plan plan = {"flash.reconcile", config->reconciler.interval_ms};
    struct flash_error *err = &apply->done->err;
    bool held = true;
    if (config->reconciler.lease == FLASH_SWITCH_OFF) {
        return true;
    }
    if (!flash_lease_new(config, &plan, &apply->lease, err) ||
        !flash_lease_take(apply->lease, &held, err)) {
        return flash_apply_end(apply, FLASH_APPLY_AWAY, err);
    }
    return held ||
           flash_apply_end_by(apply, FLASH_APPLY_LEASE, "another reconciler holds the lease");
}

static bool load_plan(struct flash_apply *apply)
{
    struct flash_error *err = &apply->done->err;
    if (!flash_plan_load(apply->mysql, apply->options->plan, &apply->plan, err)) {
        return flash_apply_end(apply, FLASH_APPLY_AWAY, err);
    }
    const struct flash_plan *plan = apply->plan;
    if (!plan || !plan->is_plan) {
        return flash_apply_end_by(apply, FLASH_APPLY_NO_PLAN, "no plan has this id");
    }
    apply->done->planned = (int64_t)plan->count;
    switch (plan->state) {
    case FLASH_RUN_PLANNED:
    case FLASH_RUN_APPLIED:
        return true;
    case FLASH_RUN_STALE:
        return flash_apply_end_by(apply, FLASH_APPLY_STALE, "the plan is stale: plan again");
    default:
        return flash_apply_end_by(apply, FLASH_APPLY_NO_PLAN,
                                  "this plan was never finished: plan again");
    }
}

static bool make_stale(struct flash_apply *apply, const char *why)
{
    flash_apply_end_by(apply, FLASH_APPLY_STALE, why);
    for (size_t i = 0; i < apply->plan->count; i++) {
        flash_plan_set(apply->plan, &apply->plan->items[i], FLASH_FINDING_REFUSED);
    }
    if (!flash_plan_save(apply->plan, apply->mysql, &apply->done->err) ||
        !flash_plan_close(apply->plan, apply->mysql, FLASH_RUN_STALE, &apply->done->err)) {
        apply->done->end = FLASH_APPLY_AWAY;
    }
    return false;
}

static bool check_generation(struct flash_apply *apply)
{
    int64_t generation = 0;
    if (!flash_plan_generation(apply->mysql, &generation, &apply->done->err)) {
        return flash_apply_end(apply, FLASH_APPLY_AWAY, NULL);
    }
    return generation == apply->plan->generation ||
           make_stale(apply, "the plan is of another generation: stale, plan again");
}

static bool make_parts(struct flash_apply *apply)
{
    static const struct flash_producer_hooks hooks = {.delivered = flash_publish_delivered};
    struct flash_error *err = &apply->done->err;
    apply->config = malloc(sizeof(*apply->config));
    if (!apply->config) {
        return flash_apply_end_by(apply, FLASH_APPLY_AWAY, "out of memory");
    }
    *apply->config = *apply->options->config;
    apply->config->reconciler.lease = FLASH_SWITCH_OFF;
    if ((!apply->options->unproven && needs_proof(apply->plan) &&
         !flash_producer_new(apply->config, &hooks, &apply->producer, err)) ||
        !flash_reconcile_new(apply->config, apply->producer, &apply->reconcile, err) ||
        !flash_runs_new(apply->config, &apply->runs, err)) {
        return flash_apply_end(apply, FLASH_APPLY_AWAY, NULL);
    }
    return true;
}

static bool is_as_planned(struct flash_apply *apply)
{
    for (size_t i = 0; !apply->plan->begun && i < apply->plan->count; i++) {
        const struct flash_plan_item *item = &apply->plan->items[i];
        if (item->state == FLASH_FINDING_PLANNED && item->seen && item->changed) {
            return make_stale(apply, "entries are not what they were: stale, plan again");
        }
    }
    return true;
}

/* ---- from the beginning to the end ---- */

static bool begin_run(struct flash_apply *apply)
{
    const struct flash_run_start start = {.mode = FLASH_RUN_APPLY,
                                          .operator= apply->options->operator,
                                          .generation = apply->plan->generation,
                                          .plan = &apply->plan->id,
                                          .sku = apply->plan->sku};
    apply->done->has_run =
        flash_runs_begin(apply->runs, &start, &apply->done->run, &apply->done->err);
    return apply->done->has_run || flash_apply_end(apply, FLASH_APPLY_AWAY, NULL);
}

static void count(struct flash_apply *apply)
{
    const struct flash_plan *plan = apply->plan;
    apply->done->applied = plan->states[FLASH_FINDING_APPLIED];
    apply->done->gone = plan->states[FLASH_FINDING_GONE];
    apply->done->refused = plan->states[FLASH_FINDING_REFUSED];
    apply->done->left = plan->states[FLASH_FINDING_PLANNED];
}

/* The plan's end, when nothing of it is left, and the run's. */
static void conclude(struct flash_apply *apply)
{
    static const enum flash_run_state states[FLASH_APPLY_END_COUNT] = {
        [FLASH_APPLY_DONE] = FLASH_RUN_APPLIED,    [FLASH_APPLY_LEFT] = FLASH_RUN_DONE,
        [FLASH_APPLY_STALE] = FLASH_RUN_STALE,     [FLASH_APPLY_NO_PLAN] = FLASH_RUN_FAILED,
        [FLASH_APPLY_LEASE] = FLASH_RUN_FAILED,    [FLASH_APPLY_GUARD] = FLASH_RUN_STOPPED,
        [FLASH_APPLY_STOPPED] = FLASH_RUN_STOPPED, [FLASH_APPLY_AWAY] = FLASH_RUN_FAILED,
    };
    struct flash_apply_done *done = apply->done;
    count(apply);
    if (done->end == FLASH_APPLY_DONE) {
        done->err = (struct flash_error){0}; /* of what was tried again and worked */
    }
    if (done->end == FLASH_APPLY_DONE && done->refused > 0) {
        flash_apply_end_by(apply, FLASH_APPLY_GUARD,
                           apply->options->unproven
                               ? "so many were given up: plan the others again"
                               : "the guard held some back: plan them again, with --force");
    }
    if (done->left == 0 &&
        !flash_plan_close(apply->plan, apply->mysql, FLASH_RUN_APPLIED, &done->err)) {
        done->end = FLASH_APPLY_AWAY;
    }
    apply->sums.state = states[done->end];
    apply->sums.exit_code = flash_apply_exit_code(done);
    apply->sums.detail = done->err.text;
    struct flash_error err;
    if (!flash_runs_end(apply->runs, &apply->sums, &err) && done->end == FLASH_APPLY_DONE) {
        flash_apply_end(apply, FLASH_APPLY_AWAY, &err);
    }
}

static void work(struct flash_apply *apply)
{
    if (!hold_lease(apply) || !load_plan(apply)) {
        return;
    }
    if (apply->plan->state == FLASH_RUN_APPLIED) {
        count(apply);
        return; /* done before */
    }
    if (!check_generation(apply) || !make_parts(apply) ||
        !flash_apply_look(apply, FLASH_FINDING_GONE) || !is_as_planned(apply) ||
        !begin_run(apply)) {
        return;
    }
    if (apply->plan->states[FLASH_FINDING_PLANNED] > 0) {
        flash_apply_act(apply);
    }
    conclude(apply);
}

void flash_apply_run(const struct flash_apply_options *options, struct flash_apply_done *ret_done)
{
    struct flash_apply apply = {.options = options, .done = ret_done};
    *ret_done = (struct flash_apply_done){.end = FLASH_APPLY_DONE};
    if (!flash_mysql_new(options->config, &apply.mysql, &ret_done->err)) {
        flash_apply_end(&apply, FLASH_APPLY_AWAY, NULL);
    } else {
        work(&apply);
    }
    if (apply.producer) {
        flash_producer_flush(apply.producer, FLUSH_MS);
    }
    flash_reconcile_free(apply.reconcile);
    flash_producer_free(apply.producer);
    flash_runs_free(apply.runs);
    flash_lease_free(apply.lease);
    flash_plan_free(apply.plan);
    flash_mysql_free(apply.mysql);
    if (apply.config) {
        explicit_bzero(apply.config, sizeof(*apply.config)); /* it holds secrets */
        free(apply.config);
    }
}

const char *flash_apply_end_name(enum flash_apply_end end)
{
    static const char *const names[FLASH_APPLY_END_COUNT] = {
        [FLASH_APPLY_DONE] = "done",       [FLASH_APPLY_LEFT] = "left",
        [FLASH_APPLY_STALE] = "stale",     [FLASH_APPLY_NO_PLAN] = "no_plan",
        [FLASH_APPLY_LEASE] = "lease",     [FLASH_APPLY_GUARD] = "guard",
        [FLASH_APPLY_STOPPED] = "stopped", [FLASH_APPLY_AWAY] = "away",
    };
    return names[end];
}

int flash_apply_exit_code(const struct flash_apply_done *done)
{
    static const int codes[FLASH_APPLY_END_COUNT] = {
        [FLASH_APPLY_LEFT] = 1,  [FLASH_APPLY_STALE] = 1, [FLASH_APPLY_NO_PLAN] = 2,
        [FLASH_APPLY_LEASE] = 4, [FLASH_APPLY_GUARD] = 5, [FLASH_APPLY_STOPPED] = 1,
        [FLASH_APPLY_AWAY] = 3,
    };
    return codes[done->end];
}
