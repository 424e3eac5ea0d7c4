/* A ledger that lost commits, found out while nothing comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line.h"

static void send_two(struct line *line)
{
    line_accept(line, 1);
    line_send(1, 42, 0, 0);
    line_send(2, 42, 0, 1);
}

/* Its last commit is gone, and no message comes. */
static void fall_back(struct line *line)
{
    assert_int_equal(line->ledger->rows[0].applied, 2);
    fake_ledger_set_row(line->ledger, 0, 0, NULL);
    line->ledger->verdict_count = 0;
    line->pipeline->compare_due_us = 1; /* it is time to look */
}

static void send_them_again(struct line *line)
{
    assert_int_equal(fake_subscriber_repositions(), 1);
    assert_int_equal(fake_subscriber_position(0), FLASH_OFFSET_BEGINNING);
    send_two(line);
}

static void a_ledger_that_fell_back_is_noticed_without_a_message(void **state)
{
    struct line *line = *state;
    LINE_RUN(line, line_nothing, send_two, line_nothing, fall_back, line_nothing, send_them_again);
    assert_int_equal(line->ledger->rows[0].acked, 2);
    assert_int_equal(line->ledger->verdict_count, 2);
    assert_int_equal(line_metric(METRIC_OUTRUN), 1);
}

static void look_again(struct line *line)
{
    line->pipeline->compare_due_us = 1;
}

static void one_that_stands_where_it_was_left_moves_nothing(void **state)
{
    struct line *line = *state;
    LINE_RUN(line, look_again, send_two, look_again, line_nothing, look_again, line_nothing);
    assert_int_equal(line->ledger->compared, 3);
    assert_int_equal(fake_subscriber_repositions(), 0);
    assert_int_equal(line_metric(METRIC_OUTRUN), 0);
}

static void lose_ledger(struct line *line)
{
    line->ledger->away = true;
    look_again(line);
}

static void find_it_again(struct line *line)
{
    assert_false(flash_pipeline_health(line->pipeline)->ledger_ready);
    line->ledger->away = false;
    look_again(line);
}

static void one_that_is_away_is_known_before_anything_comes(void **state)
{
    struct line *line = *state;
    LINE_RUN(line, line_nothing, lose_ledger, line_nothing, find_it_again, line_nothing);
    assert_true(flash_pipeline_health(line->pipeline)->ledger_ready);
    assert_int_equal(fake_subscriber_repositions(), 0);
}

#define LINE(test) cmocka_unit_test_setup_teardown(test, line_open, line_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINE(a_ledger_that_fell_back_is_noticed_without_a_message),
        LINE(one_that_stands_where_it_was_left_moves_nothing),
        LINE(one_that_is_away_is_known_before_anything_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
