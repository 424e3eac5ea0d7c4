/* Which inflows a pass asks Redis about, which it applies, and what it says of them. The ledger is
 * a few functions here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/inflow.h"
#include "fake_redis_sync.h"
#include "flash/mysql_value.h"
#include "flash/time.h"

#define SKUS_MAX 1200
#define OLD_MS 60000

static struct {
    int64_t generation;
    int64_t numbers[SKUS_MAX]; /* of SKU 100 + i; 0: never loaded */
    int sku_count;
    bool away, takes; /* takes: each row is one */
    int64_t age_ms;   /* of every row */
    struct flash_inflows *inflows;
    struct flash_redis_sync *redis;
    struct flash_inflows_done done;
    struct flash_finding found[8];
    int found_count;
} desk;

/* ---- the ledger ---- */

bool flash_mysql_new(const struct flash_config *config, struct flash_mysql **ret_mysql,
                     struct flash_error *err)
{
    (void)config;
    (void)err;
    *ret_mysql = NULL;
    return true;
}

void flash_mysql_free(struct flash_mysql *mysql)
{
    (void)mysql;
}

bool flash_mysql_connect(struct flash_mysql *mysql, struct flash_error *err)
{
    (void)mysql;
    return !desk.away || flash_error_set(err, FLASH_ERROR_RETRY, "away, says the test");
}

/* The columns number, quantity, created_at_ms, reference, entry_id. */
static void put_row(struct flash_value *cells, int64_t n)
{
    static const uint8_t entry[16] = {[15] = 9};
    cells[0] = flash_value_int(n);
    cells[1] = flash_value_int(desk.takes ? -n : n);
    cells[2] = flash_value_int((int64_t)flash_time_wall_ms() - desk.age_ms);
    cells[3] =
        (struct flash_value){.type = FLASH_COLUMN_BYTES, .null = !desk.takes, .bytes = {"t-1", 3}};
    cells[4] = (struct flash_value){
        .type = FLASH_COLUMN_BYTES, .null = !desk.takes, .bytes = {(const char *)entry, 16}};
}

bool flash_mysql_query(struct flash_mysql *mysql, const struct flash_query *query,
                       struct flash_error *err)
{
    struct flash_value cells[7];
    bool goes_on = true;
    (void)mysql;
    (void)err;
    if (query->column_count == 5) {
        for (int64_t n = query->params[1].number; goes_on && n <= desk.numbers[0]; n++) {
            put_row(cells, n);
            goes_on = query->row(cells, 5, query->arg);
        }
        return true;
    }
    for (int i = 0; goes_on && i < desk.sku_count; i++) {
        if (desk.numbers[i] && 100 + i > query->params[0].number) {
            cells[0] = flash_value_int(100 + i);
            cells[1] = flash_value_int(desk.generation);
            put_row(cells + 2, desk.numbers[i]);
            goes_on = query->row(cells, 7, query->arg);
        }
    }
    return true;
}

/* ---- the desk ---- */

static void found(const struct flash_finding *finding, void *arg)
{
    assert_ptr_equal(arg, &desk);
    assert_true(desk.found_count < 8);
    desk.found[desk.found_count++] = *finding;
}

static int open_desk(void **state)
{
    static struct flash_config config;
    struct flash_error err;
    (void)state;
    memset(&desk, 0, sizeof(desk));
    desk.generation = 7;
    desk.sku_count = 2;
    desk.numbers[0] = desk.numbers[1] = 1;
    desk.age_ms = OLD_MS;
    const struct flash_inflows_parts parts = {&config, found, &desk};
    bool made = flash_inflows_new(&parts, &desk.inflows, &err);
    desk.redis = made ? fake_redis_sync_last() : NULL;
    return made ? 0 : -1;
}

static int close_desk(void **state)
{
    (void)state;
    assert_int_equal(fake_redis_sync_answers_left(desk.redis), 0);
    flash_inflows_free(desk.inflows);
    return 0;
}

static void answer(const char *word, int64_t more)
{
    fake_redis_sync_reply(desk.redis, json_pack("[s,I]", word, (json_int_t)more));
}

static bool pass(void)
{
    return flash_inflows_pass(desk.inflows, &desk.done);
}

/* A pass in which Redis has everything. */
static void quiet_pass(int skus)
{
    for (int i = 0; i < skus; i++) {
        answer("DONE", 1);
    }
    assert_true(pass());
}

/* ---- tests ---- */

static void what_was_equal_is_not_asked_for_again(void **state)
{
    (void)state;
    quiet_pass(2);
    assert_int_equal(desk.done.skus, 2);
    assert_int_equal(desk.done.generation, 7);
    assert_true(pass());
    assert_int_equal(fake_redis_sync_calls(desk.redis), 2);
    desk.numbers[1] = 2;
    answer("APPLIED", 2);
    assert_true(pass());
    assert_int_equal(fake_redis_sync_call(desk.redis, 2)->sku, 101);
    assert_true(fake_redis_sync_argument_is(desk.redis, 2, 0, "7"));
    assert_true(fake_redis_sync_argument_is(desk.redis, 2, 1, "2"));
    assert_int_equal(desk.done.applied, 1);
}

static void another_server_or_generation_is_asked_anew(void **state)
{
    (void)state;
    fake_redis_sync_set_run_id(desk.redis, "one");
    quiet_pass(2);
    fake_redis_sync_set_run_id(desk.redis, "other");
    quiet_pass(2);
    desk.generation = 8;
    quiet_pass(2);
    assert_true(pass());
    assert_int_equal(fake_redis_sync_calls(desk.redis), 6);
    assert_true(fake_redis_sync_argument_is(desk.redis, 5, 0, "8"));
}

static void many_skus_are_read_in_pages(void **state)
{
    (void)state;
    desk.sku_count = SKUS_MAX;
    for (int i = 0; i < SKUS_MAX; i++) {
        desk.numbers[i] = i % 10 ? 1 : 0; /* every tenth was never loaded */
    }
    quiet_pass(SKUS_MAX * 9 / 10);
    assert_int_equal(desk.done.skus, SKUS_MAX * 9 / 10);
    assert_true(pass());
    assert_int_equal(fake_redis_sync_calls(desk.redis), SKUS_MAX * 9 / 10);
}

static void a_gap_is_filled_and_told(void **state)
{
    (void)state;
    desk.numbers[0] = 4;
    answer("GAP", 1);
    answer("DONE", 1);
    answer("GAP", 1); /* the replay looks where Redis stands now */
    for (int n = 2; n <= 4; n++) {
        answer("APPLIED", n);
    }
    assert_true(pass());
    assert_int_equal(desk.done.applied, 3);
    assert_int_equal(desk.found_count, 3);
    for (int i = 0; i < 3; i++) {
        const struct flash_finding *finding = &desk.found[i];
        assert_int_equal(finding->cause, FLASH_CAUSE_INFLOW);
        assert_int_equal(finding->state, FLASH_FINDING_APPLIED);
        assert_true(finding->sku == 100 && finding->quantity == i + 2 && !finding->has_entry);
        assert_true(finding->age_ms >= OLD_MS);
    }
    assert_true(pass());
    assert_int_equal(fake_redis_sync_calls(desk.redis), 6);
}

static void what_is_only_on_its_way_is_not_told(void **state)
{
    (void)state;
    desk.age_ms = 0;
    answer("APPLIED", 1);
    answer("DONE", 1);
    assert_true(pass());
    assert_int_equal(desk.done.applied, 1);
    assert_int_equal(desk.found_count, 0);
}

static void a_take_is_told_only_if_redis_had_forgotten_it(void **state)
{
    (void)state;
    desk.takes = true;
    desk.age_ms = 0;
    answer("APPLIED", 0);
    answer("APPLIED", -1);
    assert_true(pass());
    assert_true(fake_redis_sync_argument_is(desk.redis, 0, 2, "-1"));
    assert_true(fake_redis_sync_argument_is(desk.redis, 0, 3, "t-1"));
    assert_true(fake_redis_sync_argument_is(desk.redis, 0, 4, "9"));
    assert_int_equal(desk.found_count, 1);
    assert_true(desk.found[0].sku == 101 && desk.found[0].quantity == -1);
    assert_true(desk.found[0].has_entry && desk.found[0].entry.bytes[15] == 9);
}

static void a_sku_that_is_lost_or_broken_holds_up_nobody(void **state)
{
    (void)state;
    desk.sku_count = 3;
    desk.numbers[2] = 1;
    for (int i = 0; i < 2; i++) { /* and it is asked for again */
        answer("ABSENT", 0);
        answer("CORRUPT", 0);
        if (i == 0) {
            answer("DONE", 1);
        }
        assert_true(pass());
        assert_true(desk.done.broken == 1 && desk.done.broken_sku == 101);
    }
    assert_int_equal(fake_redis_sync_calls(desk.redis), 5);
}

static void a_pass_ends_when_a_part_is_away(void **state)
{
    (void)state;
    fake_redis_sync_set_away(desk.redis, true);
    assert_false(pass());
    fake_redis_sync_set_away(desk.redis, false);
    desk.away = true;
    assert_false(pass());
    assert_string_equal(desk.done.err.text, "away, says the test");
    desk.away = false;
    answer("DONE", 1);
    fake_redis_sync_lose(desk.redis);
    assert_false(pass());
    quiet_pass(2); /* nothing was remembered of the pass that was broken off */
}

#define ON_A_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_DESK(what_was_equal_is_not_asked_for_again),
        ON_A_DESK(another_server_or_generation_is_asked_anew),
        ON_A_DESK(many_skus_are_read_in_pages),
        ON_A_DESK(a_gap_is_filled_and_told),
        ON_A_DESK(what_is_only_on_its_way_is_not_told),
        ON_A_DESK(a_take_is_told_only_if_redis_had_forgotten_it),
        ON_A_DESK(a_sku_that_is_lost_or_broken_holds_up_nobody),
        ON_A_DESK(a_pass_ends_when_a_part_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
