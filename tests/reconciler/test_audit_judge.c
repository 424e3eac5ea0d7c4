/* The equations of a look, fed with histories: a model of a SKU in which entries are made, applied
 * and settled in any order, read the way the audit reads. Whatever is under way it says nothing; of
 * each defect it says the word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/audit_judge.h"

#define BASE 1000
#define ORDERS 200
#define ENTRIES 1000
#define HISTORIES 2000
#define STEPS 400
#define STEPS_BETWEEN 12 /* at most, between the readings of a look */

struct entry {
    enum flash_entry_type type;
    int order; /* of an order, or -1: an inflow's number is `units` */
    int64_t units;
    uint64_t us;
    bool late, applied, settled;
    int64_t logged, log_id;
};

struct order {
    int64_t units;
    char redis, ledger; /* letters; ledger 0: no row */
    int version, row_version;
    bool open; /* an entry of its last change is not settled */
};

struct model {
    struct order orders[ORDERS];
    int order_count;
    struct entry entries[ENTRIES];
    int entry_count;
    int64_t redis_available, redis_base, redis_inflow, available, base, reserved, inflows;
    int64_t inflow_units[ENTRIES];
    int64_t log_id, log_after;
    uint64_t us;
    unsigned seed;
};

static unsigned pick(struct model *model, unsigned of)
{
    model->seed = model->seed * 1664525u + 1013904223u;
    return (model->seed >> 16) % of;
}

static void begin(struct model *model, unsigned seed)
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
    int64_t units = 1 + pick(model, 3);
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
    int at = (int)pick(model, (unsigned)model->order_count);
    struct order *order = &model->orders[at];
    bool created = order->redis == 'C' || (order->redis == 'A' && !order->open);
    if (created && pick(model, 2)) {
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
    int at = (int)pick(model, (unsigned)model->entry_count + 1);
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
    int at = (int)pick(model, (unsigned)model->entry_count + 1);
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
    if (pick(model, 2) && model->inflows < 50) {
        int64_t units = pick(model, 20);
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

static void go_on(struct model *model, unsigned steps)
{
    static void (*const things[])(struct model *) = {step_reserve, step_reserve, step_change,
                                                     step_apply,   step_apply,   step_apply,
                                                     step_settle,  step_settle,  step_inflow};
    for (unsigned i = 0; i < steps && model->entry_count < ENTRIES - 2; i++) {
        things[pick(model, sizeof(things) / sizeof(things[0]))](model);
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

/* names: which entry each of the look's is. */
static void read_redis(const struct model *model, struct flash_audit_look *look, int *names)
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

static void read_ledger(const struct model *model, int64_t mark, struct flash_audit_look *look,
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

struct scene {
    struct model model;
    struct flash_audit_look look;
    struct flash_audit_list list;
    int names[ENTRIES];
};

static int open_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    scene->look.sku = 42;
    scene->look.entries = calloc(FLASH_AUDIT_ENTRIES, sizeof(*scene->look.entries));
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    free(scene->look.entries);
    flash_audit_list_finish(&scene->list);
    free(scene);
    return 0;
}

/* Mark, Redis, ledger, with the history going on between them. */
static enum flash_audit_gap look(struct scene *scene)
{
    struct model *model = &scene->model;
    int64_t mark = model->log_id;
    go_on(model, pick(model, STEPS_BETWEEN));
    read_redis(model, &scene->look, scene->names);
    go_on(model, pick(model, STEPS_BETWEEN));
    read_ledger(model, mark, &scene->look, scene->names);
    flash_audit_list_clear(&scene->list);
    return flash_audit_judge(&scene->look, &scene->list);
}

/* ---- tests ---- */

static void test_no_history_is_a_finding(void **state)
{
    struct scene *scene = *state;
    int64_t looks = 0, undecided = 0, open = 0, late = 0;
    for (unsigned seed = 1; seed <= HISTORIES; seed++) {
        begin(&scene->model, seed);
        for (int i = 0; i < STEPS / STEPS_BETWEEN; i++) {
            undecided += look(scene) != FLASH_AUDIT_GAP_NONE;
            if (scene->list.count > 0) {
                fail_msg("seed %u look %d: %s", seed, i, scene->list.at[0].detail);
            }
            looks++;
            open += scene->look.entry_count > 0;
            for (int n = 0; n < scene->look.late_count; n++) {
                late += scene->look.lates[n].units > 0 && !scene->look.lates[n].release_open;
            }
        }
    }
    assert_true(open > looks / 2); /* the histories are about what is under way */
    assert_true(undecided < looks / 10);
    assert_true(late > 20); /* and have releases that were settled behind a late payment */
}

static void expect(struct scene *scene, enum flash_cause cause, int64_t quantity)
{
    assert_int_equal(scene->list.count, 1);
    assert_string_equal(flash_cause_name(scene->list.at[0].cause), flash_cause_name(cause));
    assert_int_equal(scene->list.at[0].quantity, quantity);
    assert_int_equal(scene->list.at[0].sku, 42);
}

static void test_a_unit_too_many_or_too_few(void **state)
{
    struct scene *scene = *state;
    int told = 0;
    for (unsigned seed = 1; seed <= 50; seed++) {
        for (int off = -2; off <= 2; off += 4) {
            begin(&scene->model, seed);
            go_on(&scene->model, 60);
            scene->model.redis_available += off;
            for (int i = 0; i < 5; i++) {
                if (look(scene) != FLASH_AUDIT_GAP_NONE) {
                    continue;
                }
                told++;
                expect(scene, off > 0 ? FLASH_CAUSE_DRIFT_UP : FLASH_CAUSE_DRIFT_DOWN, off);
            }
        }
    }
    assert_true(told > 250); /* of 500 */
}

static void test_the_ledgers_own_words(void **state)
{
    struct scene *scene = *state;
    begin(&scene->model, 7);
    go_on(&scene->model, 60);
    look(scene);
    flash_audit_list_clear(&scene->list);
    scene->look.ledger.reserved++;
    flash_audit_judge(&scene->look, &scene->list);
    expect(scene, FLASH_CAUSE_COUNTER, 1);
    scene->look.ledger.reserved--;
    flash_audit_list_clear(&scene->list);
    scene->look.ledger.log_after += 3;
    flash_audit_judge(&scene->look, &scene->list);
    expect(scene, FLASH_CAUSE_LOG, -3);
    scene->look.ledger.log_after -= 3;
    flash_audit_list_clear(&scene->list);
    scene->look.ledger.log_follows = false;
    flash_audit_judge(&scene->look, &scene->list);
    expect(scene, FLASH_CAUSE_LOG, 0);
}

static void test_an_inflow_undone(void **state)
{
    struct scene *scene = *state;
    begin(&scene->model, 3);
    look(scene);
    scene->look.redis.inflow = 0; /* as if nothing had ever come */
    scene->look.redis.base -= BASE;
    scene->look.redis.available -= BASE;
    scene->look.ledger.inflows -= BASE;
    scene->look.ledger.pending++;
    scene->look.ledger.pending_units += BASE;
    scene->look.ledger.pending_since_ms = scene->look.redis.now_ms - 4999;
    flash_audit_list_clear(&scene->list);
    flash_audit_judge(&scene->look, &scene->list);
    assert_int_equal(scene->list.count, 0); /* it may be on its way */
    scene->look.ledger.pending_since_ms--;
    flash_audit_judge(&scene->look, &scene->list);
    expect(scene, FLASH_CAUSE_INFLOW, BASE + scene->look.ledger.pending_units - BASE);
}

static void test_a_base_of_its_own(void **state)
{
    struct scene *scene = *state;
    begin(&scene->model, 5);
    look(scene);
    flash_audit_list_clear(&scene->list);
    scene->look.redis.base += 4;
    scene->look.redis.available += 4;
    flash_audit_judge(&scene->look, &scene->list);
    expect(scene, FLASH_CAUSE_INFLOW, 4);
    flash_audit_list_clear(&scene->list);
    scene->look.redis.taken -= 4; /* a take that Redis knows explains it */
    flash_audit_judge(&scene->look, &scene->list);
    assert_int_equal(scene->list.count, 0);
}

/* An entry that the ledger says is settled: a reserve, and a cancel whose units are back already.
 */
static void test_a_settled_entry_put_back(void **state)
{
    static const enum flash_entry_type types[] = {FLASH_ENTRY_RESERVE, FLASH_ENTRY_CANCEL,
                                                  FLASH_ENTRY_PAY};
    struct scene *scene = *state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        int64_t logged = types[i] == FLASH_ENTRY_RESERVE  ? -2
                         : types[i] == FLASH_ENTRY_CANCEL ? 2
                                                          : 0;
        begin(&scene->model, 9);
        go_on(&scene->model, 40);
        look(scene);
        scene->look.entries[scene->look.entry_count++] =
            (struct flash_audit_entry){.type = types[i],
                                       .units = 2,
                                       .sure = true,
                                       .has_verdict = true,
                                       .clean = true,
                                       .passed = true,
                                       .partition = 3,
                                       .offset = 17,
                                       .logged = logged,
                                       .logged_known = true};
        flash_audit_list_clear(&scene->list);
        assert_int_equal(flash_audit_judge(&scene->look, &scene->list), FLASH_AUDIT_GAP_NONE);
        expect(scene, FLASH_CAUSE_UNSETTLED, 2);
        assert_int_equal(scene->list.at[0].partition, 3);
        assert_int_equal(scene->list.at[0].offset, 17);
    }
}

static void test_what_cannot_be_weighed(void **state)
{
    struct scene *scene = *state;
    begin(&scene->model, 11);
    go_on(&scene->model, 40);
    look(scene);
    scene->look.redis.available += 5; /* that nobody may speak of */
    flash_audit_list_clear(&scene->list);
    scene->look.ledger.parked = 1;
    assert_int_equal(flash_audit_judge(&scene->look, &scene->list), FLASH_AUDIT_GAP_PARKED);
    scene->look.ledger.parked = 0;
    scene->look.ledger.cut = true;
    assert_int_equal(flash_audit_judge(&scene->look, &scene->list), FLASH_AUDIT_GAP_BEHIND);
    scene->look.ledger.cut = false;
    scene->look.redis.cut = true;
    assert_int_equal(flash_audit_judge(&scene->look, &scene->list), FLASH_AUDIT_GAP_BEHIND);
    scene->look.redis.cut = false;
    scene->look.ledger.generation = 2;
    assert_int_equal(flash_audit_judge(&scene->look, &scene->list), FLASH_AUDIT_GAP_GENERATION);
    scene->look.ledger.generation = 1;
    scene->look.entries[scene->look.entry_count++] =
        (struct flash_audit_entry){.type = FLASH_ENTRY_CANCEL,
                                   .units = 2,
                                   .has_verdict = true,
                                   .logged = 2,
                                   .logged_known = true}; /* open a little before, then settled? */
    assert_int_equal(flash_audit_judge(&scene->look, &scene->list), FLASH_AUDIT_GAP_BEHIND);
    assert_int_equal(scene->list.count, 0);
}

static void test_an_absent_sku_and_unreadable_entries(void **state)
{
    struct scene *scene = *state;
    begin(&scene->model, 13);
    look(scene);
    flash_audit_list_clear(&scene->list);
    scene->look.redis.corrupt = 1;
    assert_int_equal(flash_audit_judge(&scene->look, &scene->list), FLASH_AUDIT_GAP_BEHIND);
    expect(scene, FLASH_CAUSE_DEAD, 0);
    flash_audit_list_clear(&scene->list);
    scene->look.redis.absent = true;
    flash_audit_judge(&scene->look, &scene->list);
    expect(scene, FLASH_CAUSE_FORGOTTEN, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_history_is_a_finding, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_a_unit_too_many_or_too_few, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_the_ledgers_own_words, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_an_inflow_undone, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_a_base_of_its_own, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_a_settled_entry_put_back, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_weighed, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_an_absent_sku_and_unreadable_entries, open_scene,
                                        close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
