/* One pass after the other, with Redis, Kafka and the ledger as the test wants them: what is told
 * to Redis, what is sent, what is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/page.h"
#include "reconcile_desk.h"

/* ---- with a verdict ---- */

static void what_the_ledger_applied_is_settled(void **state)
{
    struct desk *desk = *state;
    fake_ledger_add_verdict(&desk->id, 1, true);
    pass_with_settle(desk);
    assert_settle(desk, "1 1 " STREAM);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_COMPLETE);
    assert_int_equal(desk->done.settled, 1);
    assert_int_equal(desk->last.cause, FLASH_CAUSE_UNSETTLED);
    assert_int_equal(desk->last.state, FLASH_FINDING_APPLIED);
    assert_int_equal(desk->last.quantity, 2);
    assert_int_equal(desk->last.age_ms, 99999);
    assert_int_equal(flash_reconcile_exit_code(&desk->done), 1);
}

static void what_is_not_clean_is_adopted_with_its_rows(void **state)
{
    struct desk *desk = *state;
    fake_ledger_add_verdict(&desk->id, 1, false);
    fake_ledger.rows[fake_ledger.row_count++] = (struct fake_ledger_row){.order_id = "7.r1",
                                                                         .state = 7,
                                                                         .version = 1,
                                                                         .quantity = 2,
                                                                         .user = "u1",
                                                                         .entry = desk->id};
    pass_with_settle(desk);
    assert_settle(desk, "1 0 " STREAM " 1 r1 S 1 2 u1 0");
    assert_int_equal(desk->done.findings[FLASH_CAUSE_SHORTAGE], 1);
}

static void a_release_is_never_dropped_by_its_id(void **state)
{
    struct desk *desk = *state;
    make_transition(desk, "cancel");
    fake_ledger_add_verdict(&desk->id, 1, true);
    fake_ledger.rows[fake_ledger.row_count++] = (struct fake_ledger_row){
        .order_id = "7.r1", .state = 3, .version = 2, .quantity = 2, .user = "u1"};
    pass_with_settle(desk);
    assert_settle(desk, "1 0 " STREAM " 1 r1 X 2 2 u1 0");
}

static void looking_changes_nothing(void **state)
{
    struct desk *desk = *state;
    fake_ledger_add_verdict(&desk->id, 1, true);
    journal_has_it(desk);
    pass_at(desk, FLASH_RECONCILE_LOOK);
    assert_int_equal(desk->done.settled, 1);
    assert_int_equal(desk->last.state, FLASH_FINDING_OPEN);
    assert_true(nothing_settled(desk));
    assert_string_equal(fake_ledger.steps, "");
}

static void a_verdict_that_comes_with_the_marker_settles(void **state)
{
    struct desk *desk = *state;
    pass_until_sent(desk, 1);
    marker_is_met(desk, 0);
    fake_ledger_add_verdict(&desk->id, 1, true);
    pass_with_settle(desk);
    assert_int_equal(desk->done.settled, 1);
    assert_int_equal(desk->done.lost, 0);
    assert_int_equal(fake_kafka_count(desk->producer), 1);
}

/* ---- without ---- */

static void no_answer_proves_nothing(void **state)
{
    struct desk *desk = *state;
    pass_until_sent(desk, 1);
    for (int i = 0; i < 1000; i++) {
        pass(desk);
        assert_int_equal(desk->done.late, 1);
        assert_int_equal(desk->done.lost, 0);
        assert_int_equal(desk->done.resent, 0); /* markers only */
    }
    assert_true(nothing_settled(desk));
    assert_string_equal(fake_ledger.steps, "");
    assert_int_equal(desk->done.findings[FLASH_CAUSE_LATE], 0); /* said in the first pass */
}

/* A topic that was truncated or made anew leaves the ledger with a position that its log does not
 * have: beyond the end, before the beginning, or in the middle of other messages. Only a marker
 * that was met proves something, and what it proves lost is sent again first, behind any position.
 */
static void a_stored_position_proves_nothing(void **state)
{
    static const int64_t positions[] = {0, INT64_MAX / 2, 1, 1000000000000, 17};
    struct desk *desk = *state;
    pass_until_sent(desk, 1);
    for (int i = 0; i < 100; i++) {
        fake_ledger.applied = positions[i % 5];
        pass(desk);
        assert_int_equal(desk->done.late, 1);
        assert_int_equal(desk->done.lost + desk->done.resent + desk->done.compensated, 0);
    }
    assert_true(nothing_settled(desk));
    assert_string_equal(fake_ledger.steps, "");
    marker_is_met(desk, fake_kafka_count(desk->producer) - 1);
    fake_ledger.applied = 0; /* read from its beginning again */
    pass(desk);
    assert_int_equal(desk->done.resent, 1);
    assert_int_equal(desk->done.compensated, 0);
    fake_ledger_add_verdict(&desk->id, 1,
                            true); /* that came behind the position, wherever it was */
    pass_with_settle(desk);
    assert_int_equal(desk->done.settled, 1);
    assert_int_equal(desk->done.lost, 0);
}

static void lost_once_is_sent_again_byte_for_byte(void **state)
{
    struct desk *desk = *state;
    pass_until_sent(desk, 1);
    marker_is_met(desk, 0);
    pass(desk);
    assert_int_equal(desk->done.resent, 1);
    const struct fake_kafka_message *message = fake_kafka_message(desk->producer, 1);
    assert_int_equal(message->value.len, strlen(desk->entry));
    assert_memory_equal(message->value.at, desk->entry, message->value.len);
    assert_memory_equal(message->key.at, "7", 1);
    assert_string_equal(message->headers.id, ID);
    assert_string_equal(message->headers.type, "flashgate.reserve");
    assert_int_equal(desk->last.cause, FLASH_CAUSE_LOST);
    assert_int_equal(desk->last.state, FLASH_FINDING_APPLIED);
}

static void a_young_entry_is_not_given_up(void **state)
{
    struct desk *desk = *state;
    desk->config.reconciler.compensate_after_ms = 100000; /* a new object reads it */
    flash_reconcile_free(desk->reconcile);
    struct flash_error err;
    assert_true(flash_reconcile_new(&desk->config, desk->producer, &desk->reconcile, &err));
    desk->redis = fake_redis_sync_last();
    lose_twice(desk);
    pass(desk);
    assert_int_equal(desk->done.late, 1);
    assert_string_equal(fake_ledger.steps, "");
}

/* The clock that made its id was an hour ahead: its age is by its entry id, 100 s. */
static void an_entry_from_a_clock_that_was_ahead_is_as_old_as_its_uuid(void **state)
{
    struct desk *desk = *state;
    const struct flash_page page = {.now_us = 1763718100000000};
    struct flash_page_entry entry = {.us = 1763721700000000, .readable = true, .id = desk->id};
    uint64_t made_ms = 1763718000000;
    for (int i = 0; i < 6; i++) {
        entry.id.bytes[i] = (uint8_t)(made_ms >> (40 - 8 * i));
    }
    assert_int_equal(flash_page_age_ms(&page, &entry), 100000);
    entry.readable = false;
    assert_int_equal(flash_page_age_ms(&page, &entry), 0);
    entry.us = 1763718099000000;
    assert_int_equal(flash_page_age_ms(&page, &entry), 1000);
}

static void a_transition_is_never_given_up(void **state)
{
    struct desk *desk = *state;
    make_transition(desk, "cancel");
    lose_twice(desk);
    pass_until_sent(desk, 4);
    assert_string_equal(fake_ledger.steps, "");
    assert_string_equal(fake_kafka_message(desk->producer, 3)->headers.type, "flashgate.cancel");
}

/* ---- what stops a pass ---- */

static void a_ledger_that_is_away_is_unknown_not_empty(void **state)
{
    struct desk *desk = *state;
    lose_twice(desk);
    fake_ledger.away = true;
    pass_at(desk, FLASH_RECONCILE_ACT);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_NO_LEDGER);
    assert_int_equal(flash_reconcile_exit_code(&desk->done), 3);
    fake_ledger.away = false;
    fake_ledger.failing = "SELECT verdict";
    pass(desk);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_NO_LEDGER);
    assert_int_equal(desk->done.lost, 0);
    assert_true(nothing_settled(desk));
}

static void redis_away_ends_the_pass(void **state)
{
    struct desk *desk = *state;
    fake_redis_sync_set_away(desk->redis, true);
    pass_at(desk, FLASH_RECONCILE_ACT);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_NO_REDIS);
    fake_redis_sync_set_away(desk->redis, false);
    fake_redis_sync_refuse(desk->redis, "WRONGTYPE");
    pass_at(desk, FLASH_RECONCILE_ACT);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_COMPLETE);
    assert_int_equal(desk->done.skipped, 1);
}

/* ---- pages ---- */

static void journal_has_more(struct desk *desk)
{
    fake_redis_sync_reply(desk->redis,
                          json_pack("[s,s,s,i,s,s]", "OK", NOW, "1", 1, STREAM, desk->entry));
}

static void journal_ends(struct desk *desk)
{
    fake_redis_sync_reply(desk->redis, json_pack("[s,s,s,i]", "OK", NOW, "1", 0));
}

/* Redis makes the next page ready while the ledger is asked, so it is asked for behind the last id
 * of this one, and its answer is taken before anything of this one is settled. */
static void the_next_page_is_on_its_way_while_the_ledger_is_asked(void **state)
{
    struct desk *desk = *state;
    fake_ledger_add_verdict(&desk->id, 1, true);
    journal_has_more(desk);
    journal_ends(desk);
    fake_redis_sync_reply(desk->redis, json_pack("[s,i]", "OK", 0));
    pass_at(desk, FLASH_RECONCILE_ACT);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_COMPLETE);
    assert_int_equal(desk->done.entries, 1);
    assert_int_equal(desk->done.settled, 1);
    assert_int_equal(fake_redis_sync_call(desk->redis, 1)->script, FLASH_SCRIPT_JOURNAL);
    assert_true(fake_redis_sync_argument_is(desk->redis, 1, 1, STREAM));
    assert_settle(desk, "1 1 " STREAM);
}

static void no_page_stays_on_its_way_behind_an_error(void **state)
{
    struct desk *desk = *state;
    fake_ledger.failing = "SELECT verdict";
    journal_has_more(desk);
    journal_ends(desk);
    pass_at(desk, FLASH_RECONCILE_ACT);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_NO_LEDGER);
    fake_ledger.failing = NULL;
    fake_ledger_add_verdict(&desk->id, 1, true);
    journal_has_more(desk);
    fake_redis_sync_refuse(desk->redis, "BUSY");
    pass_at(desk, FLASH_RECONCILE_ACT);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_COMPLETE);
    assert_int_equal(desk->done.skipped, 1);
    journal_has_more(desk);
    fake_redis_sync_lose(desk->redis);
    pass_at(desk, FLASH_RECONCILE_ACT);
    assert_int_equal(desk->done.skipped, 1);
    assert_true(nothing_settled(desk));
    pass_with_settle(desk);
    assert_int_equal(desk->done.settled, 1);
}

static void another_generation_is_left_alone(void **state)
{
    struct desk *desk = *state;
    fake_ledger.generation = 2;
    fake_ledger_add_verdict(&desk->id, 1, true);
    pass(desk);
    assert_int_equal(desk->done.skipped, 1);
    assert_true(nothing_settled(desk));
}

static void the_lease_of_another_keeps_a_pass_from_acting(void **state)
{
    struct desk *desk = *state;
    fake_ledger.lease_taken = true;
    pass_at(desk, FLASH_RECONCILE_ACT);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_LEASE);
    assert_int_equal(flash_reconcile_exit_code(&desk->done), 4);
    assert_int_equal(fake_redis_sync_calls(desk->redis), 0);
    desk->config.reconciler.lease = FLASH_SWITCH_OFF;
    pass(desk);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_COMPLETE);
}

static void a_topic_without_limits_proves_nothing(void **state)
{
    struct desk *desk = *state;
    const struct flash_error wrong = {FLASH_ERROR_CONFIG, "before.max.ms is too long"};
    fake_kafka_set_topic(desk->producer, &wrong);
    for (int i = 0; i < 1000; i++) {
        pass(desk);
    }
    assert_int_equal(desk->done.end, FLASH_RECONCILE_NO_KAFKA);
    assert_string_equal(desk->done.topic.text, "before.max.ms is too long");
    assert_int_equal(fake_kafka_count(desk->producer), 0);
}

static bool stop_at_once(const struct flash_reconcile_step *step, void *arg)
{
    (void)arg;
    assert_int_equal(step->skus, 1);
    return false;
}

static void a_step_can_stop_the_pass(void **state)
{
    struct desk *desk = *state;
    const struct flash_reconcile_options options = {.depth = FLASH_RECONCILE_ACT,
                                                    .step = stop_at_once};
    journal_has_it(desk);
    flash_reconcile_pass(desk->reconcile, &options, &desk->done);
    assert_int_equal(desk->done.end, FLASH_RECONCILE_STOPPED);
}

static void bytes_that_are_no_entry_are_told_and_kept(void **state)
{
    struct desk *desk = *state;
    snprintf(desk->entry, sizeof(desk->entry), "{}");
    pass(desk);
    assert_int_equal(desk->done.findings[FLASH_CAUSE_DEAD], 1);
    assert_int_equal(fake_kafka_count(desk->producer), 0);
    assert_true(nothing_settled(desk));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_ledger_applied_is_settled),
        TEST(what_is_not_clean_is_adopted_with_its_rows),
        TEST(a_release_is_never_dropped_by_its_id),
        TEST(looking_changes_nothing),
        TEST(a_verdict_that_comes_with_the_marker_settles),
        TEST(no_answer_proves_nothing),
        TEST(a_stored_position_proves_nothing),
        TEST(lost_once_is_sent_again_byte_for_byte),
        TEST(a_young_entry_is_not_given_up),
        TEST(an_entry_from_a_clock_that_was_ahead_is_as_old_as_its_uuid),
        TEST(a_transition_is_never_given_up),
        TEST(a_ledger_that_is_away_is_unknown_not_empty),
        TEST(redis_away_ends_the_pass),
        TEST(the_next_page_is_on_its_way_while_the_ledger_is_asked),
        TEST(no_page_stays_on_its_way_behind_an_error),
        TEST(another_generation_is_left_alone),
        TEST(the_lease_of_another_keeps_a_pass_from_acting),
        TEST(a_topic_without_limits_proves_nothing),
        TEST(a_step_can_stop_the_pass),
        TEST(bytes_that_are_no_entry_are_told_and_kept),
    };
    return cmocka_run_group_tests_name("reconciler pass", tests, NULL, NULL);
}
