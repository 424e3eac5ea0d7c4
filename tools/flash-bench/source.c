/* The next operation of a thread; see source.h. */
#include "source.h"

#include <string.h>

static void cumulate(struct flash_bench_source *source)
{
    double sum = 0, so_far = 0;
    for (int kind = 0; kind < FLASH_BENCH_KINDS; kind++) {
        sum += source->options->weights[kind];
    }
    for (int kind = 0; kind < FLASH_BENCH_KINDS; kind++) {
        so_far += source->options->weights[kind];
        source->thresholds[kind] = so_far / sum;
    }
}

void flash_bench_source_init(struct flash_bench_source *source,
                             const struct flash_bench_options *options, int thread,
                             uint64_t start_us)
{
    *source = (struct flash_bench_source){
        .options = options,
        .number = (uint64_t)thread,
        .step = (uint64_t)options->threads,
        .last = options->orders > 0 ? (uint64_t)options->orders : UINT64_MAX,
        .end_us = UINT64_MAX,
        .random = (uint64_t)options->seed ^ ((uint64_t)(thread + 1) << 48),
    };
    if (options->duration_s > 0) {
        source->end_us = start_us + (uint64_t)(options->duration_s * 1e6);
    }
    if (options->mode == FLASH_BENCH_RATE) {
        uint64_t phase_us = (uint64_t)(1e6 / options->rate * thread);
        source->schedule =
            flash_bench_schedule_make(options->arrivals, options->rate / (double)options->threads,
                                      start_us + phase_us, source->random);
    }
    cumulate(source);
}

uint64_t flash_bench_source_due_us(const struct flash_bench_source *source)
{
    if (source->number >= source->last) {
        return UINT64_MAX;
    }
    if (source->options->mode == FLASH_BENCH_CLOSED) {
        return 0;
    }
    uint64_t due_us = flash_bench_schedule_next_us(&source->schedule);
    return due_us < source->end_us ? due_us : UINT64_MAX;
}

static enum flash_bench_kind pick_kind(struct flash_bench_source *source)
{
    if (source->thresholds[FLASH_BENCH_ORDER] >= 1) {
        return FLASH_BENCH_ORDER;
    }
    double point = (double)(flash_bench_random(&source->random) >> 11) * 0x1.0p-53;
    int kind = FLASH_BENCH_ORDER;
    while (point >= source->thresholds[kind]) {
        kind++;
    }
    return (enum flash_bench_kind)kind;
}

static void fill_order(struct flash_bench_source *source, struct flash_bench_op *op)
{
    const struct flash_bench_options *options = source->options;
    uint64_t skus = (uint64_t)options->sku_count;
    uint64_t spread = (uint64_t)(options->quantity_max - options->quantity_min + 1);
    uint64_t draw = (uint64_t)options->seed ^ (source->number << 20);
    op->kind = FLASH_BENCH_ORDER;
    op->number = source->number;
    op->sku = options->skus[op->number % skus];
    op->user = 1 + (int64_t)(op->number / skus % (uint64_t)options->buyers);
    op->quantity = (int)(options->quantity_min + (int64_t)(flash_bench_random(&draw) % spread));
    source->number += source->step;
}

static void fill_known(const struct flash_bench_known_order *order, enum flash_bench_kind kind,
                       struct flash_bench_op *op)
{
    op->kind = kind;
    op->sku = order->sku;
    op->user = order->user;
    op->quantity = order->quantity;
    memcpy(op->order_id, order->order_id, sizeof(op->order_id));
    if (kind == FLASH_BENCH_WAIT) {
        flash_bench_op_tag(op, FLASH_STATE_QUEUED);
    }
}

/* The order that an operation of this kind is about; NULL for a new one. */
static const struct flash_bench_known_order *pick_order(struct flash_bench_source *source,
                                                        struct flash_bench_known *known,
                                                        enum flash_bench_kind kind)
{
    const struct flash_bench_known_order *order = NULL;
    if (flash_bench_kind_changes(kind)) {
        order = flash_bench_known_take(known);
        if (flash_bench_known_taken_all(known)) {
            source->last = 0;
        }
    } else if (kind != FLASH_BENCH_ORDER) {
        order = flash_bench_known_pick(known, flash_bench_random(&source->random));
    }
    return order;
}

void flash_bench_source_take(struct flash_bench_source *source, struct flash_bench_known *known,
                             uint64_t now_us, struct flash_bench_op *op)
{
    enum flash_bench_kind kind = pick_kind(source);
    const struct flash_bench_known_order *order = pick_order(source, known, kind);
    if (order != NULL) {
        fill_known(order, kind, op);
    } else {
        fill_order(source, op); /* also while nothing is known yet that could be read */
    }
    op->intended_us = now_us;
    if (source->options->mode == FLASH_BENCH_RATE) {
        op->intended_us = flash_bench_schedule_next_us(&source->schedule);
        flash_bench_schedule_take(&source->schedule);
    }
}

uint64_t flash_bench_source_end(struct flash_bench_source *source, uint64_t now_us)
{
    uint64_t unsent = 0;
    if (source->options->mode == FLASH_BENCH_RATE && source->number < source->last) {
        uint64_t until_us = now_us < source->end_us ? now_us : source->end_us;
        unsent = flash_bench_schedule_skip(&source->schedule, until_us);
    }
    source->last = 0;
    return unsent;
}
