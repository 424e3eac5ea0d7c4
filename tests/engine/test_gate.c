/* The gate as the engine keeps it: nothing is sold or changed before it was read open on this very
 * server, and a new connection counts as a new server until it says who it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../engine/change.h"
#include "../../engine/ready.h"
#include "rig.h"

#define SKU 42
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define NOBODY                                                                                     \
    (const char *const[])                                                                          \
    {                                                                                              \
        NULL                                                                                       \
    }

static struct flash_request *cancel(struct rig *rig, const char *ref)
{
    struct flash_request *request =
        rig_request(rig, &(struct fake_request_head){.method = FLASH_METHOD_POST});
    flash_change_submit(&rig->worker, request,
                        &(struct flash_change_query){.sku = SKU,
                                                     .kind = FLASH_CHANGE_CANCEL,
                                                     .ref = {ref, strlen(ref)},
                                                     .user = {"u-1", 3}});
    return request;
}

static void later(struct rig *rig)
{
    flash_sku_find(rig->worker.skus, SKU, 0)->asked_us -= 10000000;
}

static void an_order_waits_until_the_gate_was_read(void **state)
{
    struct rig *rig = *state;
    struct flash_request *request = rig_order(rig, SKU, "a");
    rig_turn(rig);
    assert_int_equal(rig_script(rig, 0), FLASH_SCRIPT_STATUS);
    assert_int_equal(rig_script(rig, 1), -1);
    rig_status(rig, NOBODY);
    rig_turn(rig);
    assert_int_equal(rig_script(rig, 0), FLASH_SCRIPT_RESERVE);
    rig_decide_all(rig, "SOLD_OUT");
    assert_true(rig_refused(request, 409, "sold-out"));
}

static void every_gate_but_the_right_one_refuses(void **state)
{
    struct rig *rig = *state;
    const struct {
        const char *word, *more;
        int generation;
    } rows[] = {
        {"closed", "recovery", RIG_GENERATION},
        {"closed", flash_redis_run_id(rig->redis), RIG_GENERATION},
        {"open", OTHER, RIG_GENERATION},
        {"open", flash_redis_run_id(rig->redis), RIG_GENERATION - 1},
        {"open", flash_redis_run_id(rig->redis), RIG_GENERATION + 1},
        {"open", "", RIG_GENERATION},
        {"", "", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig_gate(rig, rows[i].word, rows[i].generation, rows[i].more);
        struct flash_request *order = rig_order(rig, SKU, "a"), *change = cancel(rig, "b");
        rig_turn(rig);
        rig_status(rig, NOBODY);
        rig_turn(rig);
        assert_true(rig_refused(order, 503, "not-admitting"));
        assert_true(rig_refused(change, 503, "unavailable"));
        assert_int_equal(rig_script(rig, 0), -1);
        later(rig);
    }
}

static void a_closed_gate_is_believed_for_a_moment_and_asked_again(void **state)
{
    struct rig *rig = *state;
    rig_gate(rig, "closed", RIG_GENERATION, "loss");
    rig_order(rig, SKU, "a");
    rig_turn(rig);
    rig_status(rig, NOBODY);
    assert_true(rig_refused(rig_order(rig, SKU, "a"), 503, "not-admitting")); /* at once */
    assert_int_equal(rig_script(rig, 0), -1);
    rig_gate(rig, "open", RIG_GENERATION, flash_redis_run_id(rig->redis));
    later(rig);
    struct flash_request *order = rig_order(rig, SKU, "a");
    rig_turn(rig);
    rig_status(rig, NOBODY);
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(order), 202);
}

static void another_server_is_asked_before_the_first_script(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    fake_redis_set_run_id(rig->redis, OTHER); /* it came back; the gate is still the old server's */
    struct flash_request *order = rig_order(rig, SKU, "a"), *change = cancel(rig, "b");
    rig_turn(rig);
    assert_int_equal(rig_script(rig, 0), FLASH_SCRIPT_STATUS);
    assert_int_equal(rig_script(rig, 1), -1);
    rig_status(rig, NOBODY);
    rig_turn(rig);
    assert_true(rig_refused(order, 503, "not-admitting"));
    assert_true(rig_refused(change, 503, "unavailable"));
}

static void a_raised_generation_is_asked_about_too(void **state)
{
    struct rig *rig = *state;
    struct flash_sku *sku = rig_know(rig, SKU);
    sku->sale.read_us = rig->worker.now_us; /* fresh: the status call asks for no sale */
    struct flash_request *read = rig_read(rig, &(struct rig_read){.sku = SKU, .ref = "a"});
    rig_turn(rig);
    sku->generation = RIG_GENERATION - 1;
    fake_redis_reply(rig->redis, json_pack("[s,I,i,s,i,s,s]", "OK", (json_int_t)RIG_AT, 0, "",
                                           RIG_GENERATION, "", "C1:1:5:6:u-1"));
    assert_int_equal(rig_answered(read), 200);
    assert_int_equal(sku->known, FLASH_SKU_NEW);
}

/* What a closed Redis knows is shown; what it does not know it may have forgotten. */
static void orders_are_shown_but_never_denied_behind_a_closed_gate(void **state)
{
    struct rig *rig = *state;
    rig_gate(rig, "closed", RIG_GENERATION, "recovery");
    struct flash_request *known = rig_read(rig, &(struct rig_read){.sku = SKU, .ref = "a"});
    struct flash_request *absent = rig_read(rig, &(struct rig_read){.sku = SKU, .ref = "b"});
    rig_turn(rig);
    rig_status(rig, (const char *const[]){"C1:1:1763718000000000:1763719800:u-1", "", NULL});
    assert_int_equal(rig_answered(known), 200);
    assert_true(rig_refused(absent, 503, "unavailable"));
}

static void readiness_says_why(void **state)
{
    struct rig *rig = *state;
    struct flash_ready_part parts[16];
    rig->worker.seen.closed = 1;
    int count = flash_ready_parts(parts, 16, &rig->worker);
    assert_string_equal(parts[count - 1].name, "gates");
    assert_false(parts[count - 1].ready);
    rig->worker.seen.closed = 0;
    flash_ready_parts(parts, 16, &rig->worker);
    assert_true(parts[count - 1].ready);
}

/* Its gate is open for this very server, as a recovery that it did not see left it. */
static void a_server_that_was_left_behind_sells_nothing(void **state)
{
    struct rig *rig = *state;
    struct flash_sku *sku = rig_know(rig, SKU);
    sku->generation = RIG_GENERATION + 1;
    snprintf(sku->run_id, sizeof(sku->run_id), "%s", OTHER);
    struct flash_request *order = rig_order(rig, SKU, "a"), *change = cancel(rig, "b");
    rig_turn(rig);
    rig_status(rig, NOBODY);
    rig_turn(rig);
    assert_true(rig_refused(order, 503, "not-admitting"));
    assert_true(rig_refused(change, 503, "unavailable"));
    assert_int_equal(sku->generation, RIG_GENERATION + 1);
}

#define RIG(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG(an_order_waits_until_the_gate_was_read),
        RIG(every_gate_but_the_right_one_refuses),
        RIG(a_closed_gate_is_believed_for_a_moment_and_asked_again),
        RIG(another_server_is_asked_before_the_first_script),
        RIG(a_raised_generation_is_asked_about_too),
        RIG(orders_are_shown_but_never_denied_behind_a_closed_gate),
        RIG(a_server_that_was_left_behind_sells_nothing),
        RIG(readiness_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
