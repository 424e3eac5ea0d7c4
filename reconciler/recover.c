/* The order of a recovery's steps; see recover.h.
 *
 * Each step may be the last before a crash. Until the raise nothing but gates has changed. After it
 * no transaction and no settle of the old generation is taken any more, so what the sweep reads is
 * all that was ever committed under it, and the rest comes through the consumer under the new one.
 * Gates are the last to be written.
 *
 * A gate opens when the consumer has settled everything up to a marker that was sent after every
 * engine had dropped what it had not sent, or a window later: recover_await.c, muster.h. */
#include "recover_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/fault.h"
#include "flash/time.h"

bool flash_recover_new(const struct flash_config *config, struct flash_producer *producer,
                       struct flash_recover **ret_recover, struct flash_error *err)
{
    struct flash_recover *recover = calloc(1, sizeof(*recover));
    if (!recover) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "recover: out of memory");
    }
    const struct flash_lease_plan lease = {"flash.recover", 0};
    recover->config = config;
    if (!flash_sweep_new(&recover->sweep, err) || !flash_mysql_new(config, &recover->mysql, err) ||
        !flash_lease_new(config, &lease, &recover->lease, err) ||
        !flash_redis_sync_new(config, &recover->redis, err)) {
        flash_recover_free(recover);
        return false;
    }
    recover->replay.mysql = recover->mysql;
    recover->replay.producer = producer;
    recover->replay.sent.topic = recover->replay.now.topic = config->kafka.topic;
    *ret_recover = recover;
    return true;
}

void flash_recover_free(struct flash_recover *recover)
{
    if (recover) {
        flash_redis_sync_free(recover->redis);
        flash_lease_free(recover->lease);
        flash_mysql_free(recover->mysql);
        flash_sweep_free(recover->sweep);
        flash_sight_finish(&recover->sight);
        flash_sight_finish(&recover->fresh);
        flash_respite_finish(&recover->respite);
        free(recover);
    }
}

bool flash_recover_end(struct flash_recover *recover, enum flash_recover_end how)
{
    recover->done->end = how;
    return false;
}

typedef bool (*lease_call)(struct flash_lease *lease, bool *ret_held, struct flash_error *err);

static bool hold_lease(struct flash_recover *recover, lease_call ask)
{
    bool held = false;
    if (!ask(recover->lease, &held, &recover->done->err)) {
        return flash_recover_end(recover, FLASH_RECOVER_NO_LEDGER);
    }
    return held || flash_recover_end(recover, FLASH_RECOVER_LEASE);
}

bool flash_recover_keep_lease(struct flash_recover *recover)
{
    return hold_lease(recover, flash_lease_keep);
}

bool flash_recover_tell(struct flash_recover *recover, int64_t done, int64_t total)
{
    const struct flash_recover_step step = {
        .stage = recover->stage,
        .generation = recover->sight.generation,
        .done = done,
        .total = total,
        .took_us = flash_time_monotonic_us() - recover->stage_us,
    };
    return recover->options->step(&step, recover->options->arg);
}

/* ---- look ---- */

/* Redis is asked first, so that the ledger cannot seem to be behind only because time passed. */
static bool look(struct flash_recover *recover)
{
    struct flash_recover_done *done = recover->done;
    struct flash_sight *sight = &recover->sight, *fresh = &recover->fresh;
    if (!flash_recover_read(recover->mysql, sight, &done->err)) {
        return flash_recover_end(recover, FLASH_RECOVER_NO_LEDGER);
    }
    if (!flash_recover_look(recover->redis, sight, &done->err)) {
        return flash_recover_end(recover, FLASH_RECOVER_NO_REDIS);
    }
    if (!flash_recover_read(recover->mysql, fresh, &done->err)) {
        return flash_recover_end(recover, FLASH_RECOVER_NO_LEDGER);
    }
    flash_sight_take_redis(fresh, sight);
    struct flash_sight old = *sight;
    *sight = *fresh;
    *fresh = old;
    done->skus = (int64_t)sight->count;
    done->unknown =
        recover->options->wish.sku && !flash_sight_find(sight, recover->options->wish.sku);
    done->in_need = flash_sight_judge(sight, &recover->options->wish);
    memset(done->needs, 0, sizeof(done->needs));
    for (size_t i = 0; i < sight->count; i++) {
        done->needs[sight->skus[i].need]++;
    }
    return true;
}

/* ---- the steps ---- */

static bool close_gates(struct flash_recover *recover)
{
    const struct flash_muster_desk desk = {recover->redis, recover->mysql};
    recover->closed_us = flash_time_monotonic_us();
    if (!flash_muster_begin(&recover->muster, &desk, &recover->done->err)) {
        return flash_recover_end(recover, FLASH_RECOVER_NO_LEDGER);
    }
    return flash_recover_close(recover->redis, &recover->sight, &recover->done->err) ||
           flash_recover_end(recover, FLASH_RECOVER_NO_REDIS);
}

static bool raise_ledger(struct flash_recover *recover)
{
    struct flash_sight *sight = &recover->sight;
    if (!flash_recover_read_lost(recover->mysql, sight, recover->config->reconciler.loss_window_ms,
                                 &recover->done->err)) {
        return flash_recover_end(recover, FLASH_RECOVER_NO_LEDGER);
    }
    switch (flash_recover_raise(recover->mysql, sight, recover->config->kafka.topic,
                                &recover->done->err)) {
    case FLASH_RECOVER_RAISED:
        break;
    case FLASH_RECOVER_OUTRUN:
        return flash_recover_end(recover, FLASH_RECOVER_OVERTAKEN);
    case FLASH_RECOVER_FAILED:
        return flash_recover_end(recover, FLASH_RECOVER_NO_LEDGER);
    }
    FLASH_FAULT("recover.raised");
    recover->done->generation = recover->replay.generation = sight->generation;
    for (size_t i = 0; i < sight->count; i++) {
        recover->done->lost += sight->skus[i].lost;
    }
    return true;
}

static bool lift_redis(struct flash_recover *recover)
{
    return (flash_recover_lift(recover->redis, &recover->sight, &recover->done->err) &&
            flash_recover_tell_beacon(recover->redis, &recover->sight, &recover->done->err)) ||
           flash_recover_end(recover, FLASH_RECOVER_NO_REDIS);
}

/* ---- what is to be known about it ---- */

/* So many of a SKU; since_ms: the oldest of them, by the wall clock. */
struct loss {
    enum flash_cause cause;
    int64_t count, since_ms;
};

static void found(struct flash_recover *recover, const struct flash_sight_sku *sku,
                  const struct loss *loss)
{
    static const char *const texts[FLASH_CAUSE_COUNT] = {
        [FLASH_CAUSE_FORGOTTEN] = "entries that Redis had lost were replayed",
        [FLASH_CAUSE_SHORTAGE] = "orders of this SKU were refused by the ledger",
        [FLASH_CAUSE_INFLOW] = "inflows that Redis has were lost by the ledger: make them again",
    };
    if (!recover->options->found || loss->count <= 0) {
        return;
    }
    int64_t age_ms = (int64_t)flash_time_wall_ms() - loss->since_ms;
    struct flash_finding finding = {.cause = loss->cause,
                                    .age_ms = age_ms > 0 ? age_ms : 0,
                                    .state = FLASH_FINDING_APPLIED,
                                    .sku = sku->sku,
                                    .partition = -1,
                                    .offset = -1};
    snprintf(finding.detail, sizeof(finding.detail), "%" PRId64 " %s (generation %" PRId64 ")",
             loss->count, texts[loss->cause], recover->sight.generation);
    recover->options->found(&finding, recover->options->arg);
}

static void report_one(struct flash_recover *recover, const struct flash_sight_sku *sku)
{
    struct flash_error ignored; /* the recovery is done; only its report is shorter */
    struct flash_recover_refused refused = {0};
    const struct loss lost = {FLASH_CAUSE_FORGOTTEN, sku->lost, sku->lost_first_us / 1000};
    const struct loss inflows = {FLASH_CAUSE_INFLOW, sku->redis.inflow - sku->inflow,
                                 (int64_t)flash_time_wall_ms()};
    if (!flash_recover_count_short(recover->mysql, sku->sku, &refused, &ignored)) {
        refused.orders = 0;
    }
    const struct loss short_of = {FLASH_CAUSE_SHORTAGE, refused.orders, refused.since_ms};
    found(recover, sku, &lost);
    found(recover, sku, &inflows);
    found(recover, sku, &short_of);
    if (recover->options->sku) {
        recover->options->sku(sku, refused.orders, recover->options->arg);
    }
}

/* Also of a recovery that was broken off behind the raise. */
static void report(struct flash_recover *recover)
{
    for (size_t i = 0; recover->done->generation && i < recover->sight.count; i++) {
        if (recover->sight.skus[i].need != FLASH_NEED_NOTHING) {
            report_one(recover, &recover->sight.skus[i]);
        }
    }
}

/* ---- the whole ---- */

static const struct {
    const char *name;
    bool (*run)(struct flash_recover *recover);
} stages[FLASH_RECOVER_STAGE_COUNT] = {
    [FLASH_RECOVER_CLOSE] = {"close", close_gates},
    [FLASH_RECOVER_RAISE] = {"raise", raise_ledger},
    [FLASH_RECOVER_LIFT] = {"lift", lift_redis},
    [FLASH_RECOVER_SWEEP] = {"sweep", flash_recover_sweep},
    [FLASH_RECOVER_AWAIT] = {"await", flash_recover_await},
};

static bool run_stages(struct flash_recover *recover)
{
    for (int stage = 0; stage < FLASH_RECOVER_STAGE_COUNT; stage++) {
        recover->stage = (enum flash_recover_stage)stage;
        recover->stage_us = flash_time_monotonic_us();
        if (!flash_recover_keep_lease(recover)) {
            return false;
        }
        if (!flash_recover_tell(recover, 0, recover->done->in_need)) {
            return flash_recover_end(recover, FLASH_RECOVER_STOPPED);
        }
        if (!stages[stage].run(recover)) {
            return false;
        }
    }
    return true;
}

static void recover_all(struct flash_recover *recover)
{
    if (run_stages(recover)) {
        bool whole = recover->done->opened == recover->done->in_need;
        recover->done->end = whole ? FLASH_RECOVER_DONE : FLASH_RECOVER_PARTLY;
        flash_respite_begin(&recover->respite, &recover->sight, flash_time_monotonic_us());
    }
    report(recover);
}

/* Those in need, of which nothing was begun. */
static void name_skus(struct flash_recover *recover)
{
    for (size_t i = 0; recover->options->sku && i < recover->sight.count; i++) {
        if (recover->sight.skus[i].need != FLASH_NEED_NOTHING) {
            recover->options->sku(&recover->sight.skus[i], 0, recover->options->arg);
        }
    }
}

/* True: only what the last run could not mend is in need, and it is too early to try again. */
static bool put_off(struct flash_recover *recover)
{
    struct flash_respite *respite = &recover->respite;
    uint64_t now_us = flash_time_monotonic_us();
    if (!recover->options->patient || !flash_respite_holds(respite, &recover->sight, now_us)) {
        return false;
    }
    flash_error_set(&recover->done->err, FLASH_ERROR_DATA,
                    "%zu SKUs, the first is %" PRId64 ", are damaged in Redis and stay closed; "
                    "tried again in %" PRIu64 " s, at once by flash-reconciler recover",
                    respite->count, respite->skus[0].sku, (respite->until_us - now_us) / 1000000);
    recover->done->end = FLASH_RECOVER_PUT_OFF;
    return true;
}

static void run(struct flash_recover *recover)
{
    if (!look(recover)) {
        return;
    }
    if (recover->done->in_need == 0 || recover->options->only_look) {
        flash_recover_end(recover,
                          recover->done->in_need ? FLASH_RECOVER_NEEDED : FLASH_RECOVER_NOTHING);
        name_skus(recover);
        return;
    }
    if (put_off(recover)) {
        return;
    }
    if (!hold_lease(recover, flash_lease_take)) {
        return;
    }
    if (look(recover) && recover->done->in_need > 0) {
        recover_all(recover);
    }
    flash_lease_give(recover->lease);
}

void flash_recover_run(struct flash_recover *recover, const struct flash_recover_options *options,
                       struct flash_recover_done *ret_done)
{
    uint64_t start_us = flash_time_monotonic_us();
    *ret_done = (struct flash_recover_done){0};
    recover->options = options;
    recover->done = ret_done;
    run(recover);
    ret_done->took_us = (int64_t)(flash_time_monotonic_us() - start_us);
}

bool flash_recover_beacon(struct flash_recover *recover, struct flash_error *err)
{
    const struct flash_muster_desk desk = {recover->redis, recover->mysql};
    bool beaten = false;
    if (!flash_muster_note(&recover->muster, &desk, err) ||
        !flash_recover_beat(recover->mysql, recover->sight.beacon, &beaten, err)) {
        return false;
    }
    if (!beaten) {
        return true; /* another one has just done it, or the ledger fell back: the next look tells
                      */
    }
    recover->sight.beacon++;
    return flash_recover_tell_beacon(recover->redis, &recover->sight, err);
}

const char *flash_recover_stage_name(enum flash_recover_stage stage)
{
    return stages[stage].name;
}

const char *flash_recover_end_name(enum flash_recover_end how)
{
    static const char *const names[FLASH_RECOVER_END_COUNT] = {
        [FLASH_RECOVER_NOTHING] = "nothing",   [FLASH_RECOVER_NEEDED] = "needed",
        [FLASH_RECOVER_DONE] = "done",         [FLASH_RECOVER_PARTLY] = "partly",
        [FLASH_RECOVER_STOPPED] = "stopped",   [FLASH_RECOVER_OVERTAKEN] = "overtaken",
        [FLASH_RECOVER_LEASE] = "lease",       [FLASH_RECOVER_NO_LEDGER] = "no_ledger",
        [FLASH_RECOVER_NO_REDIS] = "no_redis", [FLASH_RECOVER_NO_KAFKA] = "no_kafka",
        [FLASH_RECOVER_PUT_OFF] = "put_off",
    };
    return names[how];
}
