/* Rule 5: a Redis that has forgotten orders has its SKU's gate closed. */
#include <stdio.h>

#include "settle_desk.h"

/* letter_stream_id, kept. */
static const char *id(int number)
{
    static char texts[8][FLASH_STREAM_ID_TEXT + 1];
    char *text = texts[number % 8];
    snprintf(text, sizeof(texts[0]), "%s", letter_stream_id(number));
    return text;
}

static void check_gate_call(struct desk *desk, int i, int64_t sku)
{
    const struct fake_redis_sync_call *call = fake_redis_sync_call(desk->redis, i);
    assert_non_null(call);
    assert_int_equal(call->script, FLASH_SCRIPT_GATE);
    assert_int_equal(call->sku, sku);
    assert_int_equal(call->argc, 3);
    assert_string_equal(call->argv[0], "7");
    assert_string_equal(call->argv[1], "");
    assert_string_equal(call->argv[2], "forgotten");
}

/* Rule 5: what Redis forgot without a recovery closes the SKU; what a recovery replays does not. */
static void a_sku_that_redis_forgot_orders_of_is_closed(void **state)
{
    struct desk *desk = *state;
    add_reserve(desk, 1, 5)->generation = LETTER_GENERATION - 1;
    add_reserve(desk, 2, 6);
    answer_ok(desk, 0);
    fake_redis_sync_reply(desk->redis, json_pack("[s,i,s]", "OK", 0, id(2)));
    answer_ok(desk, 2);
    answer_ok(desk, 2);
    answer_closed(desk);
    assert_true(settle(desk));
    check_gate_call(desk, 4, 6);
    assert_int_equal(fake_redis_sync_calls(desk->redis), 5);
    assert_int_equal(desk->counts.closed_sku, 6);
    assert_int_equal(desk->counts.learnt, 4);
}

static void a_gate_that_could_not_be_closed_is_closed_first_the_next_time(void **state)
{
    struct desk *desk = *state;
    add_reserve(desk, 1, 5);
    fake_redis_sync_reply(desk->redis, json_pack("[s,i,s]", "OK", 0, id(1)));
    answer_ok(desk, 2);
    fake_redis_sync_lose(desk->redis);
    assert_false(settle(desk));
    assert_int_equal(desk->counts.closed_sku, 0);
    answer_closed(desk);
    answer_ok(desk, 0);
    assert_true(settle(desk));
    check_gate_call(desk, 3, 5);
    assert_int_equal(desk->counts.closed_sku, 5);
    assert_int_equal(fake_redis_sync_calls(desk->redis), 5);
}

#define DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(a_sku_that_redis_forgot_orders_of_is_closed),
        DESK(a_gate_that_could_not_be_closed_is_closed_first_the_next_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
