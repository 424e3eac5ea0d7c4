/* Delivery: through the ledger, around it while it is away, again after what was not taken, and
 * never once too often. Time is handed in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/delivery.h"
#include "../../reconciler/metrics.h"
#include "fake_outbox.h"

static struct flash_alarms *alarms;
static struct flash_delivery *delivery;
static struct flash_config *config;
static struct flash_delivery_now now;

static int make(void **state)
{
    struct flash_error err;
    (void)state;
    memset(&fake_outbox, 0, sizeof(fake_outbox));
    fake_outbox.on[FLASH_CHANNEL_WEBHOOK] = true;
    config = calloc(1, sizeof(*config));
    config->alerts.timeout_ms = 1000;
    config->alerts.retry_first_ms = 1000;
    config->alerts.retry_max_ms = 8000;
    config->alerts.give_up_after_ms = 3600 * 1000;
    const struct flash_delivery_parts parts = {.config = config};
    struct flash_delivery_parts whole = parts;
    if (!flash_alarms_new(&alarms, &err)) {
        return -1;
    }
    whole.alarms = alarms;
    flash_alarm_clear(alarms, "clock", "only to learn the time of the queue");
    struct flash_alarm_item item;
    now.wall_ms = flash_alarms_item(alarms, 0, &item) ? item.alert.at_ms : 0;
    now.steady_ms = 1000;
    flash_alarms_pop(alarms);
    return flash_delivery_new(&whole, &delivery, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    flash_delivery_free(delivery);
    flash_alarms_free(alarms);
    free(config);
    return 0;
}

static void raise_it(const char *key)
{
    flash_alarm_raise(alarms, &(struct flash_alarm){key, FLASH_SEVERITY_CRITICAL, "bad"});
}

static void clear_it(const char *key)
{
    flash_alarm_clear(alarms, key, "good");
}

/* Rounds for so long, one each 500 ms, each until there is nothing more to do at once. */
static void pass(int64_t ms)
{
    for (int64_t until_ms = now.steady_ms + ms; now.steady_ms <= until_ms; now.steady_ms += 500) {
        while (flash_delivery_run(delivery, &now)) {
        }
        now.wall_ms += 500;
    }
}

/* The i-th attempt, as in "+key". */
static void sent_is(int i, const char *expected)
{
    char text[80];
    assert_true(i < fake_outbox.sent_count);
    snprintf(text, sizeof(text), "%c%s", fake_outbox.sent[i].alert.raised ? '+' : '-',
             fake_outbox.sent[i].alert.key);
    assert_string_equal(text, expected);
}

static int waiting(void)
{
    struct flash_outbox_counts counts;
    bool away = fake_outbox.away;
    fake_outbox.away = false;
    assert_true(flash_outbox_count(NULL, &counts, NULL));
    fake_outbox.away = away;
    return (int)counts.waiting;
}

static void test_backoff(void **state)
{
    (void)state;
    static const int64_t expected[] = {0, 5, 10, 20, 40, 60, 60};
    for (int i = 0; i < 7; i++) {
        assert_int_equal(flash_delivery_backoff_ms(i, 5, 60), expected[i]);
    }
    assert_int_equal(flash_delivery_backoff_ms(INT64_MAX, 1, INT64_MAX / 4), INT64_MAX / 4);
    assert_int_equal(flash_delivery_backoff_ms(3, 7, 7), 7);
}

static void test_each_change_is_sent_once_per_channel(void **state)
{
    (void)state;
    fake_outbox.on[FLASH_CHANNEL_MAIL] = true;
    for (int i = 0; i < 5; i++) {
        raise_it("a");
        pass(1000);
    }
    assert_int_equal(fake_outbox.sent_count, 2);
    clear_it("a");
    pass(1000);
    assert_int_equal(fake_outbox.sent_count, 4);
    sent_is(2, "-a");
    assert_int_equal(waiting(), 0);
}

static void test_channels_that_are_off_get_none(void **state)
{
    (void)state;
    fake_outbox.on[FLASH_CHANNEL_WEBHOOK] = false;
    raise_it("a");
    pass(1000);
    assert_int_equal(fake_outbox.count, 0);
    assert_int_equal(fake_outbox.sent_count, 0);
}

static void test_not_taken_comes_again_later_each_time(void **state)
{
    (void)state;
    fake_outbox.answers[FLASH_CHANNEL_WEBHOOK] = FLASH_ERROR_RETRY;
    raise_it("a");
    raise_it("b");
    pass(0);
    assert_int_equal(fake_outbox.sent_count, 1); /* b waits too: the channel has trouble */
    pass(31000);
    int tries = fake_outbox.sent_count; /* after 1, 2, 4, 8, 8, 8 s */
    assert_in_range(tries, 6, 8);
    fake_outbox.answers[FLASH_CHANNEL_WEBHOOK] = FLASH_ERROR_NONE;
    pass(30000);
    assert_int_equal(fake_outbox.sent_count, tries + 2);
    assert_int_equal(waiting(), 0);
    uint8_t *id = fake_outbox.sent[0].alert.id.bytes;
    assert_memory_equal(id, fake_outbox.messages[0].alert.id.bytes, 16);
}

static void test_refused_for_ever_is_given_up(void **state)
{
    (void)state;
    fake_outbox.answers[FLASH_CHANNEL_WEBHOOK] = FLASH_ERROR_DATA;
    raise_it("a");
    raise_it("b");
    pass(5000);
    assert_int_equal(fake_outbox.sent_count, 2);
    assert_true(fake_outbox.messages[0].given_up && fake_outbox.messages[1].given_up);
    assert_int_equal(waiting(), 0);
}

static void test_too_old_is_given_up(void **state)
{
    (void)state;
    config->alerts.give_up_after_ms = 10000;
    fake_outbox.answers[FLASH_CHANNEL_WEBHOOK] = FLASH_ERROR_UNKNOWN;
    raise_it("a");
    pass(8000);
    assert_int_equal(waiting(), 1);
    pass(20000);
    assert_int_equal(waiting(), 0);
    assert_true(fake_outbox.messages[0].given_up);
}

static void test_one_channels_trouble_is_its_own(void **state)
{
    (void)state;
    fake_outbox.on[FLASH_CHANNEL_MAIL] = true;
    fake_outbox.answers[FLASH_CHANNEL_WEBHOOK] = FLASH_ERROR_CONFIG;
    raise_it("a");
    clear_it("a");
    pass(0);
    assert_int_equal(fake_outbox.sent_count, 3); /* one attempt there, two mails */
    assert_int_equal(waiting(), 2);
}

static void test_the_ledger_is_away(void **state)
{
    (void)state;
    fake_outbox.away = true;
    raise_it("ledger.away");
    pass(2000);
    assert_int_equal(fake_outbox.sent_count, 0); /* it may be back at once */
    pass(2000);
    assert_int_equal(fake_outbox.sent_count, 1);
    sent_is(0, "+ledger.away");
    raise_it("ledger.away");
    pass(10000);
    assert_int_equal(fake_outbox.sent_count, 1);
    fake_outbox.away = false;
    pass(2000);
    assert_int_equal(fake_outbox.count, 1); /* written, as sent */
    assert_int_equal(waiting(), 0);
    clear_it("ledger.away");
    pass(2000);
    assert_int_equal(fake_outbox.sent_count, 2);
    sent_is(1, "-ledger.away");
}

static void test_directly_only_what_is_a_change(void **state)
{
    (void)state;
    raise_it("known");
    pass(1000);
    assert_int_equal(fake_outbox.sent_count, 1);
    fake_outbox.away = true;
    raise_it("known");
    clear_it("unknown");
    raise_it("new");
    clear_it("known");
    pass(10000);
    assert_int_equal(fake_outbox.sent_count, 3);
    sent_is(1, "+new");
    sent_is(2, "-known");
    fake_outbox.away = false;
    pass(2000);
    assert_int_equal(fake_outbox.sent_count, 3);
    assert_int_equal(fake_outbox.count, 3);
}

static void test_directly_and_not_taken(void **state)
{
    (void)state;
    fake_outbox.on[FLASH_CHANNEL_MAIL] = true;
    fake_outbox.away = true;
    fake_outbox.answers[FLASH_CHANNEL_WEBHOOK] = FLASH_ERROR_RETRY;
    raise_it("a");
    pass(20000);
    int mails = 0;
    for (int i = 0; i < fake_outbox.sent_count; i++) {
        mails += fake_outbox.sent[i].channel == FLASH_CHANNEL_MAIL;
    }
    assert_int_equal(mails, 1);
    assert_in_range(fake_outbox.sent_count, 4, 6);
    int tries = fake_outbox.sent_count;
    fake_outbox.away = false;
    fake_outbox.answers[FLASH_CHANNEL_WEBHOOK] = FLASH_ERROR_NONE;
    pass(10000);
    assert_int_equal(fake_outbox.sent_count, tries + 1); /* the webhook's, by the ledger */
    assert_int_equal(waiting(), 0);
}

/* What is held is held for its time, whichever way somebody sets the clock meanwhile. */
static void test_the_clock_is_set(void **state)
{
    static const int64_t steps_ms[] = {-1800 * 1000, 1800 * 1000};
    (void)state;
    for (int i = 0; i < 2; i++) {
        int before = fake_outbox.sent_count;
        fake_outbox.away = true;
        raise_it(i == 0 ? "a" : "b");
        pass(0); /* the ledger fails */
        now.wall_ms += steps_ms[i];
        pass(2000);
        assert_int_equal(fake_outbox.sent_count, before);
        fake_outbox.answers[FLASH_CHANNEL_WEBHOOK] = FLASH_ERROR_RETRY;
        pass(500); /* directly, not taken: held for a second */
        assert_int_equal(fake_outbox.sent_count, before + 1);
        fake_outbox.answers[FLASH_CHANNEL_WEBHOOK] = FLASH_ERROR_NONE;
        now.wall_ms -= steps_ms[i];
        pass(1000);
        assert_int_equal(fake_outbox.sent_count, before + 2);
        fake_outbox.away = false;
        pass(2000);
        assert_int_equal(fake_outbox.count, i + 1); /* written, as sent */
        assert_int_equal(waiting(), 0);
    }
}

/* It was sent, and the ledger could not be told: it is told before anything else is sent. */
static void test_a_mark_that_failed(void **state)
{
    (void)state;
    fake_outbox.marks_fail = true;
    raise_it("a");
    raise_it("b");
    pass(5000);
    assert_int_equal(fake_outbox.sent_count, 1);
    fake_outbox.marks_fail = false;
    pass(5000);
    assert_int_equal(fake_outbox.sent_count, 2);
    sent_is(1, "+b");
    assert_int_equal(waiting(), 0);
}

/* Another channel's message does not make it forgotten, nor another one's failed mark. */
static void test_marks_that_failed_are_each_channels(void **state)
{
    (void)state;
    fake_outbox.on[FLASH_CHANNEL_MAIL] = true;
    for (int lost = 1; lost <= 2; lost++) {
        fake_outbox.marks_lost = lost;
        raise_it(lost == 1 ? "a" : "b");
        pass(5000);
        pass(600000); /* every claim is over by then */
        assert_int_equal(fake_outbox.sent_count, 2 * lost);
        assert_int_equal(waiting(), 0);
    }
}

static void test_at_the_end_the_queue_is_written(void **state)
{
    (void)state;
    raise_it("a");
    flash_delivery_write(delivery, &now);
    assert_int_equal(fake_outbox.sent_count, 0);
    assert_int_equal(waiting(), 1);
}

static void test_old_messages_are_pruned_now_and_then(void **state)
{
    (void)state;
    pass(10000);
    assert_int_equal(fake_outbox.pruned, 1);
    pass(3600 * 1000);
    assert_int_equal(fake_outbox.pruned, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, make, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(backoff),
        TEST(each_change_is_sent_once_per_channel),
        TEST(channels_that_are_off_get_none),
        TEST(not_taken_comes_again_later_each_time),
        TEST(refused_for_ever_is_given_up),
        TEST(too_old_is_given_up),
        TEST(one_channels_trouble_is_its_own),
        TEST(the_ledger_is_away),
        TEST(directly_only_what_is_a_change),
        TEST(directly_and_not_taken),
        TEST(the_clock_is_set),
        TEST(a_mark_that_failed),
        TEST(marks_that_failed_are_each_channels),
        TEST(at_the_end_the_queue_is_written),
        TEST(old_messages_are_pruned_now_and_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
