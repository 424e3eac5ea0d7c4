/* A batch of more SKUs than calls fit in the queue to Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "settle_desk.h"

/* One reserve entry each, of so many SKUs, settled by a settler of its own. */
#define WIDE (2 * FLASH_REDIS_SYNC_QUEUE + 10)

static struct desk *open_wide_desk(void)
{
    static struct flash_config config;
    struct desk *wide = calloc(1, sizeof(*wide));
    assert_non_null(wide);
    assert_true(flash_batch_init(&wide->batch, WIDE));
    assert_true(flash_settler_new(&config, WIDE, &wide->settler, &wide->err));
    wide->redis = fake_redis_sync_last();
    flash_settle_under(wide->settler, LETTER_GENERATION);
    for (int i = 0; i < WIDE; i++) {
        add(wide, &(struct letter){FLASH_ENTRY_RESERVE, i, i + 1, "a:u:1"});
    }
    return wide;
}

static void more_skus_than_the_queue_has_room_for_are_settled(void **state)
{
    (void)state;
    struct desk *wide = open_wide_desk();
    void *desk = wide;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < WIDE; i++) {
            answer_ok(wide, 0);
        }
        assert_true(settle(wide));
        assert_int_equal(fake_redis_sync_calls(wide->redis), (round + 1) * WIDE);
        assert_int_equal(wide->counts.dropped, WIDE);
    }
    for (int i = 0; i < WIDE; i++) {
        assert_int_equal(fake_redis_sync_call(wide->redis, i)->sku, i + 1);
    }
    close_desk(&desk);
}

static void a_refused_sku_among_many_leaves_the_others(void **state)
{
    (void)state;
    struct desk *wide = open_wide_desk();
    void *desk = wide;
    fake_redis_sync_refuse(wide->redis, "OOM");
    for (int i = 1; i < WIDE; i++) {
        answer_ok(wide, 0);
    }
    assert_false(settle(wide));
    assert_int_equal(wide->err.kind, FLASH_ERROR_RETRY);
    assert_int_equal(wide->counts.dropped, WIDE - 1);
    close_desk(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_skus_than_the_queue_has_room_for_are_settled),
        cmocka_unit_test(a_refused_sku_among_many_leaves_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
