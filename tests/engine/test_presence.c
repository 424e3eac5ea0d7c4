/* A worker says that it is there, and answers a recovery only once nothing from before the question
 * is on its way to Kafka. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../engine/presence.h"
#include "rig.h"

#define SKU 42
#define BEAT_US 500000
#define ASK "019a9999-0000-7000-8000-0000000000aa"
#define ASK_AGAIN "019a9999-0000-7000-8000-0000000000bb"

static void tick_after(struct rig *rig, uint64_t us)
{
    rig->worker.now_us += us;
    flash_presence_tick(&rig->worker);
}

/* The oldest call is a beat with this answer; it is told the open question. */
static void expect_beat(struct rig *rig, const char *answer, const char *question)
{
    assert_int_equal(rig_script(rig, 0), FLASH_SCRIPT_BEAT);
    assert_int_equal(fake_redis_open(rig->redis, 0)->sku, 0);
    assert_true(fake_redis_argument_is(rig->redis, 0, 0, rig->worker.presence.name));
    assert_true(fake_redis_argument_is(rig->redis, 0, 1, answer));
    fake_redis_reply(rig->redis, json_pack("[s,s]", "OK", question));
}

/* An order whose entry is with the producer, not yet acknowledged. */
static void publish_one(struct rig *rig)
{
    rig_know(rig, SKU);
    struct flash_request *request = rig_order(rig, SKU, "a");
    rig_turn(rig);
    rig_decide_all(rig, "ACCEPTED");
    assert_int_equal(rig_answered(request), 202);
    assert_int_equal(fake_kafka_count(rig->producer), 1);
}

static void it_beats_and_does_not_pile_up(void **state)
{
    struct rig *rig = *state;
    tick_after(rig, BEAT_US - 1);
    assert_int_equal(rig_script(rig, 0), -1);
    tick_after(rig, 1);
    tick_after(rig, BEAT_US);
    assert_int_equal(rig_script(rig, 1), -1); /* the first has no answer yet */
    expect_beat(rig, "", "");
    tick_after(rig, 1);
    assert_int_equal(rig_script(rig, 0), FLASH_SCRIPT_BEAT);
    fake_redis_unknown(rig->redis);
    fake_redis_set_ready(rig->redis, false);
    tick_after(rig, BEAT_US);
    assert_int_equal(rig_script(rig, 0), -1);
    fake_redis_set_ready(rig->redis, true);
    tick_after(rig, 1);
    expect_beat(rig, "", "");
}

static void with_nothing_unsent_it_answers_at_once(void **state)
{
    struct rig *rig = *state;
    tick_after(rig, BEAT_US);
    expect_beat(rig, "", ASK);
    tick_after(rig, 1);
    expect_beat(rig, ASK, ASK);
    tick_after(rig, 1);
    assert_int_equal(rig_script(rig, 0), -1); /* said once; then with every beat */
    tick_after(rig, BEAT_US);
    expect_beat(rig, ASK, ASK);
}

static void what_is_unsent_holds_the_answer_back(void **state)
{
    struct rig *rig = *state;
    publish_one(rig);
    tick_after(rig, BEAT_US);
    expect_beat(rig, "", ASK);
    tick_after(rig, BEAT_US);
    expect_beat(rig, "", ASK);
    fake_kafka_deliver_all(rig->producer, FLASH_DELIVERY_NOT_SENT); /* dropped is as good as sent */
    rig_kafka(rig);
    tick_after(rig, 1);
    expect_beat(rig, ASK, ASK);
}

static void another_question_is_another_matter(void **state)
{
    struct rig *rig = *state;
    tick_after(rig, BEAT_US);
    expect_beat(rig, "", ASK);
    tick_after(rig, 1);
    expect_beat(rig, ASK, ASK_AGAIN);
    publish_one(rig);
    tick_after(rig, 2 * BEAT_US); /* an answer sets the worker's clock */
    expect_beat(rig, "", ASK_AGAIN);
    fake_kafka_deliver_all(rig->producer, FLASH_DELIVERY_ACKED);
    rig_kafka(rig);
    tick_after(rig, 1);
    expect_beat(rig, ASK_AGAIN, ASK_AGAIN);
}

static void workers_have_names_of_their_own(void **state)
{
    struct rig *rig = *state;
    struct flash_worker other = {.engine = &rig->engine};
    struct flash_error err;
    assert_true(flash_presence_init(&other, &err));
    assert_string_not_equal(other.presence.name, rig->worker.presence.name);
}

#define PRESENCE(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PRESENCE(it_beats_and_does_not_pile_up),
        PRESENCE(with_nothing_unsent_it_answers_at_once),
        PRESENCE(what_is_unsent_holds_the_answer_back),
        PRESENCE(another_question_is_another_matter),
        PRESENCE(workers_have_names_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
