/* Passes over the inflows, again and again; see inflow_duty.h. A run is recorded only for a pass
 * that found something. */
#include "inflow_duty.h"

#include <stdlib.h>

#include "duty.h"
#include "flash/log.h"
#include "inflow.h"
#include "runs.h"

#define INTERVAL_MS 2000

struct flash_inflow_duty {
    struct flash_inflows *inflows;
    struct flash_runs *runs;
    struct flash_duty *duty;
    int64_t generation; /* the last pass's */
    bool said_away;
    int64_t said_broken;
};

/* The units are mended whether or not this can be written down. */
static void record(const struct flash_finding *finding, void *arg)
{
    struct flash_inflow_duty *duty = arg;
    struct flash_uuid id;
    struct flash_error err = {0};
    const struct flash_run_start start = {
        .mode = FLASH_RUN_RUN, .operator= "flash-reconciler", .generation = duty->generation};
    FLASH_LOG(WARN, "reconciler.inflow", FLASH_INT("sku", finding->sku),
              FLASH_INT("quantity", finding->quantity), FLASH_INT("age_ms", finding->age_ms),
              FLASH_TEXT("detail", finding->detail));
    if ((!flash_runs_open(duty->runs) && !flash_runs_begin(duty->runs, &start, &id, &err)) ||
        !flash_runs_add(duty->runs, finding, &err)) {
        FLASH_LOG(WARN, "reconciler.not_recorded", FLASH_TEXT("error", err.text));
    }
}

static void end_run(struct flash_inflow_duty *duty, const struct flash_inflows_done *done)
{
    struct flash_error err = {0};
    const struct flash_run_end end = {.state = FLASH_RUN_DONE,
                                      .skus = done->skus,
                                      .exit_code = 1,
                                      .detail = "inflows that Redis lacked were applied"};
    if (flash_runs_open(duty->runs) && !flash_runs_end(duty->runs, &end, &err)) {
        FLASH_LOG(WARN, "reconciler.not_recorded", FLASH_TEXT("error", err.text));
    }
}

static void say_changes(struct flash_inflow_duty *duty, const struct flash_inflows_done *done,
                        bool whole)
{
    if (!whole && !duty->said_away) {
        FLASH_LOG(WARN, "reconciler.inflows_broken_off", FLASH_TEXT("error", done->err.text));
    } else if (whole && duty->said_away) {
        FLASH_LOG(INFO, "reconciler.inflows_go_on", FLASH_INT("skus", done->skus));
    }
    duty->said_away = !whole;
    if (whole && done->broken != duty->said_broken) {
        FLASH_LOG(ERROR, "reconciler.inflows_broken", FLASH_INT("skus", done->broken),
                  FLASH_INT("one_of_them", done->broken_sku), FLASH_TEXT("error", done->err.text));
        duty->said_broken = done->broken;
    }
}

static void pass(struct flash_duty *of, void *arg)
{
    struct flash_inflow_duty *duty = arg;
    struct flash_inflows_done done;
    (void)of;
    bool whole = flash_inflows_pass(duty->inflows, &done);
    duty->generation = done.generation ? done.generation : duty->generation;
    end_run(duty, &done);
    say_changes(duty, &done, whole);
}

bool flash_inflow_duty_new(const struct flash_config *config, struct flash_inflow_duty **ret_duty,
                           struct flash_error *err)
{
    struct flash_inflow_duty *duty = calloc(1, sizeof(*duty));
    if (!duty) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "inflows: out of memory");
    }
    const struct flash_inflows_parts parts = {config, record, duty};
    const struct flash_duty_plan plan = {INTERVAL_MS, pass, duty};
    if (!flash_runs_new(config, &duty->runs, err) ||
        !flash_inflows_new(&parts, &duty->inflows, err) ||
        !flash_duty_new(&plan, &duty->duty, err)) {
        flash_inflow_duty_free(duty);
        return false;
    }
    *ret_duty = duty;
    return true;
}

void flash_inflow_duty_stop(struct flash_inflow_duty *duty)
{
    if (duty) {
        flash_duty_stop(duty->duty);
    }
}

void flash_inflow_duty_free(struct flash_inflow_duty *duty)
{
    if (duty) {
        flash_duty_free(duty->duty);
        flash_inflows_free(duty->inflows);
        flash_runs_free(duty->runs);
        free(duty);
    }
}
