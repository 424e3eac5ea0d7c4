/* The arguments of lua/settle, as docs/FORMATS.md has them, and how much one call holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_redis_sync.h"
#include "flash/settle.h"

static int make(void **state)
{
    struct flash_error err;
    struct flash_settle_call *call;
    assert_true(flash_settle_call_new(&call, &err));
    *state = call;
    return 0;
}

static int drop(void **state)
{
    flash_settle_call_free(*state);
    return 0;
}

static struct flash_text text_of(const char *text)
{
    return (struct flash_text){text, strlen(text)};
}

static struct flash_settle_line line_of(const char *ref, enum flash_state state)
{
    return (struct flash_settle_line){
        .ref = text_of(ref), .state = state, .version = 1, .quantity = 2, .user = text_of("u-1")};
}

/* All arguments with a blank between them. */
static void assert_arguments(struct flash_settle_call *call, const char *expected)
{
    char all[1024];
    size_t used = 0;
    const struct flash_redis_call *redis = flash_settle_call_finish(call);
    for (int i = 0; i < redis->argc; i++) {
        used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%.*s", i ? " " : "",
                                 (int)redis->argv_len[i], redis->argv[i]);
    }
    assert_string_equal(all, expected);
}

static void empty_call_only_asks(void **state)
{
    flash_settle_call_begin(*state, 77, 3);
    const struct flash_redis_call *redis = flash_settle_call_finish(*state);
    assert_int_equal(redis->script, FLASH_SCRIPT_SETTLE);
    assert_int_equal(redis->sku, 77);
    assert_arguments(*state, "3 0");
    assert_int_equal(flash_settle_call_entries(*state), 0);
}

static void clean_ids_come_first(void **state)
{
    struct flash_settle_line created = line_of("a", FLASH_STATE_CREATED);
    flash_settle_call_begin(*state, 77, 3);
    flash_settle_call_add_clean(*state, 1763718000123456, UINT64_MAX);
    flash_settle_call_add_clean(*state, 8, 0);
    flash_settle_call_begin_entry(*state, 9, 1);
    flash_settle_call_add_line(*state, &created);
    assert_arguments(*state, "3 2 1763718000123456-18446744073709551615 8-0 9-1 1 a C 1 2 u-1 0");
    assert_int_equal(flash_settle_call_entries(*state), 3);
}

static void lines_are_counted_per_entry(void **state)
{
    struct flash_settle_line lost = line_of("b", FLASH_STATE_FAILED_LOST);
    struct flash_settle_line paid = line_of("c", FLASH_STATE_PAID);
    paid.payment = text_of("pay-1");
    paid.version = 2;
    paid.due_s = 1763719800;
    flash_settle_call_begin(*state, 5, 1);
    flash_settle_call_begin_entry(*state, 1, 1);
    flash_settle_call_add_line(*state, &lost);
    flash_settle_call_add_line(*state, &paid);
    flash_settle_call_begin_entry(*state, 2, 2);
    assert_arguments(*state, "1 0 1-1 2 b L 1 2 u-1 0 c P 2 2 u-1\"pay-1 1763719800 2-2 0");
}

static void begin_forgets_what_was_there(void **state)
{
    struct flash_settle_line line = line_of("b", FLASH_STATE_CANCELLED);
    flash_settle_call_begin(*state, 5, 1);
    flash_settle_call_begin_entry(*state, 1, 1);
    flash_settle_call_add_line(*state, &line);
    flash_settle_call_begin(*state, 6, 2);
    flash_settle_call_begin_entry(*state, 7, 7);
    assert_arguments(*state, "2 0 7-7 0");
}

static void call_is_full_of_clean_ids(void **state)
{
    flash_settle_call_begin(*state, 5, 1);
    for (int i = 0; i < FLASH_SETTLE_CLEAN; i++) {
        assert_false(flash_settle_call_full(*state));
        flash_settle_call_add_clean(*state, (uint64_t)i + 1, 1);
    }
    assert_true(flash_settle_call_full(*state));
    assert_int_equal(flash_settle_call_finish(*state)->argc, 2 + FLASH_SETTLE_CLEAN);
}

/* One line fewer than the limit, then the largest entry: it still fits, each line with a payment.
 */
static void last_entry_has_room_for_all_its_lines(void **state)
{
    struct flash_settle_line line = line_of("r", FLASH_STATE_PAID);
    line.payment = text_of("p");
    flash_settle_call_begin(*state, 5, 1);
    for (int i = 0; i < FLASH_SETTLE_LINES - 1; i++) {
        flash_settle_call_begin_entry(*state, (uint64_t)i + 1, 1);
        flash_settle_call_add_line(*state, &line);
        assert_false(flash_settle_call_full(*state));
    }
    flash_settle_call_begin_entry(*state, 9999, 1);
    for (int i = 0; i < FLASH_BATCH_LINES; i++) {
        flash_settle_call_add_line(*state, &line);
    }
    assert_true(flash_settle_call_full(*state));
    const struct flash_redis_call *redis = flash_settle_call_finish(*state);
    assert_int_equal(redis->argc,
                     2 + FLASH_SETTLE_LINES * 2 + (FLASH_SETTLE_LINES - 1 + FLASH_BATCH_LINES) * 6);
    assert_memory_equal(redis->argv[redis->argc - 2], "u-1\"p", 5);
}

static void answer_is_ok_or_an_error(void **state)
{
    static struct flash_config config;
    struct flash_redis_sync *redis;
    struct flash_redis_reply *reply;
    struct flash_error err;
    assert_true(flash_redis_sync_new(&config, &redis, &err));
    flash_settle_call_begin(*state, 5, 1);
    const struct flash_redis_call *call = flash_settle_call_finish(*state);
    fake_redis_sync_reply(redis, json_pack("[s,i]", "OK", 0));
    assert_true(flash_redis_sync_call(redis, call, &reply, &err));
    assert_true(flash_settle_accepted(call, reply, &err));
    flash_redis_reply_free(reply);
    fake_redis_sync_reply(redis, json_pack("[s,s]", "GENERATION", "9"));
    assert_true(flash_redis_sync_call(redis, call, &reply, &err));
    assert_false(flash_settle_accepted(call, reply, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_string_equal(err.text, "Redis refused to settle SKU 5: GENERATION 9");
    flash_redis_reply_free(reply);
    flash_redis_sync_free(redis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(empty_call_only_asks, make, drop),
        cmocka_unit_test_setup_teardown(clean_ids_come_first, make, drop),
        cmocka_unit_test_setup_teardown(lines_are_counted_per_entry, make, drop),
        cmocka_unit_test_setup_teardown(begin_forgets_what_was_there, make, drop),
        cmocka_unit_test_setup_teardown(call_is_full_of_clean_ids, make, drop),
        cmocka_unit_test_setup_teardown(last_entry_has_room_for_all_its_lines, make, drop),
        cmocka_unit_test_setup_teardown(answer_is_ok_or_an_error, make, drop),
    };
    return cmocka_run_group_tests_name("redis settle", tests, NULL, NULL);
}
