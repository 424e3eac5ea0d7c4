/* A topic that was made anew while it is read: what was read before is read again beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_probe.h"
#include "flash/time.h"
#include "line.h"

#define SECOND_US 1000000ULL

/* The pipeline's own turns do nothing once a turn was taken at a time that is far ahead of theirs.
 */
static uint64_t ahead_us;

static void turn_later(struct line *line, uint64_t by_us)
{
    ahead_us += by_us;
    flash_anchors_turn(line->pipeline, flash_time_monotonic_us() + ahead_us);
}

static struct flash_message message_of(int id, int64_t offset)
{
    return letter_write(&(struct letter){.type = FLASH_ENTRY_RESERVE,
                                         .id = id,
                                         .sku = 42,
                                         .lines = "r:u:1",
                                         .partition = 0,
                                         .offset = offset});
}

/* The ledger has read partition 0 up to offset 10, whose last message was entry 100, and one more
 * comes: entry 101. */
static void read_on(struct line *line)
{
    line_send(100, 42, 0, 9);
    line_send(101, 42, 0, 10);
    line_accept(line, 1);
}

static void read_before(struct line *line)
{
    struct flash_uuid last = letter_uuid(100);
    fake_ledger_set_row(line->ledger, 0, 10, &last);
    fake_subscriber_assign(1);
    ahead_us = 100 * SECOND_US;
}

static void ask(struct line *line)
{
    int asked = fake_probe_asked();
    turn_later(line, 10 * SECOND_US); /* whatever was open is given up */
    if (fake_probe_asked() == asked) {
        turn_later(line, SECOND_US);
    }
    assert_int_equal(fake_probe_asked(), asked + 1);
}

static void ask_for_the_first(struct line *line)
{
    ask(line);
    assert_int_equal(fake_probe_offset(), 9);
}

static void ask_for_the_second(struct line *line)
{
    ask(line);
    assert_int_equal(fake_probe_offset(), 10);
}

static void hear_the_same(struct line *line)
{
    struct flash_message same = message_of(100, 9);
    fake_probe_message(&same);
    turn_later(line, 1000);
    assert_int_equal(line_metric(METRIC_TOPIC_CHANGES), 0);
}

static void hear_another(struct line *line)
{
    struct flash_message another = message_of(300, 9);
    fake_probe_message(&another);
    turn_later(line, 1000);
}

static void hear_a_later_one(struct line *line)
{
    struct flash_message later = message_of(100, 10);
    fake_probe_message(&later);
    turn_later(line, 1000);
}

static void hear_that_it_is_absent(struct line *line)
{
    fake_probe_absent();
    turn_later(line, 1000);
    assert_int_equal(line_metric(METRIC_TOPIC_CHANGES), 0);
}

static void hear_nothing(struct line *line)
{
    turn_later(line, 1000);
    assert_int_equal(line_metric(METRIC_TOPIC_CHANGES), 0);
}

static void the_anchor_moves_with_what_is_read(void **state)
{
    struct line *line = *state;
    read_before(line);
    LINE_RUN(line, line_nothing, read_on, ask_for_the_first, hear_the_same, ask_for_the_second);
}

static void what_was_deleted_by_age_is_let_go(void **state)
{
    struct line *line = *state;
    read_before(line);
    LINE_RUN(line, line_nothing, read_on, ask_for_the_first, hear_that_it_is_absent,
             ask_for_the_second);
}

/* It asks for what was read when the question was put, not for what came while it was open. */
static void what_came_meanwhile_is_no_anchor_yet(void **state)
{
    struct line *line = *state;
    read_before(line);
    LINE_RUN(line, line_nothing, ask_for_the_first, read_on, hear_the_same, ask_for_the_first);
}

static void silence_is_asked_again(void **state)
{
    struct line *line = *state;
    read_before(line);
    LINE_RUN(line, line_nothing, read_on, ask_for_the_first, hear_nothing, ask_for_the_first);
}

static void check_set_back(struct line *line)
{
    assert_int_equal(line_metric(METRIC_TOPIC_CHANGES), 1);
    assert_int_equal(line->ledger->rows[0].acked, 0);
    assert_int_equal(fake_subscriber_position(0), FLASH_OFFSET_BEGINNING);
}

static void another_message_in_its_place_sets_the_partition_back(void **state)
{
    static void (*const answers[])(struct line * line) = {hear_another, hear_a_later_one};
    for (int i = 0; i < 2; i++) {
        line_close(state);
        line_open(state);
        struct line *line = *state;
        read_before(line);
        LINE_RUN(line, line_nothing, read_on, ask_for_the_first, answers[i], line_nothing,
                 check_set_back);
    }
}

static void read_more(struct line *line)
{
    line_send(102, 42, 0, 11);
    line_accept(line, 1);
}

static void read_that_again(struct line *line)
{
    line_send(101, 42, 0, 10);
    line_send(102, 42, 0, 11);
    line_accept(line, 1);
}

static void be_given_it_again(struct line *line)
{
    line->pipeline->reposition = true;
}

/* The group may take the partition and give it back after the new topic was read on. */
static void an_anchor_outlives_a_rebalance(void **state)
{
    struct line *line = *state;
    read_before(line);
    LINE_RUN(line, line_nothing, read_on, read_more, be_given_it_again, read_that_again,
             ask_for_the_first, hear_another, line_nothing, check_set_back);
}

#define LINE(test) cmocka_unit_test_setup_teardown(test, line_open, line_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINE(the_anchor_moves_with_what_is_read),
        LINE(what_was_deleted_by_age_is_let_go),
        LINE(what_came_meanwhile_is_no_anchor_yet),
        LINE(silence_is_asked_again),
        LINE(an_anchor_outlives_a_rebalance),
        LINE(another_message_in_its_place_sets_the_partition_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
