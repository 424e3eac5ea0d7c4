/* One look at the three stores; see pipeline_view.h.
 *
 * Each may be away: the others are asked all the same. The brokers are asked only while one is
 * known to be up, and rest after a question that was not answered, so that a view is late by their
 * timeout now and then and not always. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flash/gate.h"
#include "flash/time.h"
#include "pipeline_view.h"

#define KAFKA_MS 1000
#define KAFKA_REST_US UINT64_C(5000000)
#define LEDGER_TRIES 2 /* the first may only find that the connection is gone */

static void note(struct flash_pipeline_part *part, bool ready, const char *reason)
{
    part->ready = ready;
    snprintf(part->reason, sizeof(part->reason), "%.*s", (int)sizeof(part->reason) - 1,
             ready ? "" : reason);
}

/* ---- the ledger ---- */

/* What the view before had, and nothing that is measured. */
static void begin(struct flash_pipeline_view *view, const struct flash_pipeline_view *before)
{
    *view = before ? *before : (struct flash_pipeline_view){.log_id = FLASH_PIPELINE_UNKNOWN};
    view->at_ms = (int64_t)flash_time_wall_ms();
    view->at_us = flash_time_monotonic_us();
    uint64_t passed_us = before ? view->at_us - before->at_us : 0;
    view->interval_ms = passed_us > 0 && passed_us <= FLASH_PIPELINE_INTERVAL_MAX_US
                            ? (int64_t)(passed_us / 1000)
                            : FLASH_PIPELINE_UNKNOWN;
    view->accepted_per_s = view->created_per_s = FLASH_PIPELINE_UNKNOWN;
    for (int i = 0; i < view->sku_count; i++) {
        view->skus[i].known = false;
    }
}

static void read_ledger(struct flash_stores *stores, const struct flash_pipeline_view *before,
                        struct flash_pipeline_view *view)
{
    struct flash_error err = {0};
    bool ok = false;
    for (int i = 0; !ok && i < LEDGER_TRIES; i++) {
        begin(view, before);
        ok = flash_pipeline_read_ledger(stores, view, &err);
    }
    if (!ok) {
        begin(view, before);
    }
    note(&view->ledger, ok, err.text);
}

/* ---- Redis ---- */

static const struct flash_pipeline_sku *find(const struct flash_pipeline_view *view, int64_t sku)
{
    for (int i = 0; view && i < view->sku_count; i++) {
        if (view->skus[i].row.sku == sku) {
            return &view->skus[i];
        }
    }
    return NULL;
}

static int64_t number_at(const struct flash_redis_reply *reply, size_t i)
{
    return flash_redis_reply_int(flash_redis_reply_at(reply, i));
}

static void take_gate(struct flash_pipeline_sku *sku, const struct flash_redis_reply *reply,
                      const char *run_id)
{
    struct flash_gate gate =
        flash_gate_parse(flash_redis_reply_text(flash_redis_reply_at(reply, 5)));
    const char *cause = gate.word == FLASH_GATE_OPEN ? "another server" : "none";
    struct flash_text more = {cause, strlen(cause)};
    sku->open = flash_gate_admits(&gate, number_at(reply, 2), run_id);
    if (gate.word == FLASH_GATE_CLOSED) {
        more = gate.more;
    }
    snprintf(sku->gate_cause, sizeof(sku->gate_cause), "%.*s", (int)more.len, more.at);
}

/* reply: of lua/pulse. */
static void take_pulse(struct flash_pipeline_sku *sku, const struct flash_redis_reply *reply,
                       const char *run_id)
{
    struct flash_text oldest = flash_redis_reply_text(flash_redis_reply_at(reply, 8));
    sku->known = true;
    sku->loaded = flash_redis_reply_is(flash_redis_reply_at(reply, 0), "OK");
    sku->available = number_at(reply, 3);
    sku->orders = number_at(reply, 6);
    sku->journal = number_at(reply, 7);
    sku->oldest_ms = FLASH_PIPELINE_UNKNOWN;
    if (oldest.len > 0) {
        int64_t age_us = number_at(reply, 1) - number_at(reply, 8);
        sku->oldest_ms = age_us > 0 ? age_us / 1000 : 0;
    }
    take_gate(sku, reply, run_id);
}

static void rate(struct flash_pipeline_view *view, struct flash_pipeline_sku *sku,
                 const struct flash_pipeline_sku *was)
{
    bool both = sku->known && was && was->known && view->interval_ms > 0;
    sku->accepted_per_s = FLASH_PIPELINE_UNKNOWN;
    if (both && sku->orders >= was->orders) { /* fewer: Redis has lost some */
        sku->accepted_per_s =
            (double)(sku->orders - was->orders) * 1000 / (double)view->interval_ms;
        view->accepted_per_s = view->accepted_per_s < 0 ? 0 : view->accepted_per_s;
        view->accepted_per_s += sku->accepted_per_s;
    }
}

/* False: Redis is away. A SKU whose keys Redis refuses to read stays unknown. */
static bool read_pulses(struct flash_redis_sync *redis, struct flash_pipeline_view *view,
                        struct flash_error *err)
{
    for (int i = 0; i < view->sku_count; i++) {
        const struct flash_redis_call call = {.script = FLASH_SCRIPT_PULSE,
                                              .sku = view->skus[i].row.sku};
        if (!flash_redis_sync_queue(redis, &call, err)) {
            return false;
        }
    }
    for (int i = 0; i < view->sku_count; i++) {
        struct flash_redis_reply *reply = NULL;
        if (flash_redis_sync_take(redis, &reply, err)) {
            take_pulse(&view->skus[i], reply, flash_redis_sync_run_id(redis));
            flash_redis_reply_free(reply);
        } else if (err->kind != FLASH_ERROR_RETRY) {
            return false;
        }
    }
    return true;
}

static void read_redis(struct flash_redis_sync *redis, const struct flash_pipeline_view *before,
                       struct flash_pipeline_view *view)
{
    struct flash_error err = {0};
    bool ok = flash_redis_sync_ping(redis, &err) && read_pulses(redis, view, &err);
    note(&view->redis, ok, err.text);
    for (int i = 0; i < view->sku_count; i++) {
        rate(view, &view->skus[i], find(before, view->skus[i].row.sku));
    }
    if (ok && view->sku_count == 0) {
        view->accepted_per_s = 0;
    }
}

/* ---- Kafka ---- */

static bool ask_kafka(struct flash_producer *producer, struct flash_topic_ends *ends,
                      struct flash_error *err)
{
    if (!flash_producer_ready(producer)) {
        flash_producer_last_error(producer, err);
        return err->kind != FLASH_ERROR_NONE
                   ? false
                   : flash_error_set(err, FLASH_ERROR_RETRY, "no broker was reached yet");
    }
    return flash_producer_topic_ends(producer, KAFKA_MS, ends, err);
}

static void take_ends(struct flash_pipeline_view *view, const struct flash_topic_ends *ends)
{
    for (int i = 0; i < ends->count; i++) {
        struct flash_pipeline_partition *partition = &view->partitions[i];
        if (i >= view->partition_count) {
            partition->applied = partition->acked = FLASH_PIPELINE_UNKNOWN;
        }
        partition->low = ends->partitions[i].low;
        partition->high = ends->partitions[i].high;
    }
    view->partition_count =
        view->partition_count > ends->count ? view->partition_count : ends->count;
}

static void read_kafka(struct flash_producer *producer, struct flash_pipeline_view *view)
{
    struct flash_topic_ends ends;
    struct flash_error err = {0};
    for (int i = 0; i < view->partition_count; i++) {
        view->partitions[i].low = view->partitions[i].high = FLASH_PIPELINE_UNKNOWN;
    }
    if (view->at_us < view->kafka_again_us) {
        return; /* what was noted stands */
    }
    bool ok = ask_kafka(producer, &ends, &err);
    note(&view->kafka, ok, err.text);
    view->kafka_again_us = ok ? 0 : view->at_us + KAFKA_REST_US;
    if (ok) {
        take_ends(view, &ends);
    }
}

void flash_pipeline_read(struct flash_stores *stores, const struct flash_pipeline_view *before,
                         struct flash_pipeline_view *ret_view)
{
    read_ledger(stores, before, ret_view);
    read_redis(stores->redis, before, ret_view);
    read_kafka(stores->producer, ret_view);
}
