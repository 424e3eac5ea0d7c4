/* From messages to the ledger and to Redis: what each outcome leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "line.h"

static void what_is_read_is_written_settled_and_acked(void **state)
{
    struct line *line = *state;
    line_accept(line, 2); /* a call per SKU */
    LINE_RUN(line, line_send_three);
    assert_int_equal(line->ledger->write_count, 1);
    assert_int_equal(line_write(line, 0)->messages, 3);
    assert_false(line_write(line, 0)->careful);
    assert_int_equal(fake_redis_sync_calls(line->redis), 2);
    assert_true(line->ledger->rows[0].applied == 2 && line->ledger->rows[1].applied == 1);
    assert_true(line->ledger->rows[0].acked == 2 && line->ledger->rows[1].acked == 1);
    struct flash_uuid third = letter_uuid(3);
    assert_true(line->ledger->rows[0].has_acked_entry);
    assert_memory_equal(&line->ledger->rows[0].acked_entry, &third, sizeof(third));
    assert_int_equal(fake_subscriber_noted(0), 2);
    assert_int_equal(line_metric(METRIC_MESSAGES), 3);
    assert_int_equal(line_metric(METRIC_BATCHES), 1);
    assert_int_equal(line_metric(METRIC_ENTRIES_APPLIED), 3);
    assert_int_equal(line_metric(METRIC_SETTLED_DROPPED), 3);
    const struct flash_pipeline_health *health = flash_pipeline_health(line->pipeline);
    assert_true(health->ledger_ready && health->redis_ready && health->kafka_ready);
    assert_int_equal(health->waiting_since_us, 0);
}

static void a_batch_that_failed_is_tried_again_carefully(void **state)
{
    struct line *line = *state;
    fake_ledger_next(line->ledger, FLASH_LEDGER_AGAIN);
    fake_ledger_next(line->ledger, FLASH_LEDGER_BROKEN);
    line_accept(line, 2);
    LINE_RUN(line, line_send_three);
    assert_int_equal(line->ledger->write_count, 3);
    assert_false(line_write(line, 0)->careful);
    assert_true(line_write(line, 1)->careful && line_write(line, 2)->careful);
    assert_int_equal(line_write(line, 2)->messages, 3);
    assert_int_equal(line_metric(METRIC_BATCH_RETRIES), 2);
    assert_int_equal(line->ledger->verdict_count, 3);
    assert_int_equal(line->ledger->rows[0].acked, 2);
}

/* A COMMIT whose answer was lost: the verdicts tell that it was one. */
static void a_commit_that_happened_is_met_by_its_replay(void **state)
{
    struct line *line = *state;
    for (int id = 1; id <= 3; id++) {
        line->ledger->verdicts[line->ledger->verdict_count++] = letter_uuid(id);
    }
    line_accept(line, 2);
    LINE_RUN(line, line_send_three);
    assert_int_equal(line->ledger->write_count, 2);
    assert_int_equal(line_write(line, 1)->duplicates, 3);
    assert_int_equal(line_metric(METRIC_DUPLICATES), 3);
    assert_int_equal(line_metric(METRIC_ENTRIES_APPLIED), 0);
    assert_int_equal(line_metric(METRIC_SETTLED_DROPPED), 3); /* told again: harmless */
}

static void another_has_moved_on(struct line *line)
{
    line->ledger->rows[0].applied = 7; /* another consumer has had the partition meanwhile */
    line->ledger->rows[0].acked = 7;
    line_send_three(line);
}

static void an_outrun_batch_is_given_up_and_positions_asked_anew(void **state)
{
    struct line *line = *state;
    LINE_RUN(line, another_has_moved_on, line_nothing);
    assert_int_equal(line_write(line, 0)->outcome, FLASH_LEDGER_OUTRUN);
    assert_int_equal(line->ledger->write_count, 1);
    assert_int_equal(line->ledger->verdict_count, 0);
    assert_int_equal(line_metric(METRIC_OUTRUN), 1);
    assert_int_equal(fake_redis_sync_calls(line->redis), 0);
    assert_int_equal(fake_subscriber_repositions(), 1);
    assert_int_equal(fake_subscriber_position(0), 7);
}

static void send_and_revoke(struct line *line)
{
    line_send_three(line);
    fake_subscriber_revoke(0);
}

static void messages_of_a_partition_that_is_gone_are_dropped(void **state)
{
    struct line *line = *state;
    line_accept(line, 1);
    LINE_RUN(line, send_and_revoke);
    assert_int_equal(line_write(line, 0)->messages, 1);
    assert_int_equal(line->ledger->rows[0].applied, 0);
    assert_int_equal(line->ledger->rows[1].acked, 1);
}

static void stop(void *arg)
{
    struct line *line = arg;
    line->stop = true;
}

static void stopping_gives_up_what_is_not_committed(void **state)
{
    struct line *line = *state;
    for (int i = 0; i < 8; i++) {
        fake_ledger_next(line->ledger, FLASH_LEDGER_AGAIN);
    }
    line->ledger->wrote = stop;
    line->ledger->arg = line;
    LINE_RUN(line, line_send_three, line_nothing);
    assert_int_equal(line->ledger->write_count, 1);
    assert_int_equal(line->ledger->verdict_count, 0);
    assert_int_equal(line->ledger->rows[0].applied, 0);
    assert_false(flash_pipeline_health(line->pipeline)->ledger_ready);
}

static void stopping_finishes_what_is_committed(void **state)
{
    struct line *line = *state;
    line->ledger->wrote = stop;
    line->ledger->arg = line;
    line_accept(line, 2);
    LINE_RUN(line, line_send_three, line_nothing);
    assert_int_equal(line->ledger->rows[0].acked, 2); /* settled, and the ack written at the end */
}

static void fail_polling(struct line *line)
{
    (void)line;
    fake_subscriber_error();
}

static void check_kafka_away(struct line *line)
{
    assert_false(flash_pipeline_health(line->pipeline)->kafka_ready);
    line_send_three(line);
}

static void an_error_of_kafka_shows_until_it_is_over(void **state)
{
    struct line *line = *state;
    line_accept(line, 2);
    LINE_RUN(line, fail_polling, check_kafka_away);
    assert_true(flash_pipeline_health(line->pipeline)->kafka_ready);
    assert_int_equal(line->ledger->verdict_count, 3);
}

static void lose_all_brokers(struct line *line)
{
    (void)line;
    fake_subscriber_set_ready(false);
}

static void check_no_broker(struct line *line)
{
    assert_false(flash_pipeline_health(line->pipeline)->kafka_ready);
    fake_subscriber_set_ready(true);
}

static void brokers_that_are_away_show_while_nothing_comes(void **state)
{
    struct line *line = *state;
    LINE_RUN(line, lose_all_brokers, line_nothing, check_no_broker, line_nothing);
    assert_true(flash_pipeline_health(line->pipeline)->kafka_ready);
}

static void a_parked_line_is_tried_by_itself(void **state)
{
    struct line *line = *state;
    struct flash_message parked =
        letter_write(&(struct letter){FLASH_ENTRY_CANCEL, 9, 42, "a:u:1:1"});
    fake_ledger_park(line->ledger, parked.value.at);
    line_accept(line, 2); /* its SKU is asked for the generation, then told the line */
    LINE_RUN(line, line_nothing);
    assert_int_equal(line->ledger->write_count, 1);
    assert_int_equal(line_write(line, 0)->messages, 1);
    assert_int_equal(line->ledger->parked_count, 0);
    assert_int_equal(line->ledger->rows[0].applied, 0);
    assert_true(fake_redis_sync_argument_is(line->redis, 1, 2, letter_stream_id(9)));
    assert_int_equal(line_metric(METRIC_PARKED), 1);
    flash_message_free(&parked);
}

static void a_parked_line_stays_until_redis_takes_it(void **state)
{
    struct line *line = *state;
    struct flash_message parked =
        letter_write(&(struct letter){FLASH_ENTRY_CANCEL, 9, 42, "a:u:1:1"});
    fake_ledger_park(line->ledger, parked.value.at);
    line_refuse(line);
    LINE_RUN(line, line_nothing);
    assert_int_equal(line->ledger->write_count, 1);
    assert_int_equal(line->ledger->parked_count, 1);
    flash_message_free(&parked);
}

#define MANY 20 /* more than a turn has time for */
#define SLOW_MS 30

static void be_slow(void *arg)
{
    (void)arg;
    nanosleep(&(struct timespec){.tv_nsec = SLOW_MS * 1000000}, NULL);
}

/* Each is of an order of its own. */
static void park_many(struct line *line, struct flash_message *messages)
{
    line->ledger->wrote = be_slow;
    line->ledger->parked_page = 3;
    for (int i = 0; i < MANY; i++) {
        char order[32];
        snprintf(order, sizeof(order), "r%d:u:1:1", i);
        messages[i] = letter_write(&(struct letter){FLASH_ENTRY_CANCEL, 100 + i, 42, order});
        fake_ledger_park(line->ledger, messages[i].value.at);
    }
    line_accept(line, 2 * MANY);
}

static int tried_before_sent; /* of the parked lines */

static void send_between(struct line *line)
{
    tried_before_sent = line->ledger->write_count;
    assert_in_range(tried_before_sent, 1, MANY - 1);
    assert_int_equal(line->ledger->parked_count, MANY - tried_before_sent);
    line_accept(line, 1);
    line_send(1, 42, 0, 0);
}

static void go_on_until_none_is_parked(struct line *line)
{
    static void (*const again[])(struct line *) = {go_on_until_none_is_parked, NULL};
    if (line->ledger->parked_count > 0) {
        line->steps = again;
    }
}

/* Or the group would take the consumer for dead. */
static void kafka_is_read_while_many_lines_are_parked(void **state)
{
    struct line *line = *state;
    struct flash_message messages[MANY];
    park_many(line, messages);
    LINE_RUN(line, line_nothing, send_between, go_on_until_none_is_parked);
    assert_int_equal(line->ledger->write_count, MANY + 1); /* each once */
    assert_int_equal(line->ledger->rows[0].acked, 1);
    int told = 0; /* two calls a parked line */
    while (told < 2 * MANY &&
           !fake_redis_sync_argument_is(line->redis, told, 2, letter_stream_id(1))) {
        told++;
    }
    assert_in_range(told, 2 * tried_before_sent, 2 * MANY - 1);
    for (int i = 0; i < MANY; i++) {
        flash_message_free(&messages[i]);
    }
}

static void a_parked_line_that_the_ledger_refuses_leaves_the_others(void **state)
{
    struct line *line = *state;
    struct flash_message messages[2];
    for (int i = 0; i < 2; i++) {
        messages[i] = letter_write(&(struct letter){FLASH_ENTRY_CANCEL, 9 + i, 42, "a:u:1:1"});
        fake_ledger_park(line->ledger, messages[i].value.at);
    }
    fake_ledger_next(line->ledger, FLASH_LEDGER_REFUSED);
    line_accept(line, 2);
    LINE_RUN(line, line_nothing);
    assert_int_equal(line->ledger->write_count, 2);
    assert_int_equal(line->ledger->parked_count, 1);
    assert_non_null(line->ledger->parked[0]);
    for (int i = 0; i < 2; i++) {
        flash_message_free(&messages[i]);
    }
}

/* Two lines of SKU 42, which Redis refuses, and one of a SKU behind it. */
static void a_parked_line_that_redis_refuses_leaves_other_skus(void **state)
{
    struct line *line = *state;
    struct flash_message messages[3];
    for (int i = 0; i < 3; i++) {
        messages[i] =
            letter_write(&(struct letter){FLASH_ENTRY_CANCEL, 9 + i, i == 2 ? 420 : 42, "a:u:1:1"});
        fake_ledger_park(line->ledger, messages[i].value.at);
    }
    fake_redis_sync_refuse(line->redis, "WRONGTYPE");
    line_accept(line, 2);
    LINE_RUN(line, line_nothing);
    assert_int_equal(line->ledger->write_count, 2); /* the refused SKU's second is not tried */
    assert_int_equal(line->ledger->parked_count, 2);
    assert_null(line->ledger->parked[2]);
    for (int i = 0; i < 3; i++) {
        flash_message_free(&messages[i]);
    }
}

static struct flash_message due; /* a parked line that can leave */

static void park_it(void *arg)
{
    struct line *line = arg;
    line->ledger->wrote = NULL;
    fake_ledger_park(line->ledger, due.value.at);
    line->pipeline->unpark_due_us = 0; /* it is time to look at the table */
}

static void find_the_table_full(struct line *line)
{
    line->ledger->wrote = park_it;
    line->ledger->arg = line;
    fake_ledger_next(line->ledger, FLASH_LEDGER_FULL);
    line_accept(line, 2);
    line_send_three(line);
}

static void send_what_did_not_go_in(struct line *line)
{
    assert_int_equal(fake_subscriber_repositions(), 1);
    assert_int_equal(line->ledger->parked_count, 0);
    assert_int_equal(line->ledger->rows[0].applied, 0);
    line_accept(line, 2);
    line_send_three(line);
}

/* Not tried for ever: only between the tries parked lines can leave. */
static void a_full_table_of_parked_lines_is_emptied_before_the_batch_is_read_again(void **state)
{
    struct line *line = *state;
    due = letter_write(&(struct letter){FLASH_ENTRY_CANCEL, 9, 42, "a:u:1:1"});
    LINE_RUN(line, line_nothing, find_the_table_full, line_nothing, send_what_did_not_go_in);
    assert_int_equal(line->ledger->rows[0].acked, 2);
    assert_int_equal(line_metric(METRIC_BATCH_RETRIES), 0);
    flash_message_free(&due);
}

#define LINE(test) cmocka_unit_test_setup_teardown(test, line_open, line_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINE(what_is_read_is_written_settled_and_acked),
        LINE(a_batch_that_failed_is_tried_again_carefully),
        LINE(a_commit_that_happened_is_met_by_its_replay),
        LINE(an_outrun_batch_is_given_up_and_positions_asked_anew),
        LINE(messages_of_a_partition_that_is_gone_are_dropped),
        LINE(stopping_gives_up_what_is_not_committed),
        LINE(stopping_finishes_what_is_committed),
        LINE(an_error_of_kafka_shows_until_it_is_over),
        LINE(brokers_that_are_away_show_while_nothing_comes),
        LINE(a_parked_line_is_tried_by_itself),
        LINE(a_parked_line_stays_until_redis_takes_it),
        LINE(kafka_is_read_while_many_lines_are_parked),
        LINE(a_parked_line_that_the_ledger_refuses_leaves_the_others),
        LINE(a_parked_line_that_redis_refuses_leaves_other_skus),
        LINE(a_full_table_of_parked_lines_is_emptied_before_the_batch_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
