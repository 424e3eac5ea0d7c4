/* A batch that the ledger refuses: what can go in does, the rest becomes dead letters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line.h"

static void send_with_poison(struct line *line)
{
    (void)line;
    line_send(1, 42, 0, 0);
    line_send(2, FAKE_LEDGER_POISON, 0, 1);
    line_send(3, 42, 0, 2);
}

static void a_refused_batch_is_taken_apart(void **state)
{
    struct line *line = *state;
    line_accept(line, 2);
    LINE_RUN(line, send_with_poison);
    assert_int_equal(line_write(line, 0)->messages, 3);
    assert_int_equal(line_write(line, 0)->outcome, FLASH_LEDGER_REFUSED);
    for (int i = 1; i <= 4; i++) { /* the poison twice: as it is, and as a dead letter */
        assert_int_equal(line_write(line, i)->messages, 1);
        assert_int_equal(line_write(line, i)->dead, i == 3);
        assert_int_equal(line_write(line, i)->outcome,
                         i == 2 ? FLASH_LEDGER_REFUSED : FLASH_LEDGER_COMMITTED);
    }
    assert_int_equal(line->ledger->write_count, 5);
    assert_int_equal(line->ledger->verdict_count, 2);
    assert_int_equal(line->ledger->rows[0].applied, 3);
    assert_int_equal(line->ledger->rows[0].acked, 3);
    assert_int_equal(line_metric(METRIC_DEAD_LETTERS), 1);
    const struct fake_kafka_message *copy = fake_kafka_message(fake_kafka_last(), 0);
    assert_string_equal(copy->topic, "dead");
    assert_non_null(strstr(copy->value.at, "\"sku\":\"666\""));
    assert_int_equal(fake_kafka_count(fake_kafka_last()), 1);
}

#define LONG 200000
#define LONGEST 100000 /* that the ledger takes */

static void send_with_a_long_one(struct line *line)
{
    static char text[LONG + 1];
    memset(text, 'x', LONG);
    line->ledger->longest = LONGEST;
    line_send(1, 42, 0, 0);
    const struct flash_message message = letter_text(text, 0, 1);
    fake_subscriber_message(&message);
    line_send(3, 42, 0, 2);
}

/* As by max_allowed_packet: its beginning is kept, its copy is whole, and none behind it is lost.
 */
static void a_dead_letter_that_is_too_long_is_cut(void **state)
{
    struct line *line = *state;
    line_accept(line, 2);
    LINE_RUN(line, send_with_a_long_one);
    assert_int_equal(line->ledger->write_count, 6); /* all; the first; it, it whole, it cut; … */
    const struct fake_ledger_write *cut = line_write(line, 4);
    assert_true(cut->dead == 1 && cut->outcome == FLASH_LEDGER_COMMITTED);
    assert_int_equal(cut->bytes, 65536);
    assert_string_equal(cut->reason,
                        "the ledger refuses its data; kept are 65536 of its 200000 bytes");
    assert_int_equal(line->ledger->verdict_count, 2);
    assert_int_equal(line->ledger->rows[0].acked, 3);
    assert_int_equal(fake_kafka_message(fake_kafka_last(), 0)->value.len, LONG);
    assert_int_equal(fake_subscriber_repositions(), 0);
}

static void refuse_the_first_in_every_way(struct line *line)
{
    for (int i = 0; i < 5; i++) { /* all; the first; it as a dead letter, cut, empty */
        fake_ledger_next(line->ledger, FLASH_LEDGER_REFUSED);
    }
    line_send_three(line);
}

static void send_three_again(struct line *line)
{
    assert_int_equal(fake_subscriber_repositions(), 1);
    assert_int_equal(line->ledger->rows[0].applied, 0);
    line_accept(line, 2);
    line_send_three(line);
}

static void what_is_behind_one_that_cannot_be_buried_is_read_again(void **state)
{
    struct line *line = *state;
    LINE_RUN(line, refuse_the_first_in_every_way, line_nothing, send_three_again);
    assert_int_equal(line->ledger->verdict_count, 3);
    assert_int_equal(line->ledger->rows[0].acked, 2);
}

static int reported; /* before the third write */

static void deliver_after_the_first(void *arg)
{
    struct line *line = arg;
    int queued = flash_producer_queued(fake_kafka_last());
    if (line->ledger->write_count == 2) {
        assert_int_equal(queued, 1);
        fake_kafka_deliver_all(fake_kafka_last(), FLASH_DELIVERY_ACKED);
    } else if (line->ledger->write_count == 3) {
        reported = 1 - queued;
    }
}

static void send_one_more(struct line *line)
{
    line->ledger->wrote = deliver_after_the_first;
    line->ledger->arg = line;
    fake_ledger_next(line->ledger, FLASH_LEDGER_AGAIN);
    fake_ledger_next(line->ledger, FLASH_LEDGER_AGAIN);
    line_accept(line, 1);
    line_send(1, 42, 0, 1);
}

static void send_garbage(struct line *line)
{
    (void)line;
    const struct flash_message garbage = letter_text("garbage", 0, 0);
    fake_subscriber_message(&garbage);
}

static void copies_are_reported_while_the_ledger_is_away(void **state)
{
    struct line *line = *state;
    LINE_RUN(line, send_garbage, send_one_more);
    assert_int_equal(reported, 1);
    assert_int_equal(line->ledger->rows[0].acked, 2);
}

static void send_impossible(struct line *line)
{
    (void)line;
    const struct flash_message garbage = letter_text("garbage", 0, 0);
    fake_subscriber_message(&garbage);
    line_send(2, FAKE_LEDGER_NO_SKU, 0, 1);
}

static void what_can_never_go_in_is_a_dead_letter_and_moves_on(void **state)
{
    struct line *line = *state;
    LINE_RUN(line, send_impossible);
    assert_int_equal(line_write(line, 0)->dead, 2);
    assert_int_equal(line_metric(METRIC_DEAD_LETTERS), 2);
    assert_int_equal(fake_kafka_count(fake_kafka_last()), 2);
    assert_int_equal(line->ledger->rows[0].acked, 2);
    assert_int_equal(fake_redis_sync_calls(line->redis), 0);
}

#define LINE(test) cmocka_unit_test_setup_teardown(test, line_open, line_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINE(a_refused_batch_is_taken_apart),
        LINE(a_dead_letter_that_is_too_long_is_cut),
        LINE(what_is_behind_one_that_cannot_be_buried_is_read_again),
        LINE(copies_are_reported_while_the_ledger_is_away),
        LINE(what_can_never_go_in_is_a_dead_letter_and_moves_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
