/* Rounds of looking and acting on a plan's entries, and nothing else; see apply.h. */
#include <poll.h>
#include <string.h>

#include "apply_internal.h"
#include "flash/fault.h"
#include "flash/time.h"

#define REPORTS 4096  /* of Kafka's, at once */
#define TICK_MS 20    /* between looks at whether to stop, while waiting */
#define SLACK_MS 5000 /* beyond what a proof takes, before the rest is left */

static bool stop_asked(struct flash_apply *apply)
{
    const struct flash_apply_step step = {.done = (int64_t)apply->plan->count -
                                                  apply->plan->states[FLASH_FINDING_PLANNED],
                                          .planned = (int64_t)apply->plan->count};
    return apply->options->step && !apply->options->step(&step, apply->options->arg);
}

/* False: it is over. */
static bool keep_lease(struct flash_apply *apply)
{
    bool held = true;
    if (apply->lease && !flash_lease_keep(apply->lease, &held, &apply->done->err)) {
        return flash_apply_end(apply, FLASH_APPLY_AWAY, NULL);
    }
    return held ||
           flash_apply_end_by(apply, FLASH_APPLY_LEASE, "another reconciler took the lease");
}

/* ---- passes ---- */

static bool wants(const struct flash_uuid *entry, void *arg)
{
    struct flash_apply *apply = arg;
    const struct flash_plan_item *item = flash_plan_find(apply->plan, entry);
    return item && item->state == FLASH_FINDING_PLANNED;
}

static void see(const struct flash_finding *finding, void *arg)
{
    struct flash_apply *apply = arg;
    struct flash_plan_item *item =
        finding->has_entry ? flash_plan_find(apply->plan, &finding->entry) : NULL;
    bool open = finding->cause == FLASH_CAUSE_UNSETTLED || finding->cause == FLASH_CAUSE_LATE ||
                finding->cause == FLASH_CAUSE_LOST;
    if (item && open) {
        item->seen = true;
        item->changed =
            (finding->cause == FLASH_CAUSE_UNSETTLED) != (item->cause == FLASH_CAUSE_UNSETTLED);
    }
}

/* An entry that was lost is mended once it is open no more: that a look tells. */
static void mend(const struct flash_finding *finding, void *arg)
{
    struct flash_apply *apply = arg;
    struct flash_plan_item *item =
        finding->has_entry ? flash_plan_find(apply->plan, &finding->entry) : NULL;
    bool settled =
        finding->cause == FLASH_CAUSE_UNSETTLED && finding->state == FLASH_FINDING_APPLIED;
    if (item && (settled || finding->state == FLASH_FINDING_REFUSED)) {
        flash_plan_set(apply->plan, item, finding->state);
    }
}

static bool step(const struct flash_reconcile_step *at, void *arg)
{
    struct flash_apply *apply = arg;
    (void)at;
    if (apply->producer) {
        flash_producer_poll(apply->producer, REPORTS);
    }
    FLASH_FAULT("apply.acted");
    bool saved = flash_plan_save(apply->plan, apply->mysql, &apply->done->err);
    FLASH_FAULT("apply.saved");
    return saved && keep_lease(apply) && !stop_asked(apply);
}

/* What the operator lets through is of all passes together. */
static int64_t may_force(const struct flash_apply *apply)
{
    const struct flash_apply_options *options = apply->options;
    int64_t most = options->unproven ? options->unproven : options->force;
    return most > apply->sums.compensated ? most - apply->sums.compensated : 0;
}

static bool pass(struct flash_apply *apply, enum flash_reconcile_depth depth)
{
    const struct flash_reconcile_options options = {
        .depth = depth,
        .sku = apply->plan->sku,
        .force = may_force(apply),
        .unproven = apply->options->unproven > 0,
        .wants = wants,
        .found = depth == FLASH_RECONCILE_ACT ? mend : see,
        .step = step,
        .arg = apply,
    };
    flash_reconcile_pass(apply->reconcile, &options, &apply->pass);
    apply->sums.skus = apply->pass.skus;
    apply->sums.entries += apply->pass.entries;
    if (depth == FLASH_RECONCILE_ACT) {
        apply->sums.settled += apply->pass.settled;
        apply->sums.resent += apply->pass.resent;
        apply->sums.compensated += apply->pass.compensated;
    }
    switch (apply->pass.end) {
    case FLASH_RECONCILE_COMPLETE:
    case FLASH_RECONCILE_GUARD:
    case FLASH_RECONCILE_NO_KAFKA:
        return true;
    case FLASH_RECONCILE_STOPPED:
        if (apply->done->end == FLASH_APPLY_LEASE) {
            return false;
        }
        return apply->done->err.kind != FLASH_ERROR_NONE
                   ? flash_apply_end(apply, FLASH_APPLY_AWAY, NULL)
                   : flash_apply_end(apply, FLASH_APPLY_STOPPED, &apply->pass.err);
    default:
        return flash_apply_end(apply, FLASH_APPLY_AWAY, &apply->pass.err);
    }
}

/* What was in a SKU that could not be read is neither there nor gone. */
bool flash_apply_look(struct flash_apply *apply, enum flash_finding_state others)
{
    for (size_t i = 0; i < apply->plan->count; i++) {
        apply->plan->items[i].seen = false;
    }
    if (!pass(apply, FLASH_RECONCILE_LOOK)) {
        return false;
    }
    for (size_t i = 0; apply->pass.skipped == 0 && i < apply->plan->count; i++) {
        if (!apply->plan->items[i].seen) {
            flash_plan_set(apply->plan, &apply->plan->items[i], others);
        }
    }
    return flash_plan_save(apply->plan, apply->mysql, &apply->done->err) ||
           flash_apply_end(apply, FLASH_APPLY_AWAY, NULL);
}

/* ---- rounds ---- */

/* Kafka's reports are taken meanwhile. False: stopped. */
static bool wait_ms(struct flash_apply *apply, int64_t ms)
{
    uint64_t until_us = flash_time_monotonic_us() + (uint64_t)ms * 1000;
    struct pollfd reports = {.fd = flash_producer_fd(apply->producer), .events = POLLIN};
    while (flash_time_monotonic_us() < until_us) {
        flash_producer_poll(apply->producer, REPORTS);
        if (stop_asked(apply)) {
            return flash_apply_end_by(apply, FLASH_APPLY_STOPPED, "stopped");
        }
        if (!keep_lease(apply)) {
            return false;
        }
        (void)poll(&reports, 1, TICK_MS);
    }
    return true;
}

/* How long it takes at most until an entry is proven lost, sent again, proven lost again and old
 * enough. */
static int64_t patience_ms(const struct flash_apply *apply)
{
    const struct flash_config *config = apply->config;
    return 3 * config->reconciler.proof_after_ms + config->reconciler.compensate_after_ms +
           SLACK_MS;
}

void flash_apply_act(struct flash_apply *apply)
{
    uint64_t until_us = flash_time_monotonic_us() + (uint64_t)patience_ms(apply) * 1000;
    int64_t pause_ms = apply->config->reconciler.proof_after_ms / 8 + 1;
    while (pass(apply, FLASH_RECONCILE_ACT) && flash_apply_look(apply, FLASH_FINDING_APPLIED) &&
           apply->plan->states[FLASH_FINDING_PLANNED] > 0) {
        if (!apply->producer) {
            flash_apply_end_by(apply, FLASH_APPLY_LEFT, "some entries could not be settled");
            return;
        }
        if (flash_time_monotonic_us() > until_us) {
            flash_apply_end_by(apply, FLASH_APPLY_LEFT,
                               "some entries are not proven lost: Kafka or the consumer is behind");
            return;
        }
        if (!wait_ms(apply, pause_ms)) {
            return;
        }
    }
}
