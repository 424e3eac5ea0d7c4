/* The fake producer keeps the promises that tests lean on: reports run in poll, once, and only for
 * what the test decided; what is open at free is reported as not sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <poll.h>
#include <string.h>

#include "fake_kafka.h"

struct seen {
    int reports;
    enum flash_delivery outcome;
    void *opaque;
};

static void delivered(enum flash_delivery outcome, void *opaque, void *arg)
{
    struct seen *seen = arg;
    seen->reports++;
    seen->outcome = outcome;
    seen->opaque = opaque;
}

static bool readable(const struct flash_producer *producer)
{
    struct pollfd wake = {.fd = flash_producer_fd(producer), .events = POLLIN};
    return poll(&wake, 1, 0) == 1;
}

static void test_a_message_is_recorded_and_reported_once(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct flash_producer *producer = NULL;
    struct flash_error err = {0};
    const struct flash_producer_hooks hooks = {delivered, &seen};
    assert_true(flash_producer_new(NULL, &hooks, &producer, &err));
    const struct flash_message_headers headers = {.id = "i", .type = "t", .source = "s"};
    const struct flash_produce message = {
        .key = {"7", 1}, .value = {"{}", 2}, .headers = &headers, .partition = -1, .opaque = &seen};
    assert_true(flash_producer_send(producer, &message, &err));
    assert_true(flash_producer_send(producer, &message, &err));
    assert_int_equal(fake_kafka_count(producer), 2);
    assert_string_equal(fake_kafka_message(producer, 1)->value.at, "{}");
    assert_string_equal(fake_kafka_message(producer, 1)->headers.type, "t");
    assert_null(fake_kafka_message(producer, 1)->headers.traceparent);
    assert_int_equal(flash_producer_poll(producer, 10), 0);
    assert_false(readable(producer));

    fake_kafka_deliver(producer, 1, FLASH_DELIVERY_UNKNOWN);
    assert_int_equal(seen.reports, 0);
    assert_true(readable(producer));
    assert_int_equal(flash_producer_poll(producer, 10), 1);
    assert_int_equal(flash_producer_poll(producer, 10), 0);
    assert_int_equal(seen.outcome, FLASH_DELIVERY_UNKNOWN);
    assert_ptr_equal(seen.opaque, &seen);
    assert_int_equal(flash_producer_queued(producer), 1);

    flash_producer_free(producer);
    assert_int_equal(seen.reports, 2);
    assert_int_equal(seen.outcome, FLASH_DELIVERY_NOT_SENT);
}

static void test_fullness_and_readiness_are_the_tests_to_say(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct flash_producer *producer = NULL;
    struct flash_error err = {0};
    const struct flash_produce message = {.partition = -1};
    const struct flash_producer_hooks hooks = {delivered, &seen};
    assert_true(flash_producer_new(NULL, &hooks, &producer, &err));
    fake_kafka_set_full(producer, true);
    assert_false(flash_producer_send(producer, &message, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_true(flash_producer_ready(producer));
    fake_kafka_set_ready(producer, false);
    assert_false(flash_producer_ready(producer));
    fake_kafka_set_error(producer, &err);
    struct flash_error last = {0};
    flash_producer_last_error(producer, &last);
    assert_string_equal(last.text, err.text);
    flash_producer_free(producer);
    assert_int_equal(seen.reports, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_is_recorded_and_reported_once),
        cmocka_unit_test(test_fullness_and_readiness_are_the_tests_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
