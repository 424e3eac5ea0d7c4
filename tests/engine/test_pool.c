/* A pool hands out each of its objects once, aligned and apart, and no more than it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../engine/pool.h"

static void all_are_handed_out_and_no_more(void **state)
{
    (void)state;
    struct flash_pool pool;
    unsigned char *taken[7];
    assert_true(flash_pool_init(&pool, 7, 19));
    assert_int_equal(flash_pool_used(&pool), 0);
    for (int i = 0; i < 7; i++) {
        taken[i] = flash_pool_take(&pool);
        assert_non_null(taken[i]);
        assert_int_equal((uintptr_t)taken[i] % 16, 0);
        memset(taken[i], i, 19);
    }
    assert_null(flash_pool_take(&pool));
    assert_int_equal(flash_pool_used(&pool), 7);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(taken[i][0], i);
        assert_int_equal(taken[i][18], i);
    }
    flash_pool_finish(&pool);
}

static void what_is_given_back_is_handed_out_again(void **state)
{
    (void)state;
    struct flash_pool pool;
    assert_true(flash_pool_init(&pool, 2, 8));
    void *first = flash_pool_take(&pool), *second = flash_pool_take(&pool);
    assert_ptr_not_equal(first, second);
    flash_pool_give(&pool, first);
    assert_int_equal(flash_pool_used(&pool), 1);
    assert_ptr_equal(flash_pool_take(&pool), first);
    assert_null(flash_pool_take(&pool));
    flash_pool_finish(&pool);
}

static void an_empty_pool_has_nothing(void **state)
{
    (void)state;
    struct flash_pool pool = {0};
    assert_null(flash_pool_take(&pool));
    flash_pool_finish(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_handed_out_and_no_more),
        cmocka_unit_test(what_is_given_back_is_handed_out_again),
        cmocka_unit_test(an_empty_pool_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
