/* What is done to a batch before and around its judgement: its SKUs, copies of entries, lines of
 * one order. What becomes of each line is test_judge.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../consumer/plan.h"
#include "letter.h"

#define AIM 64
#define SKU 42

struct desk {
    struct flash_batch batch;
    struct flash_plan plan;
};

static int open_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    assert_true(flash_batch_init(&desk->batch, AIM));
    assert_true(flash_plan_init(&desk->plan, AIM, AIM + FLASH_BATCH_LINES));
    *state = desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    flash_batch_finish(&desk->batch);
    flash_plan_finish(&desk->plan);
    free(desk);
    return 0;
}

static void add(struct desk *desk, enum flash_entry_type type, int id, const char *lines)
{
    struct flash_message message =
        letter_write(&(struct letter){.type = type, .id = id, .sku = SKU, .lines = lines});
    flash_batch_add(&desk->batch, &message);
}

static struct flash_plan_sku *judge(struct desk *desk, int64_t available)
{
    flash_plan_collect(&desk->plan, &desk->batch);
    for (int i = 0; i < desk->plan.sku_count; i++) {
        desk->plan.skus[i].known = true;
        desk->plan.skus[i].available = available;
    }
    flash_plan_judge(&desk->plan, &desk->batch);
    return flash_plan_find(&desk->plan, SKU);
}

static void skus_are_collected_once_and_sorted(void **state)
{
    struct desk *desk = *state;
    static const int64_t skus[] = {9, 3, 9, 9, INT64_MAX, 3, 1};
    for (int i = 0; i < 7; i++) {
        struct flash_message message =
            letter_write(&(struct letter){FLASH_ENTRY_RESERVE, i, skus[i], "a:u:1"});
        flash_batch_add(&desk->batch, &message);
    }
    struct flash_message dead = letter_text("{}", 0, 0);
    flash_batch_add(&desk->batch, &dead);
    add(desk, FLASH_ENTRY_MARKER, 8, NULL);
    flash_plan_collect(&desk->plan, &desk->batch);
    assert_int_equal(desk->plan.sku_count, 4);
    static const int64_t expected[] = {1, 3, 9, INT64_MAX};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(desk->plan.skus[i].sku, expected[i]);
        assert_ptr_equal(flash_plan_find(&desk->plan, expected[i]), &desk->plan.skus[i]);
    }
    assert_null(flash_plan_find(&desk->plan, 2));
}

static void later_copies_of_an_entry_do_nothing(void **state)
{
    struct desk *desk = *state;
    add(desk, FLASH_ENTRY_RESERVE, 1, "a:u:1");
    add(desk, FLASH_ENTRY_RESERVE, 2, "b:u:1");
    add(desk, FLASH_ENTRY_RESERVE, 1, "a:u:1");
    add(desk, FLASH_ENTRY_RESERVE, 1, "a:u:1");
    flash_plan_unify(&desk->batch);
    struct flash_plan_sku *sku = judge(desk, 10);
    assert_int_equal(sku->to_reserved, 2);
    assert_int_equal(desk->batch.entries[0].fate, FLASH_FATE_APPLY);
    assert_int_equal(desk->batch.entries[2].fate, FLASH_FATE_REPEATED);
    assert_int_equal(desk->batch.entries[3].fate, FLASH_FATE_REPEATED);
    assert_int_equal(desk->plan.duplicates, 2);
    assert_int_equal(desk->plan.applied_entries, 2);
}

static void an_entry_with_a_verdict_is_left_alone(void **state)
{
    struct desk *desk = *state;
    add(desk, FLASH_ENTRY_RESERVE, 1, "a:u:1");
    flash_plan_unify(&desk->batch);
    desk->batch.entries[0].fate = FLASH_FATE_DUPLICATE;
    desk->batch.entries[0].clean = true;
    struct flash_plan_sku *sku = judge(desk, 10);
    assert_int_equal(sku->to_available, 0);
    assert_true(desk->batch.entries[0].clean);
    assert_int_equal(desk->batch.lines[0].fate, FLASH_LINE_NONE);
    assert_true(desk->plan.duplicates == 1 && desk->plan.log_count == 0);
}

static void lines_of_one_order_share_the_first_ones_row(void **state)
{
    struct desk *desk = *state;
    add(desk, FLASH_ENTRY_RESERVE, 1, "b:u:1 a:u:1");
    add(desk, FLASH_ENTRY_PAY, 2, "a:u:1:1:p aa:u:1:1:p");
    add(desk, FLASH_ENTRY_RETURN, 3, "a:u:1:2 b:u:1:2");
    struct flash_message other =
        letter_write(&(struct letter){FLASH_ENTRY_CANCEL, 4, SKU + 1, "a:u:1:1"});
    flash_batch_add(&desk->batch, &other);
    flash_plan_unify(&desk->batch);
    static const int expected[] = {0, 1, 1, 3, 1, 0, 6};
    for (int i = 0; i < 7; i++) {
        assert_int_equal(desk->batch.lines[i].row_at, expected[i]);
        assert_ptr_equal(flash_batch_row(&desk->batch, i), &desk->batch.lines[expected[i]].row);
    }
}

/* A dead letter has no id, and two of them are no copies. */
static void dead_letters_and_markers_are_no_copies(void **state)
{
    struct desk *desk = *state;
    for (int i = 0; i < 2; i++) {
        struct flash_message dead = letter_text("{}", 0, i);
        flash_batch_add(&desk->batch, &dead);
        add(desk, FLASH_ENTRY_MARKER, 1, NULL);
    }
    flash_plan_unify(&desk->batch);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(desk->batch.entries[i].fate, i % 2 ? FLASH_FATE_MARKER : FLASH_FATE_DEAD);
    }
}

/* Entries commute: whatever their order, the sums are the same. */
static void the_order_of_entries_does_not_matter(void **state)
{
    static const char *const lines[] = {"a:u:2", "b:u:3", "c:u:1", "d:u:4"};
    struct desk *desk = *state;
    for (int shift = 0; shift < 4; shift++) {
        flash_batch_reset(&desk->batch);
        for (int i = 0; i < 4; i++) {
            add(desk, FLASH_ENTRY_RESERVE, (i + shift) % 4, lines[(i + shift) % 4]);
        }
        struct flash_plan_sku *sku = judge(desk, 10);
        assert_true(sku->available == 0 && sku->to_reserved == 10 && !sku->shortage);
    }
}

#define DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(skus_are_collected_once_and_sorted),
        DESK(later_copies_of_an_entry_do_nothing),
        DESK(an_entry_with_a_verdict_is_left_alone),
        DESK(lines_of_one_order_share_the_first_ones_row),
        DESK(dead_letters_and_markers_are_no_copies),
        DESK(the_order_of_entries_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
