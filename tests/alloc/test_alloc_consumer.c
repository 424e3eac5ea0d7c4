/* Each allocation of the consumer fails once: when it starts, and from a message to its settled
 * entry. It starts whole or not at all; a batch that met no memory is taken again, and in the end
 * the ledger, Redis and the progress are what they are without a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing.h"
#include "flash/log.h"
#include "line.h"

#define STEPS_MAX 100000

static size_t armed_with;

static void send_three(struct line *line)
{
    (void)line;
    line_send(1, 42, 0, 0);
    line_send(2, 42, 1, 0);
    line_send(3, 43, 0, 1);
    failing_arm(armed_with);
}

static bool run_once(size_t n)
{
    void *state;
    assert_int_equal(line_open(&state), 0);
    struct line *line = state;
    armed_with = n;
    line_accept(line, 2);
    LINE_RUN(line, send_three);
    bool failed = failing_disarm();
    assert_int_equal(line->ledger->verdict_count, 3);
    assert_true(line->ledger->rows[0].applied == 2 && line->ledger->rows[1].applied == 1);
    assert_true(line->ledger->rows[0].acked == 2 && line->ledger->rows[1].acked == 1);
    assert_int_equal(fake_redis_sync_calls(line->redis), 2);
    assert_int_equal(line_metric(METRIC_ENTRIES_APPLIED), 3);
    assert_int_equal(line_close(&state), 0);
    return failed;
}

static void messages_end_settled_all_the_same(void **state)
{
    size_t n = 1;
    (void)state;
    while (run_once(n)) {
        n++;
        assert_true(n < STEPS_MAX);
    }
    print_message("%zu allocations failed\n", n - 1);
}

static bool start_once(size_t n)
{
    struct flash_config config;
    struct flash_pipeline *pipeline = NULL;
    struct flash_error err = {0};
    memset(&config, 0, sizeof(config));
    config.consumer.batch_lines = 64;
    failing_arm(n);
    bool started = flash_pipeline_new(&config, &pipeline, &err);
    bool failed = failing_disarm();
    assert_true(started || (failed && err.text[0]));
    if (started) {
        flash_pipeline_free(pipeline);
    }
    return failed;
}

static void a_pipeline_starts_whole_or_says_why_not(void **state)
{
    size_t n = 1;
    (void)state;
    flash_log_init("test", FLASH_LOG_ERROR + 1);
    while (start_once(n)) {
        n++;
        assert_true(n < STEPS_MAX);
    }
    assert_true(n > 10);
    print_message("%zu allocations of a start failed\n", n - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipeline_starts_whole_or_says_why_not),
        cmocka_unit_test(messages_end_settled_all_the_same),
    };
    failing_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
