/* Orders that come in: admitted or not, then in their SKU's lane; see reserve.h. */
#include <string.h>

#include "admission.h"
#include "known.h"
#include "line.h"
#include "metrics.h"
#include "reserve.h"

static enum flash_admission admit(struct flash_worker *worker, const struct flash_sku *sku)
{
    struct flash_engine *engine = worker->engine;
    struct flash_admission_state state = {
        .draining = atomic_load_explicit(&engine->draining, memory_order_relaxed),
        .redis_ready = flash_redis_ready(worker->redis),
        .kafka_ready = flash_producer_ready(engine->producer),
        .redis_lines = flash_pool_used(&worker->lines),
        .redis_lines_max = engine->limits.redis_lines,
        .memory_percent = flash_redis_memory_percent(worker->redis),
        .memory_percent_max = engine->limits.memory_percent,
        .kafka_queue = worker->kafka_queued,
        .kafka_queue_max = engine->limits.kafka_queue,
        .journal_entries = sku->journal_entries,
        .journal_entries_max = engine->limits.journal_entries,
        .journal_age_us =
            sku->journal_oldest_us ? sku->journal_read_us - sku->journal_oldest_us : 0,
        .journal_age_us_max = engine->limits.journal_age_us,
        .gate_closed = flash_known_closed(worker, sku),
    };
    return flash_admission_decide(&state);
}

/* Fills line with the order and puts it into its SKU's lane. */
static void enter(struct flash_worker *worker, struct flash_sku *sku, struct flash_order_line *line,
                  const struct flash_order *order)
{
    line->sku = sku;
    line->quantity = order->quantity;
    line->durable = order->durable;
    line->ref_len = (uint8_t)order->ref.len;
    line->user_len = (uint8_t)order->user.len;
    memcpy(line->ref, order->ref.at, order->ref.len);
    memcpy(line->user, order->user.at, order->user.len);
    flash_lane_push(&sku->orders, &line->item, worker->now_us);
    flash_rate_count(&worker->orders, worker->now_us);
}

void flash_reserve_submit(struct flash_worker *worker, struct flash_request *request,
                          const struct flash_order *order)
{
    struct flash_sku *sku = flash_sku_find(worker->skus, order->sku, worker->now_us);
    enum flash_admission admission = sku ? admit(worker, sku) : FLASH_STOP_REDIS_LINES;
    struct flash_order_line *line =
        admission == FLASH_ADMIT ? flash_pool_take(&worker->lines) : NULL;
    if (!line) {
        flash_engine_count(METRIC_ORDERS_NOT_ADMITTED, 1);
        flash_answer_refuse(request, FLASH_REFUSE_NOT_ADMITTING, flash_admission_text(admission));
        return;
    }
    line->request = request;
    line->group = NULL;
    enter(worker, sku, line, order);
    flash_worker_touch(worker, sku);
}

void flash_reserve_submit_batch(struct flash_worker *worker, struct flash_request *request,
                                const struct flash_order *orders, int count)
{
    struct flash_sku *sku = flash_sku_find(worker->skus, orders[0].sku, worker->now_us);
    enum flash_admission admission = sku ? admit(worker, sku) : FLASH_STOP_REDIS_LINES;
    if (worker->lines.free_count < count) {
        admission = FLASH_STOP_REDIS_LINES;
    }
    struct flash_line_group *group =
        admission == FLASH_ADMIT ? flash_line_group_new(worker, request, count) : NULL;
    if (!group) {
        flash_engine_count(METRIC_ORDERS_NOT_ADMITTED, count);
        flash_answer_refuse(request, FLASH_REFUSE_NOT_ADMITTING, flash_admission_text(admission));
        return;
    }
    for (int i = 0; i < count; i++) {
        struct flash_order_line *line = flash_pool_take(&worker->lines);
        flash_line_group_add(group, line);
        enter(worker, sku, line, &orders[i]);
    }
    flash_worker_touch(worker, sku);
}
