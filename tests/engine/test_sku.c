/* The table finds what it made, is full at its size, and reuses only what nobody can still need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../engine/watchers.h"

#define LATER_US 5000000 /* long enough for what is not known to be dropped */

static int open_table(void **state)
{
    *state = flash_sku_table_new();
    return *state ? 0 : -1;
}

static int close_table(void **state)
{
    flash_sku_table_free(*state);
    return 0;
}

static int count(struct flash_sku_table *table)
{
    int n = 0;
    while (flash_sku_at(table, n)) {
        n++;
    }
    return n;
}

static void a_sku_is_made_once_and_found_again(void **state)
{
    struct flash_sku *sku = flash_sku_find(*state, 42, 100);
    assert_int_equal(sku->id, 42);
    assert_int_equal(sku->known, FLASH_SKU_NEW);
    assert_int_equal(sku->used_us, 100);
    assert_true(TAILQ_EMPTY(&sku->watchers));
    assert_ptr_equal(flash_sku_find(*state, 42, 200), sku);
    assert_int_equal(sku->used_us, 200);
    assert_ptr_not_equal(flash_sku_find(*state, 43, 200), sku);
    assert_int_equal(count(*state), 2);
}

static void a_full_table_refuses_and_still_finds(void **state)
{
    for (int64_t id = 1; id <= FLASH_SKUS_MAX; id++) {
        struct flash_sku *sku = flash_sku_find(*state, id * 7919, 10);
        sku->known = FLASH_SKU_PRESENT;
        sku->generation = 1;
    }
    assert_int_equal(count(*state), FLASH_SKUS_MAX);
    assert_null(flash_sku_find(*state, 3, LATER_US));
    for (int64_t id = 1; id <= FLASH_SKUS_MAX; id++) {
        assert_int_equal(flash_sku_find(*state, id * 7919, 10)->id, id * 7919);
    }
}

/* Guessing SKUs that do not exist must not fill the table for those that do. */
static void guessed_skus_make_room_for_each_other(void **state)
{
    uint64_t now_us = LATER_US;
    for (int64_t id = 1; id <= 20000; id++, now_us += 1000) {
        struct flash_sku *sku = flash_sku_find(*state, id, now_us);
        assert_non_null(sku);
        assert_int_equal(sku->id, id);
        sku->known = FLASH_SKU_ABSENT;
        sku->asked_us = now_us;
    }
    assert_in_range(count(*state), 100, 200); /* those of about a tenth of a second */
    int64_t sum = 0;
    for (int i = 0; flash_sku_at(*state, i); i++) {
        int64_t id = flash_sku_at(*state, i)->id;
        assert_ptr_equal(flash_sku_find(*state, id, now_us), flash_sku_at(*state, i));
        sum += id;
    }
    assert_true(sum > 0);
}

static struct flash_sku *lone;

static bool reused(struct flash_sku_table *table)
{
    return flash_sku_find(table, 2, LATER_US) == lone;
}

static int open_lone(void **state)
{
    int rc = open_table(state);
    lone = rc == 0 ? flash_sku_find(*state, 1, 0) : NULL;
    if (lone) {
        lone->known = FLASH_SKU_ABSENT;
    }
    return rc;
}

static void an_idle_absent_sku_is_reused_clean(void **state)
{
    lone->journal_entries = 5;
    assert_true(reused(*state));
    assert_int_equal(lone->id, 2);
    assert_int_equal(lone->known, FLASH_SKU_NEW);
    assert_int_equal(lone->journal_entries, 0);
    lone->known = FLASH_SKU_PRESENT;
    assert_ptr_not_equal(flash_sku_find(*state, 1, LATER_US), lone);
}

static void one_that_is_believed_absent_is_kept(void **state)
{
    lone->asked_us = LATER_US - 50000;
    assert_false(reused(*state));
}

static void one_with_waiting_orders_is_kept(void **state)
{
    struct flash_lane_item item;
    flash_lane_push(&lone->orders, &item, 0);
    assert_false(reused(*state));
}

static void one_with_a_call_out_is_kept(void **state)
{
    lone->reads.in_flight = true;
    assert_false(reused(*state));
    lone->reads.in_flight = false;
    lone->orders.in_flight = true;
    assert_ptr_not_equal(flash_sku_find(*state, 3, LATER_US), lone);
    lone->orders.in_flight = false;
    lone->changes[FLASH_CHANGE_RETURN].in_flight = true;
    assert_ptr_not_equal(flash_sku_find(*state, 4, LATER_US), lone);
}

static void one_that_is_watched_is_kept(void **state)
{
    struct flash_watcher watcher;
    TAILQ_INSERT_TAIL(&lone->watchers, &watcher, links);
    assert_false(reused(*state));
}

static void one_in_this_turns_list_is_kept(void **state)
{
    lone->dirty = true;
    assert_false(reused(*state));
}

/* Redis had it and has lost it: it must go on being "recovering", never "unknown", and lines that
 * wait for Kafka still point to it. */
static void one_that_was_there_before_is_kept(void **state)
{
    lone->generation = 7;
    assert_false(reused(*state));
}

#define WITH_LONE(test) cmocka_unit_test_setup_teardown(test, open_lone, close_table)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sku_is_made_once_and_found_again, open_table,
                                        close_table),
        cmocka_unit_test_setup_teardown(a_full_table_refuses_and_still_finds, open_table,
                                        close_table),
        cmocka_unit_test_setup_teardown(guessed_skus_make_room_for_each_other, open_table,
                                        close_table),
        WITH_LONE(an_idle_absent_sku_is_reused_clean),
        WITH_LONE(one_that_is_believed_absent_is_kept),
        WITH_LONE(one_with_waiting_orders_is_kept),
        WITH_LONE(one_with_a_call_out_is_kept),
        WITH_LONE(one_that_is_watched_is_kept),
        WITH_LONE(one_in_this_turns_list_is_kept),
        WITH_LONE(one_that_was_there_before_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
