/* Whose turn it is to be read: the longest unread first, at rest less often, and never twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../engine/watchers.h"

#define TICK_US 20000
#define REST_US 250000
#define COUNT 5

static struct flash_worker worker;
static struct flash_sku sku;
static struct flash_read reads[COUNT];
static struct flash_watcher watchers[COUNT];

static int setup(void **state)
{
    (void)state;
    worker = (struct flash_worker){.now_us = 1000000};
    TAILQ_INIT(&worker.watched);
    sku = (struct flash_sku){.id = 42};
    TAILQ_INIT(&sku.watchers);
    for (int i = 0; i < COUNT; i++) {
        reads[i] = (struct flash_read){.sku = &sku, .ref_len = 1, .ref = {(char)('a' + i)}};
    }
    return 0;
}

static void watch(int i, enum flash_watcher_kind kind, enum flash_state state)
{
    watchers[i].kind = kind;
    flash_watchers_add(&watchers[i], &worker, &reads[i], state);
}

static void watch_all(enum flash_state state)
{
    for (int i = 0; i < COUNT; i++) {
        watch(i, FLASH_WATCHER_STREAM, state);
    }
}

/* The refs that are due now, at most max. */
static const char *due(int max)
{
    static char refs[COUNT + 1];
    struct flash_watcher *list[COUNT];
    int count = flash_watchers_next(&sku, list, max);
    for (int i = 0; i < count; i++) {
        refs[i] = list[i]->ref[0];
    }
    refs[count] = '\0';
    return refs;
}

static void longest_unread_first(void **state)
{
    (void)state;
    watch_all(FLASH_STATE_QUEUED);
    assert_string_equal(due(2), "ab");
    assert_string_equal(due(2), "cd");
    assert_string_equal(due(2), "ea");
    assert_string_equal(due(COUNT), "bcdea");
}

static void not_while_a_read_is_under_way(void **state)
{
    (void)state;
    watch_all(FLASH_STATE_QUEUED);
    assert_string_equal(due(2), "ab");
    watchers[0].reading = &reads[0];
    watchers[1].reading = &reads[1];
    assert_string_equal(due(COUNT), "cde"); /* then a, which is under way */
    watchers[0].reading = NULL;
    watchers[1].reading = NULL;
    assert_string_equal(due(COUNT), "abcde");
}

static void at_rest_less_often(void **state)
{
    (void)state;
    watch_all(FLASH_STATE_CREATED);
    worker.now_us += TICK_US;
    assert_string_equal(due(COUNT), "");
    worker.now_us += REST_US;
    assert_string_equal(due(3), "abc");
    worker.now_us += TICK_US;
    assert_string_equal(due(3), "de");
    worker.now_us += TICK_US;
    assert_string_equal(due(3), "");
    worker.now_us += REST_US - 2 * TICK_US;
    assert_string_equal(due(COUNT), "abc");
}

static void one_in_a_hurry_hurries_all(void **state)
{
    (void)state;
    static const enum flash_state on_their_way[] = {FLASH_STATE_QUEUED, FLASH_STATE_CANCELLING,
                                                    FLASH_STATE_EXPIRING, FLASH_STATE_RETURNING};
    watch_all(FLASH_STATE_PAID);
    for (size_t i = 0; i < sizeof(on_their_way) / sizeof(on_their_way[0]); i++) {
        assert_string_equal(due(COUNT), "");
        flash_watchers_told(&watchers[2], on_their_way[i]);
        assert_string_equal(due(COUNT), "abcde");
        flash_watchers_told(&watchers[2], FLASH_STATE_CREATED);
    }
    flash_watchers_remove(&watchers[4]);
    watch(4, FLASH_WATCHER_WAITER, FLASH_STATE_CREATED); /* a held request always is */
    assert_string_equal(due(COUNT), "abcde");
    flash_watchers_remove(&watchers[4]);
    assert_string_equal(due(COUNT), "");
}

static void leaving_takes_leave_of_the_read(void **state)
{
    (void)state;
    watch_all(FLASH_STATE_QUEUED);
    reads[1].watcher = &watchers[1];
    watchers[1].reading = &reads[1];
    flash_watchers_remove(&watchers[1]);
    assert_null(reads[1].watcher);
    assert_string_equal(due(COUNT), "acde");
    for (int i = 0; i < COUNT; i++) {
        if (i != 1) {
            flash_watchers_remove(&watchers[i]);
        }
    }
    assert_string_equal(due(COUNT), "");
    assert_int_equal(sku.hasty_watchers, 0);
    assert_true(TAILQ_EMPTY(&worker.watched)); /* no tick passes it over */
    watch_all(FLASH_STATE_QUEUED);
    assert_ptr_equal(TAILQ_FIRST(&worker.watched), &sku);
    assert_null(TAILQ_NEXT(&sku, next_watched));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(longest_unread_first, setup),
        cmocka_unit_test_setup(not_while_a_read_is_under_way, setup),
        cmocka_unit_test_setup(at_rest_less_often, setup),
        cmocka_unit_test_setup(one_in_a_hurry_hurries_all, setup),
        cmocka_unit_test_setup(leaving_takes_leave_of_the_read, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
