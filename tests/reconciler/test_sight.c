/* What a recovery concludes from the ledger and Redis side by side: who is in need, what is
 * replayed, what is swept, and under which generation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/sight.h"

#define RUN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define WINDOW_MS 1000
#define LAST_US 5000000

/* A SKU in order: loaded, in Redis, its gate open here. */
static struct flash_sight_sku *add(struct flash_sight *sight, int64_t number)
{
    struct flash_sight_sku *sku = flash_sight_add(sight);
    assert_non_null(sku);
    sku->sku = number;
    sku->inflow = 4;
    sku->sale = 2;
    sku->redis.asked = sku->redis.present = true;
    sku->redis.generation = sku->redis.gate_generation = 7;
    sku->redis.inflow = 4;
    sku->redis.sale = 2;
    sku->redis.last_us = LAST_US;
    sku->redis.beacon = 30;
    sku->redis.gate = FLASH_GATE_OPEN;
    memcpy(sku->redis.gate_more, RUN, sizeof(RUN));
    return sku;
}

static int begin(void **state)
{
    static struct flash_sight sight;
    sight = (struct flash_sight){.generation = 7, .beacon = 30};
    memcpy(sight.run_id, RUN, sizeof(RUN));
    *state = &sight;
    return 0;
}

static int finish(void **state)
{
    flash_sight_finish(*state);
    return 0;
}

static int judge(struct flash_sight *sight)
{
    return flash_sight_judge(sight, &(struct flash_sight_wish){0});
}

static void expect(const struct flash_sight *sight, size_t i, enum flash_need need, bool sweep)
{
    assert_string_equal(flash_need_name(sight->skus[i].need), flash_need_name(need));
    assert_int_equal(sight->skus[i].sweep, sweep);
}

static void a_sku_in_order_needs_nothing(void **state)
{
    add(*state, 1);
    add(*state, 2)->redis.inflow = 3; /* its inflow is on its way: Redis may be behind */
    add(*state, 3)->redis.inflow = 5; /* no recovery can mend that */
    assert_int_equal(judge(*state), 0);
    expect(*state, 0, FLASH_NEED_NOTHING, false);
    expect(*state, 1, FLASH_NEED_NOTHING, false);
}

static void each_sign_has_its_name_and_its_cure(void **state)
{
    struct flash_sight *sight = *state;
    memcpy(add(sight, 1)->redis.gate_more, OTHER, sizeof(OTHER));
    add(sight, 2)->redis.gate = FLASH_GATE_CLOSED;
    add(sight, 3)->redis.gate = FLASH_GATE_NONE;
    add(sight, 4)->redis.gate_generation = 6;
    add(sight, 5)->redis.generation = 6;
    add(sight, 6)->redis.present = false;
    add(sight, 7)->redis.asked = false; /* it came between the looks */
    add(sight, 8);
    assert_int_equal(judge(sight), 6);
    expect(sight, 0, FLASH_NEED_RESTARTED, false);
    expect(sight, 1, FLASH_NEED_CLOSED, true);
    expect(sight, 2, FLASH_NEED_CLOSED, true);
    expect(sight, 3, FLASH_NEED_CLOSED, true);
    expect(sight, 4, FLASH_NEED_BEHIND, true);
    expect(sight, 5, FLASH_NEED_ABSENT, true);
    expect(sight, 6, FLASH_NEED_NOTHING, false);
    expect(sight, 7, FLASH_NEED_NOTHING, false);
}

/* One SKU of which Redis was told more than the ledger has: the ledger is one, so all are
 * concerned. */
static void a_ledger_that_fell_back_concerns_every_sku(void **state)
{
    struct flash_sight *sight = *state;
    for (int sign = 0; sign < 2; sign++) {
        sight->count = 0;
        add(sight, 1);
        struct flash_sight_sku *sku = add(sight, 2);
        sku->redis.generation += sign == 0;
        sku->redis.beacon += sign == 1;
        assert_int_equal(judge(sight), 2);
        expect(sight, 0, FLASH_NEED_LEDGER_BACK, false);
        expect(sight, 1, FLASH_NEED_LEDGER_BACK, false);
    }
}

static void a_wish_is_about_one_sku_and_may_force(void **state)
{
    struct flash_sight *sight = *state;
    add(sight, 1)->redis.present = false;
    add(sight, 2);
    assert_int_equal(flash_sight_judge(sight, &(struct flash_sight_wish){.sku = 2}), 0);
    assert_int_equal(flash_sight_judge(sight, &(struct flash_sight_wish){.sku = 2, .force = true}),
                     1);
    expect(sight, 0, FLASH_NEED_NOTHING, false);
    expect(sight, 1, FLASH_NEED_FORCED, true);
    assert_int_equal(flash_sight_judge(sight, &(struct flash_sight_wish){.force = true}), 2);
    expect(sight, 0, FLASH_NEED_ABSENT, true);
}

#define MOMENT INT64_C(1798765432123456)

static void the_new_generation_is_the_moment_and_above_all_others(void **state)
{
    struct flash_sight *sight = *state;
    assert_int_equal(flash_sight_next_generation(sight, MOMENT), MOMENT);
    add(sight, 1);
    assert_int_equal(flash_sight_next_generation(sight, 0), 8);
    add(sight, 2)->redis.generation = 12;
    sight->skus[0].redis.beacon = 99;
    assert_int_equal(flash_sight_next_generation(sight, 0), 13);
    assert_int_equal(flash_sight_next_beacon(sight), 100);
    assert_int_equal(flash_sight_next_generation(sight, MOMENT), MOMENT);
}

/* A clock was ahead when the last recovery ran; or this one's is beyond all reason. */
static void where_the_clock_does_not_help_it_chooses_among_a_thousand(void **state)
{
    struct flash_sight *sight = *state;
    add(sight, 1)->redis.generation = MOMENT;
    assert_int_equal(flash_sight_next_generation(sight, MOMENT - 123000), MOMENT + 1 + 456);
    assert_int_equal(flash_sight_next_generation(sight, MOMENT), MOMENT + 1 + 456);
    assert_int_equal(flash_sight_next_generation(sight, (INT64_C(1) << 53) + 8), MOMENT + 1 + 0);
    assert_int_equal(flash_sight_next_generation(sight, (INT64_C(1) << 53) - 1),
                     (INT64_C(1) << 53) - 1);
}

/* ---- what was lost ---- */

static void note(struct flash_sight *sight, int64_t stream_us, int partition, int64_t offset)
{
    flash_sight_note_entry(
        sight,
        &(struct flash_sight_entry){
            .sku = 1, .stream_us = stream_us, .partition = partition, .offset = offset},
        WINDOW_MS);
}

static struct flash_sight_sku *restarted(struct flash_sight *sight)
{
    struct flash_sight_sku *sku = add(sight, 1);
    memcpy(sku->redis.gate_more, OTHER, sizeof(OTHER));
    assert_int_equal(judge(sight), 1);
    return sku;
}

static void what_ran_before_the_restored_moment_is_not_lost(void **state)
{
    struct flash_sight_sku *sku = restarted(*state);
    note(*state, LAST_US, 3, 10);
    note(*state, LAST_US - 1, -1, -1);
    assert_true(sku->lost == 0 && !sku->sweep);
}

static void what_ran_after_it_is_replayed_from_the_first(void **state)
{
    struct flash_sight_sku *sku = restarted(*state);
    note(*state, LAST_US + 20, 3, 12);
    note(*state, LAST_US + 1, 3, 10);
    note(*state, LAST_US + WINDOW_MS * 1000, 3, 14);
    assert_int_equal(sku->lost, 3);
    assert_true(sku->partition == 3 && sku->offset == 10 && !sku->sweep);
    assert_int_equal(flash_sight_safe_us(*state, LAST_US), LAST_US);
}

static void a_clock_that_was_ahead_hides_no_loss(void **state)
{
    struct flash_sight *sight = *state;
    restarted(sight);
    struct flash_sight_sku *ahead = add(sight, 2);
    ahead->need = FLASH_NEED_RESTARTED;
    ahead->redis.last_us = LAST_US + 3600000000;
    assert_int_equal(flash_sight_safe_us(sight, LAST_US + 5000000), LAST_US);
    assert_int_equal(flash_sight_safe_us(sight, LAST_US - 1), 0);
}

static void what_cannot_be_replayed_is_swept(void **state)
{
    const struct {
        int64_t stream_us;
        int partition;
    } rows[] = {
        {LAST_US + 5, -1},                   /* fenced: never in Kafka */
        {LAST_US + 5, 4},                    /* in another partition */
        {LAST_US + WINDOW_MS * 1000 + 1, 3}, /* too long ago */
    };
    struct flash_sight *sight = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        sight->count = 0;
        struct flash_sight_sku *sku = restarted(sight);
        note(sight, LAST_US + 1, 3, 10);
        assert_false(sku->sweep);
        note(sight, rows[i].stream_us, rows[i].partition, 11);
        assert_true(sku->sweep);
    }
}

static void entries_of_skus_that_are_in_order_are_nobodys_loss(void **state)
{
    struct flash_sight_sku *sku = add(*state, 1);
    assert_int_equal(judge(*state), 0);
    note(*state, LAST_US + 1, 3, 10);
    flash_sight_note_entry(*state, &(struct flash_sight_entry){.sku = 77, .stream_us = LAST_US + 1},
                           WINDOW_MS);
    assert_true(sku->lost == 0 && !sku->sweep);
    assert_int_equal(flash_sight_safe_us(*state, INT64_MAX), 0);
}

static void redis_answers_are_taken_over_by_sku(void **state)
{
    struct flash_sight asked = {0}, *sight = *state;
    add(&asked, 2)->redis.inflow = 11;
    add(&asked, 5)->redis.inflow = 12; /* the ledger has it no more */
    memcpy(asked.run_id, OTHER, sizeof(OTHER));
    add(sight, 1)->redis.asked = false;
    add(sight, 2)->redis.asked = false;
    flash_sight_take_redis(sight, &asked);
    assert_string_equal(sight->run_id, OTHER);
    assert_false(sight->skus[0].redis.asked);
    assert_true(sight->skus[1].redis.asked && sight->skus[1].redis.inflow == 11);
    assert_null(flash_sight_find(sight, 5));
    flash_sight_finish(&asked);
}

#define SIGHT(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIGHT(a_sku_in_order_needs_nothing),
        SIGHT(each_sign_has_its_name_and_its_cure),
        SIGHT(a_ledger_that_fell_back_concerns_every_sku),
        SIGHT(a_wish_is_about_one_sku_and_may_force),
        SIGHT(the_new_generation_is_the_moment_and_above_all_others),
        SIGHT(where_the_clock_does_not_help_it_chooses_among_a_thousand),
        SIGHT(what_ran_before_the_restored_moment_is_not_lost),
        SIGHT(what_ran_after_it_is_replayed_from_the_first),
        SIGHT(a_clock_that_was_ahead_hides_no_loss),
        SIGHT(what_cannot_be_replayed_is_swept),
        SIGHT(entries_of_skus_that_are_in_order_are_nobodys_loss),
        SIGHT(redis_answers_are_taken_over_by_sku),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
