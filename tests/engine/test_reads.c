/* From reads of orders and sales to one call of lua/status and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

#define SKU 42
#define MINE "Q1:2:1763718000000001:1763719800:u-1"

static struct flash_request *read_as(struct rig *rig, const char *ref, const char *user)
{
    return rig_read(rig, &(struct rig_read){.sku = SKU, .ref = ref, .user = user});
}

static void orders_of_several_buyers_are_read_by_one_call(void **state)
{
    struct rig *rig = *state;
    struct flash_request *a = read_as(rig, "a", "u-1"), *b = read_as(rig, "b", "u-2");
    struct flash_request *c = read_as(rig, "c", NULL);
    rig_turn(rig);
    const struct fake_redis_call *call = fake_redis_open(rig->redis, 0);
    assert_int_equal(call->script, FLASH_SCRIPT_STATUS);
    assert_int_equal(call->argc, 4);
    assert_string_equal(call->argv[0], "1"); /* the sale too: it is not known yet */
    assert_string_equal(call->argv[1], "a");
    assert_string_equal(call->argv[3], "c");
    rig_status(rig, (const char *const[]){MINE, "C1:1:1763718000000001:0:u-2",
                                          "P2:1:1763718000000001:0:u-3\"p", NULL});
    assert_int_equal(rig_answered(a), 200);
    assert_non_null(strstr(fake_request_answer(a)->body, "\"order_id\":\"42.a\""));
    assert_non_null(strstr(fake_request_answer(a)->body, "\"status\":\"QUEUED\""));
    assert_non_null(strstr(fake_request_answer(b)->body, "\"status\":\"CREATED\""));
    assert_non_null(strstr(fake_request_answer(c)->body, "\"status\":\"PAID\""));
    assert_int_equal(rig_metric(METRIC_STATUS_CALLS), 1);
    assert_int_equal(rig_metric(METRIC_STATUS_READS), 3);
    assert_int_equal(flash_pool_used(&rig->worker.reads), 0);
}

static void somebody_elses_order_is_as_absent_as_none(void **state)
{
    struct rig *rig = *state;
    struct flash_request *foreign = read_as(rig, "a", "u-2"), *absent = read_as(rig, "b", "u-2");
    struct flash_request *longer = read_as(rig, "c", "u-11"), *shorter = read_as(rig, "d", "u-");
    rig_turn(rig);
    rig_status(rig, (const char *const[]){MINE, "", MINE, MINE, NULL});
    struct flash_request *all[] = {foreign, absent, longer, shorter};
    for (int i = 0; i < 4; i++) {
        const struct fake_answer *answer = fake_request_answer(all[i]);
        assert_true(rig_refused(all[i], 404, "not-found"));
        assert_string_equal(answer->detail, fake_request_answer(absent)->detail);
        assert_string_equal(answer->headers, fake_request_answer(absent)->headers);
        assert_null(answer->extra);
    }
}

static void what_arrives_meanwhile_waits_for_the_call(void **state)
{
    struct rig *rig = *state;
    read_as(rig, "a", "u-1");
    rig_turn(rig);
    struct flash_request *later = read_as(rig, "b", "u-1");
    rig_turn(rig);
    assert_int_equal(fake_redis_calls(rig->redis), 1);
    rig_status(rig, (const char *const[]){MINE, NULL});
    flash_reads_turn(&rig->worker, flash_sku_find(rig->worker.skus, SKU, 0));
    assert_string_equal(fake_redis_open(rig->redis, 0)->argv[0], "0"); /* the sale is fresh */
    rig_status(rig, (const char *const[]){MINE, NULL});
    assert_int_equal(rig_answered(later), 200);
}

static void a_call_reads_at_most_a_batch(void **state)
{
    struct rig *rig = *state;
    for (int i = 0; i < FLASH_BATCH_LINES + 1; i++) {
        read_as(rig, "a", "u-1");
    }
    rig_turn(rig);
    assert_int_equal(fake_redis_open(rig->redis, 0)->argc, 1 + FLASH_BATCH_LINES);
    rig_absent(rig);
    rig_turn(rig);
    assert_int_equal(fake_redis_open(rig->redis, 0)->argc, 2);
    rig_absent(rig);
}

static void a_failed_call_is_said_so(void **state)
{
    struct rig *rig = *state;
    struct flash_request *lost = read_as(rig, "a", "u-1");
    rig_turn(rig);
    fake_redis_unknown(rig->redis);
    assert_true(rig_refused(lost, 503, "unavailable"));
    struct flash_request *refused = read_as(rig, "a", "u-1");
    rig_turn(rig);
    fake_redis_error(rig->redis, "LOADING");
    assert_true(rig_refused(refused, 503, "unavailable"));
    assert_int_equal(rig_metric(METRIC_REDIS_ERRORS), 1);
    fake_redis_set_ready(rig->redis, false);
    struct flash_request *unsent = read_as(rig, "a", "u-1");
    rig_turn(rig);
    assert_true(rig_refused(unsent, 503, "unavailable"));
    assert_int_equal(flash_pool_used(&rig->worker.reads), 0);
}

/* ABSENT has no records: whoever waits for one is told, and so are orders that wait. */
static void an_absent_sku_answers_all_that_hangs_on_it(void **state)
{
    struct rig *rig = *state;
    struct flash_request *read = read_as(rig, "a", "u-1");
    struct flash_request *order = rig_order(rig, SKU, "b");
    rig_turn(rig);
    rig_absent(rig);
    assert_true(rig_refused(read, 404, "not-found"));
    assert_true(rig_refused(order, 404, "unknown-sku"));
}

static void a_lost_sku_is_unavailable(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *read = read_as(rig, "a", "u-1");
    rig_turn(rig);
    rig_absent(rig);
    assert_true(rig_refused(read, 503, "unavailable"));
}

/* ---- sales ---- */

struct asked {
    int calls, slot;
    enum flash_sale_outcome outcome;
    int64_t available;
};

static void note(enum flash_sale_outcome outcome, const struct flash_sku *sku, int slot, void *arg)
{
    struct asked *asked = arg;
    asked->calls++;
    asked->slot = slot;
    asked->outcome = outcome;
    asked->available = outcome == FLASH_SALE_READ ? sku->sale.available : -1;
}

static void ask(struct rig *rig, struct asked *asked)
{
    *asked = (struct asked){0};
    flash_reads_sale(&rig->worker, SKU, &(struct flash_sale_asker){note, asked, 5});
    if (!asked->calls) {
        rig_turn(rig);
    }
}

static void a_sale_is_read_and_then_remembered_for_a_moment(void **state)
{
    struct rig *rig = *state;
    struct asked asked;
    ask(rig, &asked);
    assert_int_equal(asked.calls, 0);
    rig_status(rig, (const char *const[]){NULL});
    assert_true(asked.calls == 1 && asked.slot == 5 && asked.outcome == FLASH_SALE_READ);
    assert_int_equal(asked.available, 40);
    struct flash_sku *sku = flash_sku_find(rig->worker.skus, SKU, 0);
    assert_string_equal(sku->sale.title, "Trainers");
    assert_int_equal(sku->sale.server_us, RIG_AT);
    assert_int_equal(sku->journal_entries, 2);
    assert_int_equal(sku->journal_oldest_us, 1763718000000000);
    assert_int_equal(sku->generation, RIG_GENERATION);
    ask(rig, &asked);
    assert_int_equal(asked.calls, 1);
    assert_int_equal(fake_redis_calls(rig->redis), 1);
    sku->sale.read_us -= FLASH_SALE_FRESH_US;
    ask(rig, &asked);
    assert_int_equal(asked.calls, 0);
    assert_string_equal(fake_redis_open(rig->redis, 0)->argv[0], "1");
    rig_status(rig, (const char *const[]){NULL});
    assert_int_equal(asked.calls, 1);
}

static void a_sale_that_is_not_there_or_cannot_be_read(void **state)
{
    struct rig *rig = *state;
    struct asked asked;
    ask(rig, &asked);
    rig_absent(rig);
    assert_true(asked.calls == 1 && asked.outcome == FLASH_SALE_ABSENT);
    ask(rig, &asked); /* remembered for a moment */
    assert_true(asked.calls == 1 && asked.outcome == FLASH_SALE_ABSENT);
    assert_int_equal(flash_redis_in_flight(rig->redis), 0);
    flash_sku_find(rig->worker.skus, SKU, rig->worker.now_us)->asked_us -= FLASH_SALE_FRESH_US;
    ask(rig, &asked);
    fake_redis_unknown(rig->redis);
    assert_true(asked.calls == 1 && asked.outcome == FLASH_SALE_UNAVAILABLE);
    rig_know(rig, SKU);
    ask(rig, &asked);
    rig_absent(rig); /* it was there: Redis has lost it */
    assert_true(asked.calls == 1 && asked.outcome == FLASH_SALE_UNAVAILABLE);
}

static void reads_past_the_pool_are_refused(void **state)
{
    struct rig *rig = *state;
    struct asked asked = {0};
    while (flash_pool_take(&rig->worker.reads)) {
    }
    assert_true(rig_refused(read_as(rig, "a", "u-1"), 503, "unavailable"));
    ask(rig, &asked);
    assert_true(asked.calls == 1 && asked.outcome == FLASH_SALE_UNAVAILABLE);
    struct flash_request *order = rig_order(rig, SKU, "a");
    rig_turn(rig);
    assert_true(rig_refused(order, 503, "not-admitting"));
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(orders_of_several_buyers_are_read_by_one_call),
        RIGGED(somebody_elses_order_is_as_absent_as_none),
        RIGGED(what_arrives_meanwhile_waits_for_the_call),
        RIGGED(a_call_reads_at_most_a_batch),
        RIGGED(a_failed_call_is_said_so),
        RIGGED(an_absent_sku_answers_all_that_hangs_on_it),
        RIGGED(a_lost_sku_is_unavailable),
        RIGGED(a_sale_is_read_and_then_remembered_for_a_moment),
        RIGGED(a_sale_that_is_not_there_or_cannot_be_read),
        RIGGED(reads_past_the_pool_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
