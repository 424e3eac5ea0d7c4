/* How long a recovery leaves those in peace that it could not mend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/respite.h"

#define SECOND UINT64_C(1000000)

struct desk {
    struct flash_respite respite;
    struct flash_sight sight;
};

/* SKUs 1 to 4; 2 and 4 could not be mended. */
static int begin(void **state)
{
    static struct desk desk;
    desk = (struct desk){.sight.run_id = "aa"};
    for (int i = 1; i <= 4; i++) {
        struct flash_sight_sku *sku = flash_sight_add(&desk.sight);
        assert_non_null(sku);
        sku->sku = i;
        sku->broken = i % 2 == 0;
        sku->need = sku->broken ? FLASH_NEED_ABSENT : FLASH_NEED_NOTHING;
    }
    *state = &desk;
    return 0;
}

static int finish(void **state)
{
    struct desk *desk = *state;
    flash_respite_finish(&desk->respite);
    flash_sight_finish(&desk->sight);
    return 0;
}

static bool holds(struct desk *desk, uint64_t now_us)
{
    return flash_respite_holds(&desk->respite, &desk->sight, now_us);
}

static void begin_at(struct desk *desk, uint64_t now_us)
{
    flash_respite_begin(&desk->respite, &desk->sight, now_us);
}

static void it_lasts_twice_as_long_each_time(void **state)
{
    struct desk *desk = *state;
    uint64_t now_us = SECOND, wait_us = 4 * SECOND;
    assert_false(holds(desk, 0));
    for (int i = 0; i < 10; i++) {
        begin_at(desk, now_us);
        assert_true(holds(desk, now_us + wait_us - 1));
        assert_false(holds(desk, now_us + wait_us));
        now_us += wait_us;
        wait_us = wait_us < 256 * SECOND ? 2 * wait_us : wait_us;
    }
}

static void a_new_need_ends_it(void **state)
{
    struct desk *desk = *state;
    begin_at(desk, SECOND);
    assert_true(holds(desk, SECOND));
    desk->sight.skus[0].need = FLASH_NEED_CLOSED;
    assert_false(holds(desk, SECOND));
    desk->sight.skus[0].need = FLASH_NEED_NOTHING;
    assert_true(holds(desk, SECOND));
    desk->sight.skus[3].need = FLASH_NEED_CLOSED; /* somebody did something about it */
    assert_false(holds(desk, SECOND));
    desk->sight.skus[3].need = FLASH_NEED_NOTHING;
    assert_true(holds(desk, SECOND));
}

/* What was well before may need a recovery because of the one that could not lift it. */
static void the_need_is_the_one_that_is_left(void **state)
{
    struct desk *desk = *state;
    begin_at(desk, SECOND);
    desk->sight.skus[1].need = FLASH_NEED_BEHIND;
    assert_true(holds(desk, SECOND));
    desk->sight.skus[1].need = FLASH_NEED_ABSENT;
    assert_false(holds(desk, SECOND));
}

static void another_server_ends_it(void **state)
{
    struct desk *desk = *state;
    begin_at(desk, SECOND);
    memcpy(desk->sight.run_id, "bb", sizeof("bb"));
    assert_false(holds(desk, SECOND));
    begin_at(desk, 2 * SECOND);
    assert_true(holds(desk, 6 * SECOND - 1));
    assert_false(holds(desk, 6 * SECOND));
}

static void what_was_mended_is_forgotten_and_what_is_new_begins_anew(void **state)
{
    struct desk *desk = *state;
    begin_at(desk, SECOND);
    desk->sight.skus[3].broken = false;
    begin_at(desk, SECOND);
    assert_false(holds(desk, SECOND));
    desk->sight.skus[3].need = FLASH_NEED_NOTHING;
    assert_true(holds(desk, 9 * SECOND - 1)); /* fewer of the same: the second time */
    desk->sight.skus[2].broken = true;
    begin_at(desk, SECOND);
    assert_false(holds(desk, 5 * SECOND));
    memset(desk->sight.skus, 0, 4 * sizeof(*desk->sight.skus));
    begin_at(desk, SECOND);
    assert_int_equal(desk->respite.count, 0);
    assert_false(holds(desk, SECOND));
}

#define RESPITE(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RESPITE(it_lasts_twice_as_long_each_time),
        RESPITE(a_new_need_ends_it),
        RESPITE(the_need_is_the_one_that_is_left),
        RESPITE(another_server_ends_it),
        RESPITE(what_was_mended_is_forgotten_and_what_is_new_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
