/* Where partitions are read from: the ledger's word, a topic that is not the one it was, a Redis
 * that takes no settles, and a new generation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line.h"

/* The ledger has read partition 0 up to offset 10, whose last message was entry 100. */
static void read_before(struct line *line)
{
    struct flash_uuid last = letter_uuid(100);
    fake_ledger_set_row(line->ledger, 0, 10, &last);
    fake_subscriber_assign(1);
}

static void a_new_partition_is_read_from_its_beginning(void **state)
{
    LINE_RUN((struct line *)*state, line_nothing);
    assert_int_equal(fake_subscriber_position(0), FLASH_OFFSET_BEGINNING);
    assert_int_equal(fake_subscriber_position(1), FLASH_OFFSET_BEGINNING);
}

static void without_a_last_entry_it_is_read_from_acked(void **state)
{
    struct line *line = *state;
    fake_ledger_set_row(line->ledger, 1, 10, NULL);
    LINE_RUN(line, line_nothing);
    assert_int_equal(fake_subscriber_position(1), 10);
}

static void send_the_last_one_again(struct line *line)
{
    assert_int_equal(fake_subscriber_position(0), 9);
    line_send(100, 42, 0, 9);
    line_send(101, 42, 0, 10);
    line_accept(line, 1);
}

static void the_same_topic_is_recognised_by_its_last_message(void **state)
{
    struct line *line = *state;
    read_before(line);
    LINE_RUN(line, line_nothing, send_the_last_one_again);
    assert_int_equal(line->ledger->writes[0].messages, 1); /* it was read only to be compared */
    assert_int_equal(line->ledger->rows[0].acked, 11);
    assert_int_equal(line_metric(METRIC_TOPIC_CHANGES), 0);
    assert_int_equal(line_metric(METRIC_MESSAGES), 1);
    assert_true(flash_pipeline_health(line->pipeline)->progress_ready);
}

static void check_set_back(struct line *line)
{
    assert_int_equal(line->ledger->rows[0].applied, 0);
    assert_int_equal(line->ledger->rows[0].acked, 0);
    assert_int_equal(fake_subscriber_position(0), FLASH_OFFSET_BEGINNING);
    assert_true(flash_pipeline_health(line->pipeline)->progress_ready);
    assert_int_equal(line->ledger->write_count, 0);
    line_send(200, 42, 0, 0);
    line_accept(line, 1);
}

static void send_another(struct line *line)
{
    (void)line;
    line_send(300, 42, 0, 9);
    line_send(301, 42, 0, 10);
}

static void send_a_later_one(struct line *line)
{
    (void)line;
    line_send(100, 42, 0, 12);
}

static void send_garbage(struct line *line)
{
    (void)line;
    const struct flash_message garbage = letter_text("{}", 0, 9);
    fake_subscriber_message(&garbage);
}

/* Made anew and longer than before, it gives no error at all. */
static void a_topic_that_changed_is_read_from_its_beginning(void **state)
{
    static void (*const changes[])(struct line *) = {send_another, send_a_later_one, send_garbage};
    struct line *line = *state;
    for (int i = 0; i < 3; i++) {
        line_close(state);
        line_open(state);
        line = *state;
        read_before(line);
        LINE_RUN(line, line_nothing, changes[i], check_set_back);
        assert_int_equal(line_metric(METRIC_TOPIC_CHANGES), 1);
        assert_int_equal(line_metric(METRIC_REPOSITIONS), 1);
        assert_int_equal(line->ledger->rows[0].acked, 1);
    }
}

static void fall_out_of_range(struct line *line)
{
    (void)line;
    fake_subscriber_set_watermarks(4, 6);
    fake_subscriber_out_of_range(0);
}

static void a_position_outside_the_log_goes_back_to_its_start(void **state)
{
    struct line *line = *state;
    read_before(line);
    LINE_RUN(line, line_nothing, fall_out_of_range, line_nothing);
    assert_int_equal(line->ledger->rows[0].acked, 4);
    assert_int_equal(fake_subscriber_position(0), 4);
    assert_int_equal(line_metric(METRIC_TOPIC_CHANGES), 1);
}

static void send_another_while_the_ledger_is_away(struct line *line)
{
    line->ledger->away = true;
    send_another(line);
}

static void check_not_set_back(struct line *line)
{
    assert_false(flash_pipeline_health(line->pipeline)->progress_ready);
    assert_int_equal(line->ledger->rows[0].acked, 10);
    assert_int_equal(fake_subscriber_position(0), -1);
    line->ledger->away = false;
}

static void what_could_not_be_set_back_is_found_out_again(void **state)
{
    struct line *line = *state;
    read_before(line);
    LINE_RUN(line, line_nothing, send_another_while_the_ledger_is_away, check_not_set_back,
             line_nothing, send_another, check_set_back);
    assert_int_equal(line_metric(METRIC_TOPIC_CHANGES), 2);
    assert_int_equal(line->ledger->rows[0].acked, 1);
}

static void find_the_ledger_away(struct line *line)
{
    assert_int_equal(fake_subscriber_position(0), -1);
    assert_false(flash_pipeline_health(line->pipeline)->ledger_ready);
    line->ledger->away = false;
}

static void without_the_ledger_no_partition_is_taken(void **state)
{
    struct line *line = *state;
    line->ledger->away = true;
    LINE_RUN(line, find_the_ledger_away, line_nothing);
    assert_int_equal(fake_subscriber_position(0), FLASH_OFFSET_BEGINNING);
    assert_true(flash_pipeline_health(line->pipeline)->ledger_ready);
}

/* ---- a Redis that takes no settles ---- */

static void send_one(struct line *line)
{
    (void)line;
    line_send(1, 42, 0, 0);
}

static void lose_redis(struct line *line)
{
    line_accept(line, 1);
    fake_redis_sync_set_away(line->redis, false);
    line_send(1, 42, 0, 0);
}

static void send_while_away(struct line *line)
{
    fake_redis_sync_set_away(line->redis, true);
    line_send(2, 42, 0, 1);
}

static void send_more_while_away(struct line *line)
{
    assert_false(flash_pipeline_health(line->pipeline)->redis_ready);
    line_send(3, 42, 0, 2);
}

static void check_behind(struct line *line)
{
    assert_int_equal(line->ledger->rows[0].applied, 3);
    assert_int_equal(line->ledger->rows[0].acked, 1);
    assert_int_equal(line_metric(METRIC_SETTLE_FAILURES), 2);
    assert_int_equal(fake_subscriber_repositions(), 0);
}

static void let_redis_come_back(struct line *line)
{
    fake_redis_sync_set_away(line->redis, false);
    line->pipeline->probed_us = 0; /* it is time to ask it */
}

static void lose_redis_early(struct line *line)
{
    fake_redis_sync_set_away(line->redis, true);
    line->pipeline->looked_us = 0; /* it is time to look */
}

static void check_known_to_be_away(struct line *line)
{
    assert_false(flash_pipeline_health(line->pipeline)->redis_ready);
    fake_redis_sync_set_away(line->redis, false);
    line->pipeline->looked_us = 0;
}

static void a_redis_that_is_away_is_known_before_anything_is_settled(void **state)
{
    struct line *line = *state;
    LINE_RUN(line, lose_redis_early, line_nothing, check_known_to_be_away, line_nothing);
    assert_true(flash_pipeline_health(line->pipeline)->redis_ready);
}

/* Read again from acked on, one message earlier to know the topic by. */
static void read_again(struct line *line)
{
    assert_int_equal(fake_subscriber_repositions(), 1);
    assert_int_equal(fake_subscriber_position(0), 0);
    for (int i = 0; i < 3; i++) {
        line_send(1 + i, 42, 0, i);
    }
    line_accept(line, 1);
}

static void while_redis_is_away_the_ledger_goes_on(void **state)
{
    struct line *line = *state;
    LINE_RUN(line, lose_redis, send_while_away, send_more_while_away, check_behind,
             let_redis_come_back, read_again);
    const struct fake_ledger_write *again = &line->ledger->writes[line->ledger->write_count - 1];
    assert_true(again->messages == 2 && again->careful && again->duplicates == 2);
    assert_int_equal(line->ledger->rows[0].applied, 3);
    assert_int_equal(line->ledger->rows[0].acked, 3);
    assert_true(flash_pipeline_health(line->pipeline)->redis_ready);
    assert_int_equal(line_metric(METRIC_SETTLED_DROPPED), 3);
}

/* Its empty settle is taken, what it has to adopt is not. */
static void refuse_it(struct line *line)
{
    fake_redis_sync_refuse(line->redis, "WRONGTYPE");
    line_send(1, 42, 0, 0);
}

static void refuse_it_the_first_time(struct line *line)
{
    refuse_it(line);
    line_accept(line, 1); /* and is asked at once */
}

static void ask_too_early(struct line *line)
{
    line->pipeline->probed_us = 0;
}

static void ask_in_time(struct line *line)
{
    line_accept(line, 1);
    line->pipeline->probed_us = line->pipeline->catch_up_due_us = 0;
}

static void check_one_time(struct line *line)
{
    assert_int_equal(fake_subscriber_repositions(), 1);
    assert_int_equal(line->pipeline->catch_up_wait_us, 500000);
    refuse_it(line);
}

static void check_two_times(struct line *line)
{
    assert_int_equal(fake_subscriber_repositions(), 2);
    assert_int_equal(line->pipeline->catch_up_wait_us, 1000000);
    assert_false(flash_pipeline_health(line->pipeline)->redis_ready);
    line->pipeline->catch_up_wait_us = 60000000;
    refuse_it(line);
}

/* It goes on, and the one behind it is refused. */
static void take_the_first_only(struct line *line)
{
    assert_int_equal(line->pipeline->catch_up_wait_us, 64000000);
    line_accept(line, 1);
    line_send(1, 42, 0, 0);
}

static void refuse_the_second(struct line *line)
{
    assert_true(flash_pipeline_health(line->pipeline)->redis_ready);
    fake_redis_sync_refuse(line->redis, "WRONGTYPE");
    line_send(2, 42, 0, 1);
}

static void check_the_wait_is_short_again(struct line *line)
{
    assert_int_equal(fake_subscriber_repositions(), 4);
    assert_int_equal(line->pipeline->catch_up_wait_us, 500000);
}

static void what_is_refused_again_is_read_again_less_and_less_often(void **state)
{
    struct line *line = *state;
    LINE_RUN(line, refuse_it_the_first_time, line_nothing, check_one_time, ask_too_early,
             ask_in_time, check_two_times, ask_in_time, take_the_first_only, refuse_the_second,
             ask_in_time, check_the_wait_is_short_again);
    assert_int_equal(line->ledger->rows[0].acked, 1);
    assert_int_equal(line->ledger->rows[0].applied, 2);
}

static void raise_generation(struct line *line)
{
    line_refuse(line); /* the settle */
    line_refuse(line); /* and the question whether one would be taken */
    line->ledger->generation = 8;
    line_send(1, 42, 0, 0);
}

static void read_under_the_new_one(struct line *line)
{
    assert_int_equal(fake_subscriber_repositions(), 1);
    line_send(1, 42, 0, 0);
    line_accept(line, 2);
}

/* Rule 8: a settle refused for its generation is none; the batch is read again under the new. */
static void a_new_generation_is_taken_over(void **state)
{
    struct line *line = *state;
    LINE_RUN(line, line_nothing, raise_generation, read_under_the_new_one);
    assert_true(fake_redis_sync_argument_is(line->redis, 0, 0, "7"));
    assert_true(fake_redis_sync_argument_is(line->redis, 2, 0, "8"));
    /* An entry of the old one is adopted, not dropped. The fake's ledger has no row for it. */
    assert_true(fake_redis_sync_argument_is(line->redis, 2, 1, "0"));
    assert_true(fake_redis_sync_argument_is(line->redis, 3, 2, letter_stream_id(1)));
    assert_int_equal(line->ledger->rows[0].acked, 1);
}

static void a_redis_that_never_comes_back_leaves_acked_at_the_end(void **state)
{
    struct line *line = *state;
    fake_redis_sync_set_away(line->redis, true);
    LINE_RUN(line, send_one);
    assert_int_equal(line->ledger->rows[0].applied, 1);
    assert_int_equal(line->ledger->rows[0].acked, 0);
}

#define LINE(test) cmocka_unit_test_setup_teardown(test, line_open, line_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINE(a_new_partition_is_read_from_its_beginning),
        LINE(without_a_last_entry_it_is_read_from_acked),
        LINE(the_same_topic_is_recognised_by_its_last_message),
        LINE(a_topic_that_changed_is_read_from_its_beginning),
        LINE(a_position_outside_the_log_goes_back_to_its_start),
        LINE(what_could_not_be_set_back_is_found_out_again),
        LINE(without_the_ledger_no_partition_is_taken),
        LINE(a_redis_that_is_away_is_known_before_anything_is_settled),
        LINE(while_redis_is_away_the_ledger_goes_on),
        LINE(what_is_refused_again_is_read_again_less_and_less_often),
        LINE(a_new_generation_is_taken_over),
        LINE(a_redis_that_never_comes_back_leaves_acked_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
