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

#include "audit_model.h"

#define HISTORIES 2000
#define LOOKS 33
#define STEPS_BETWEEN 12 /* at most, between the readings of a look */

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
    model_go_on(model, model_pick(model, STEPS_BETWEEN));
    model_read_redis(model, &scene->look, scene->names);
    model_go_on(model, model_pick(model, STEPS_BETWEEN));
    model_read_ledger(model, mark, &scene->look, scene->names);
    flash_audit_list_clear(&scene->list);
    return flash_audit_judge(&scene->look, &scene->list);
}

/* ---- tests ---- */

static void test_no_history_is_a_finding(void **state)
{
    struct scene *scene = *state;
    int64_t looks = 0, undecided = 0, open = 0, late = 0;
    for (unsigned seed = 1; seed <= HISTORIES; seed++) {
        model_begin(&scene->model, seed);
        for (int i = 0; i < LOOKS; i++) {
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

/* How many of a history's looks tell of the defect; the others cannot judge. */
static int tell_of(struct scene *scene, unsigned seed, int off)
{
    int told = 0;
    model_begin(&scene->model, seed);
    model_go_on(&scene->model, 60);
    scene->model.redis_available += off;
    for (int i = 0; i < 5; i++) {
        if (look(scene) == FLASH_AUDIT_GAP_NONE) {
            expect(scene, off > 0 ? FLASH_CAUSE_DRIFT_UP : FLASH_CAUSE_DRIFT_DOWN, off);
            told++;
        }
    }
    return told;
}

static void test_a_unit_too_many_or_too_few(void **state)
{
    int told_up = 0, told_down = 0;
    for (unsigned seed = 1; seed <= 50; seed++) {
        told_up += tell_of(*state, seed, 2);
        told_down += tell_of(*state, seed, -2);
    }
    assert_true(told_up > 125); /* of 250 */
    assert_true(told_down > 225);
}

static void test_the_ledgers_own_words(void **state)
{
    struct scene *scene = *state;
    model_begin(&scene->model, 7);
    model_go_on(&scene->model, 60);
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
    model_begin(&scene->model, 3);
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
    model_begin(&scene->model, 5);
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
        model_begin(&scene->model, 9);
        model_go_on(&scene->model, 40);
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
    model_begin(&scene->model, 11);
    model_go_on(&scene->model, 40);
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
    model_begin(&scene->model, 13);
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
