/* A pass from its first question to its last; see reconcile.h.
 *
 * The order is the proof's: which markers the ledger has is asked before any verdict, verdicts
 * before anything is called lost, markers are sent last. */
#include "reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "flash/kafka_topic.h"
#include "flash/time.h"
#include "reconcile_internal.h"

#define TOPIC_EVERY_MS 60000
#define TOPIC_AGAIN_MS 5000 /* when it was not answered, or not as it must be */
#define TOPIC_TIMEOUT_MS 3000
#define SKUS_MIN 256

static int64_t now_ms(void)
{
    return (int64_t)(flash_time_monotonic_us() / 1000);
}

/* ---- the object ---- */

static bool make_parts(struct flash_reconcile *reconcile, struct flash_error *err)
{
    const struct flash_config *config = reconcile->config;
    const struct flash_proof_limits limits = {config->reconciler.proof_after_ms,
                                              config->reconciler.compensate_after_ms};
    reconcile->proof = flash_proof_new(&limits, now_ms());
    const struct flash_marker_parts parts = {reconcile->mysql, reconcile->producer,
                                             reconcile->proof, config};
    reconcile->markers = flash_markers_new(&parts);
    if (!reconcile->proof || !reconcile->markers) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "reconcile: out of memory");
    }
    return flash_adopter_new(reconcile->redis, reconcile->mysql, &reconcile->adopter, err) &&
           flash_compensation_new(reconcile->mysql, &reconcile->compensation, err);
}

bool flash_reconcile_new(const struct flash_config *config, struct flash_producer *producer,
                         struct flash_reconcile **ret_reconcile, struct flash_error *err)
{
    struct flash_reconcile *reconcile = calloc(1, sizeof(*reconcile));
    if (!reconcile) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "reconcile: out of memory");
    }
    const struct flash_lease_plan lease = {"flash.reconcile", config->reconciler.interval_ms};
    reconcile->config = config;
    reconcile->producer = producer;
    reconcile->dead_said = -1;
    reconcile->parked_said = (int64_t)flash_time_wall_ms();
    if (!flash_redis_sync_new(config, &reconcile->redis, err) ||
        !flash_mysql_new(config, &reconcile->mysql, err) ||
        !flash_lease_new(config, &lease, &reconcile->lease, err) || !make_parts(reconcile, err)) {
        flash_reconcile_free(reconcile);
        return false;
    }
    *ret_reconcile = reconcile;
    return true;
}

void flash_reconcile_free(struct flash_reconcile *reconcile)
{
    if (reconcile) {
        flash_page_finish(&reconcile->page);
        flash_compensation_free(reconcile->compensation);
        flash_adopter_free(reconcile->adopter);
        flash_markers_free(reconcile->markers);
        flash_proof_free(reconcile->proof);
        flash_lease_free(reconcile->lease);
        flash_mysql_free(reconcile->mysql);
        flash_redis_sync_free(reconcile->redis);
        free(reconcile->skus);
        free(reconcile);
    }
}

/* ---- what the ledger says first ---- */

static bool take_generation(const struct flash_value *cells, int count, void *arg)
{
    struct flash_pass *pass = arg;
    (void)count;
    pass->done->generation = cells[0].number;
    pass->writable = cells[1].type == FLASH_COLUMN_INT && cells[1].number == 0;
    return true;
}

static bool take_sku(const struct flash_value *cells, int count, void *arg)
{
    struct flash_reconcile *reconcile = ((struct flash_pass *)arg)->reconcile;
    (void)count;
    if (reconcile->sku_count == reconcile->sku_capacity) {
        size_t capacity = reconcile->sku_capacity ? reconcile->sku_capacity * 2 : SKUS_MIN;
        int64_t *skus = reallocarray(reconcile->skus, capacity, sizeof(*skus));
        if (!skus) {
            return false;
        }
        reconcile->skus = skus;
        reconcile->sku_capacity = capacity;
    }
    reconcile->skus[reconcile->sku_count++] = cells[0].number;
    return true;
}

static bool read_ledger(struct flash_pass *pass)
{
    struct flash_reconcile *reconcile = pass->reconcile;
    struct flash_error *err = &pass->done->err;
    const struct flash_value sku = {.type = FLASH_COLUMN_INT, .number = pass->options->sku};
    const struct flash_query generation = {
        .sql = "SELECT generation, @@global.read_only FROM generation WHERE id = 1",
        .column_count = 2,
        .row = take_generation,
        .arg = pass,
    };
    const struct flash_query skus = {
        .sql = sku.number ? "SELECT sku FROM stock WHERE sku = ?"
                          : "SELECT sku FROM stock ORDER BY sku",
        .params = &sku,
        .param_count = sku.number != 0,
        .column_count = 1,
        .row = take_sku,
        .arg = pass,
    };
    reconcile->sku_count = 0;
    if (!flash_mysql_query(reconcile->mysql, &generation, err) ||
        !flash_mysql_query(reconcile->mysql, &skus, err)) {
        return false;
    }
    return pass->done->generation > 0 ||
           flash_error_set(err, FLASH_ERROR_BUG, "the ledger has no generation");
}

/* ---- may this pass act, and prove? ---- */

typedef bool (*lease_call)(struct flash_lease *lease, bool *ret_held, struct flash_error *err);

static bool hold_lease(struct flash_pass *pass, lease_call ask)
{
    struct flash_reconcile *reconcile = pass->reconcile;
    struct flash_error err = {0};
    bool held = true;
    if (!flash_pass_acts(pass) || reconcile->config->reconciler.lease == FLASH_SWITCH_OFF) {
        return true;
    }
    bool known = ask(reconcile->lease, &held, &err);
    if (known && held) {
        return true;
    }
    if (known) {
        flash_error_set(&err, FLASH_ERROR_RETRY, "another reconciler holds the lease");
    }
    pass->done->end = known ? FLASH_RECONCILE_LEASE : FLASH_RECONCILE_NO_LEDGER;
    pass->done->err = err;
    return false;
}

bool flash_pass_keep_lease(struct flash_pass *pass)
{
    return hold_lease(pass, flash_lease_keep);
}

static void check_topic(struct flash_reconcile *reconcile)
{
    bool known = reconcile->topic_asked_ms != 0;
    int64_t every_ms = reconcile->topic.kind == FLASH_ERROR_NONE ? TOPIC_EVERY_MS : TOPIC_AGAIN_MS;
    if (known && now_ms() - reconcile->topic_asked_ms < every_ms) {
        return;
    }
    struct flash_error err = {0};
    bool ok = flash_producer_check_topic(
        reconcile->producer, reconcile->config->reconciler.proof_after_ms, TOPIC_TIMEOUT_MS, &err);
    reconcile->topic_asked_ms = now_ms();
    reconcile->topic = ok ? (struct flash_error){0} : err;
}

static void look_at_kafka(struct flash_pass *pass)
{
    struct flash_reconcile *reconcile = pass->reconcile;
    if (!reconcile->producer || pass->options->depth == FLASH_RECONCILE_LOOK) {
        return;
    }
    pass->provable = flash_producer_ready(reconcile->producer);
    if (pass->provable) {
        check_topic(reconcile);
        pass->provable = reconcile->topic.kind == FLASH_ERROR_NONE;
    }
}

static bool prepare(struct flash_pass *pass)
{
    struct flash_reconcile *reconcile = pass->reconcile;
    if (!read_ledger(pass)) {
        pass->done->end = FLASH_RECONCILE_NO_LEDGER;
        return false;
    }
    if (!hold_lease(pass, flash_lease_take)) {
        return false;
    }
    if (!flash_markers_read(reconcile->markers, now_ms(), &pass->done->err)) {
        pass->done->end = FLASH_RECONCILE_NO_LEDGER;
        return false;
    }
    look_at_kafka(pass);
    flash_compensation_begin(reconcile->compensation);
    return true;
}

/* ---- the end of a pass ---- */

static bool compare_all(struct flash_pass *pass)
{
    for (size_t i = 0; i < pass->reconcile->sku_count; i++) {
        if (!flash_pass_sku(pass, pass->reconcile->skus[i])) {
            return false;
        }
    }
    return true;
}

static void say_no_kafka(struct flash_pass *pass)
{
    const struct flash_reconcile *reconcile = pass->reconcile;
    bool wanted = pass->options->depth != FLASH_RECONCILE_LOOK && pass->done->late > 0;
    if (pass->provable || !wanted || pass->done->end != FLASH_RECONCILE_COMPLETE) {
        return;
    }
    pass->done->end = FLASH_RECONCILE_NO_KAFKA;
    pass->done->err = reconcile->topic;
    if (reconcile->topic.kind == FLASH_ERROR_NONE) {
        flash_error_set(&pass->done->err, FLASH_ERROR_RETRY, "Kafka is away");
    }
}

static void conclude(struct flash_pass *pass)
{
    struct flash_reconcile *reconcile = pass->reconcile;
    struct flash_error *err = &pass->done->err;
    bool whole = pass->options->sku == 0 && pass->done->skipped == 0 && pass->provable;
    if (flash_pass_acts(pass)) {
        flash_compensation_act(reconcile->compensation, pass);
    }
    if (pass->provable && !flash_markers_send(reconcile->markers, now_ms(), err)) {
        pass->provable = false;
    }
    if (!flash_pass_leftovers(pass, err) ||
        (flash_pass_acts(pass) && !flash_markers_tidy(reconcile->markers, now_ms(), err))) {
        pass->done->end = FLASH_RECONCILE_NO_LEDGER;
    }
    if (flash_pass_acts(pass) && pass->looked_until_us) {
        reconcile->looked_until_us = pass->looked_until_us;
    }
    say_no_kafka(pass);
    flash_proof_end_pass(reconcile->proof, whole, now_ms());
}

void flash_reconcile_pass(struct flash_reconcile *reconcile,
                          const struct flash_reconcile_options *options,
                          struct flash_reconcile_done *ret_done)
{
    uint64_t began_us = flash_time_monotonic_us();
    *ret_done = (struct flash_reconcile_done){.end = FLASH_RECONCILE_COMPLETE};
    struct flash_pass pass = {.reconcile = reconcile,
                              .options = options,
                              .done = ret_done,
                              .step_us = began_us,
                              .settle_after_ms =
                                  options->settle_after_ms
                                      ? options->settle_after_ms
                                      : reconcile->config->reconciler.settle_after_ms};
    if (prepare(&pass)) {
        if (compare_all(&pass)) {
            conclude(&pass);
        } else {
            flash_proof_end_pass(reconcile->proof, false, now_ms());
        }
    }
    flash_page_finish(&reconcile->page);
    ret_done->topic = reconcile->topic;
    ret_done->took_us = (int64_t)(flash_time_monotonic_us() - began_us);
}

/* ---- words ---- */

const char *flash_reconcile_end_name(enum flash_reconcile_end end)
{
    static const char *const names[FLASH_RECONCILE_END_COUNT] = {
        [FLASH_RECONCILE_COMPLETE] = "complete",   [FLASH_RECONCILE_STOPPED] = "stopped",
        [FLASH_RECONCILE_GUARD] = "guard",         [FLASH_RECONCILE_NO_KAFKA] = "no_kafka",
        [FLASH_RECONCILE_NO_LEDGER] = "no_ledger", [FLASH_RECONCILE_NO_REDIS] = "no_redis",
        [FLASH_RECONCILE_LEASE] = "lease",
    };
    return names[end];
}

int flash_reconcile_exit_code(const struct flash_reconcile_done *done)
{
    static const int codes[FLASH_RECONCILE_END_COUNT] = {
        [FLASH_RECONCILE_STOPPED] = 1,  [FLASH_RECONCILE_GUARD] = 5,
        [FLASH_RECONCILE_NO_KAFKA] = 3, [FLASH_RECONCILE_NO_LEDGER] = 3,
        [FLASH_RECONCILE_NO_REDIS] = 3, [FLASH_RECONCILE_LEASE] = 4,
    };
    if (done->end != FLASH_RECONCILE_COMPLETE) {
        return codes[done->end];
    }
    for (int i = 0; i < FLASH_CAUSE_COUNT; i++) {
        if (done->findings[i] > 0) {
            return 1;
        }
    }
    return 0;
}
