/* The model of a SKU; see audit_model.h. */
#include "audit_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

unsigned model_pick(struct model *model, unsigned of)
{
    model->seed = model->seed * 1664525u + 1013904223u;
    return (model->seed >> 16) % of;
}

void model_begin(struct model *model, unsigned seed)
{
    *model = (struct model){.seed = seed,
                            .redis_available = BASE,
                            .redis_base = BASE,
                            .redis_inflow = 1,
                            .available = BASE,
                            .base = BASE,
                            .inflows = 1,
                            .log_id = 1,
                            .log_after = BASE,
                            .us = 1000};
    model->inflow_units[1] = BASE;
}

/* ---- what happens ---- */

static void make(struct model *model, enum flash_entry_type type, int order)
{
    struct order *of = &model->orders[order];
    of->open = true;
    model->entries[model->entry_count++] =
        (struct entry){.type = type, .order = order, .units = of->units, .us = ++model->us};
}

static void step_reserve(struct model *model)
{
    int64_t units = 1 + model_pick(model, 3);
    if (model->order_count == ORDERS || model->redis_available < units) {
        return;
    }
    model->orders[model->order_count] = (struct order){.units = units, .redis = 'A', .version = 1};
    model->redis_available -= units;
    make(model, FLASH_ENTRY_RESERVE, model->order_count++);
}

/* Pays, cancels, or pays too late. */
static void step_change(struct model *model)
{
    if (model->order_count == 0) {
        return;
    }
    int at = (int)model_pick(model, (unsigned)model->order_count);
    struct order *order = &model->orders[at];
    bool created = order->redis == 'C' || (order->redis == 'A' && !order->open);
    if (created && model_pick(model, 2)) {
        order->redis = 'P';
        order->version++;
        make(model, FLASH_ENTRY_PAY, at);
    } else if (created) {
        order->redis = 'K';
        order->version++;
        make(model, FLASH_ENTRY_CANCEL, at);
    } else if (order->redis != 'A' && order->version < 6) {
        order->version++;
        make(model, FLASH_ENTRY_PAY, at);
        model->entries[model->entry_count - 1].late = true;
    }
}

static void log_change(struct model *model, struct entry *entry, int64_t change)
{
    model->available += change;
    model->reserved -= change;
    model->log_after = model->available;
    entry->logged = change;
    entry->log_id = ++model->log_id;
}

/* The entries of one order in their turn, those of different orders in any. */
static void step_apply(struct model *model)
{
    int at = (int)model_pick(model, (unsigned)model->entry_count + 1);
    for (int i = at; i < model->entry_count; i++) {
        struct entry *entry = &model->entries[i];
        bool first = true;
        for (int j = 0; j < i; j++) {
            first &= model->entries[j].order != entry->order || model->entries[j].applied;
        }
        if (entry->applied || !first) {
            continue;
        }
        struct order *order = &model->orders[entry->order];
        entry->applied = true;
        order->row_version++;
        if (entry->type == FLASH_ENTRY_RESERVE) {
            order->ledger = 'C';
            log_change(model, entry, -entry->units);
        } else if (entry->type == FLASH_ENTRY_CANCEL) {
            order->ledger = 'X';
            log_change(model, entry, entry->units);
        } else if (!entry->late) {
            order->ledger = 'P';
        }
        return;
    }
}

static bool is_last(const struct model *model, const struct entry *entry)
{
    for (const struct entry *next = entry + 1; next < model->entries + model->entry_count; next++) {
        if (next->order == entry->order) {
            return false;
        }
    }
    return true;
}

static void step_settle(struct model *model)
{
    int at = (int)model_pick(model, (unsigned)model->entry_count + 1);
    for (int i = at; i < model->entry_count; i++) {
        struct entry *entry = &model->entries[i];
        struct order *order = &model->orders[entry->order];
        if (!entry->applied || entry->settled) {
            continue;
        }
        entry->settled = true;
        order->open &= !is_last(model, entry);
        bool adopts = entry->late || entry->type == FLASH_ENTRY_CANCEL;
        if (adopts && order->row_version >= order->version) { /* else Redis is in front */
            model->redis_available +=
                order->redis == 'K' && order->ledger == 'X' ? order->units : 0;
            order->redis = order->ledger;
        }
        return;
    }
}

static void step_inflow(struct model *model)
{
    if (model_pick(model, 2) && model->inflows < 50) {
        int64_t units = model_pick(model, 20);
        model->inflow_units[++model->inflows] = units;
        model->base += units;
        model->available += units;
        model->log_after = model->available;
        model->log_id++;
    } else if (model->redis_inflow < model->inflows) {
        int64_t units = model->inflow_units[++model->redis_inflow];
        model->redis_base += units;
        model->redis_available += units;
    }
}

void model_go_on(struct model *model, unsigned steps)
{
    static void (*const things[])(struct model *) = {step_reserve, step_reserve, step_change,
                                                     step_apply,   step_apply,   step_apply,
                                                     step_settle,  step_settle,  step_inflow};
    for (unsigned i = 0; i < steps && model->entry_count < ENTRIES - 2; i++) {
        things[model_pick(model, sizeof(things) / sizeof(things[0]))](model);
    }
}

/* ---- how it is read ---- */

static bool release_is_open(const struct model *model, int order)
{
    for (int i = 0; i < model->entry_count; i++) {
        const struct entry *entry = &model->entries[i];
        if (entry->order == order && entry->type == FLASH_ENTRY_CANCEL && !entry->settled) {
            return true;
        }
    }
    return false;
}

static bool has_earlier_late(const struct model *model, int at)
{
    for (int i = 0; i < at; i++) {
        const struct entry *entry = &model->entries[i];
        if (entry->order == model->entries[at].order && entry->late && !entry->settled) {
            return true;
        }
    }
    return false;
}

void model_read_redis(const struct model *model, struct flash_audit_look *look, int *names)
{
    look->redis = (struct flash_audit_redis){.now_ms = 100000,
                                             .available = model->redis_available,
                                             .base = model->redis_base,
                                             .generation = 1,
                                             .inflow = model->redis_inflow,
                                             .last_us = model->us};
    look->entry_count = 0;
    look->late_count = 0;
    for (int i = 0; i < model->entry_count; i++) {
        const struct entry *entry = &model->entries[i];
        const struct order *order = &model->orders[entry->order];
        if (entry->settled) {
            continue;
        }
        names[look->entry_count] = i;
        look->entries[look->entry_count++] = (struct flash_audit_entry){
            .type = entry->type, .units = entry->units, .sure = true, .partition = 0, .offset = i};
        if (entry->late && !has_earlier_late(model, i)) {
            assert_true(look->late_count < FLASH_AUDIT_LATES);
            look->lates[look->late_count++] =
                (struct flash_audit_late){.units = order->redis == 'K' ? order->units : 0,
                                          .release_open = release_is_open(model, entry->order)};
        }
    }
}

void model_read_ledger(const struct model *model, int64_t mark, struct flash_audit_look *look,
                       const int *names)
{
    look->ledger = (struct flash_audit_ledger){.generation = 1,
                                               .base = model->base,
                                               .available = model->available,
                                               .reserved = model->reserved,
                                               .has_log = true,
                                               .log_follows = true,
                                               .log_after = model->log_after};
    look->ledger.reserved += model->base - model->available - model->reserved;
    for (int64_t n = 1; n <= model->inflows; n++) {
        bool pending = n > look->redis.inflow;
        *(pending ? &look->ledger.pending_units : &look->ledger.inflows) += model->inflow_units[n];
        look->ledger.pending += pending;
    }
    look->ledger.pending_since_ms = look->redis.now_ms;
    for (size_t i = 0; i < look->entry_count; i++) {
        const struct entry *entry = &model->entries[names[i]];
        look->entries[i].has_verdict = entry->applied;
        look->entries[i].logged_known = entry->applied;
        look->entries[i].logged = entry->logged;
    }
    for (int i = 0; i < model->entry_count; i++) {
        const struct entry *entry = &model->entries[i];
        if (entry->log_id > mark && entry->us > look->redis.last_us) {
            look->ledger.later += entry->logged;
        }
    }
}
