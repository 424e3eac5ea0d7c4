/* The producer against librdkafka's own pretended brokers, and against none: every accepted message
 * is reported once, with the outcome that its error allows, also when the producer is freed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/kafka.h"
#include "flash/time.h"

#define TOPIC "flash.orders"
enum { MESSAGES = 1000, PARTITIONS = 8, PATIENCE_MS = 10000 };

static rd_kafka_t *host;
static rd_kafka_mock_cluster_t *cluster;

/* What was reported for message i: reports[i] times, lastly outcomes[i]. */
struct record {
    int reports[MESSAGES];
    enum flash_delivery outcomes[MESSAGES];
    int total;
};

static int start_cluster(void **state)
{
    (void)state;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    cluster = rd_kafka_mock_cluster_new(host, 1);
    return rd_kafka_mock_topic_create(cluster, TOPIC, PARTITIONS, 1) == RD_KAFKA_RESP_ERR_NO_ERROR
               ? 0
               : -1;
}

static int stop_cluster(void **state)
{
    (void)state;
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
    return 0;
}

static void delivered(enum flash_delivery outcome, void *opaque, void *arg)
{
    struct record *record = arg;
    size_t i = (size_t)opaque;
    assert_true(i < MESSAGES);
    record->reports[i]++;
    record->outcomes[i] = outcome;
    record->total++;
}

static struct flash_config *config_for(const char *brokers)
{
    static struct flash_config config;
    memset(&config, 0, sizeof(config));
    snprintf(config.kafka.brokers, sizeof(config.kafka.brokers), "%s", brokers);
    snprintf(config.kafka.topic, sizeof(config.kafka.topic), "%s", TOPIC);
    return &config;
}

static void pass(struct flash_config *config, const char *name, const char *value)
{
    struct flash_config_pair *pair = &config->kafka.producer.pairs[config->kafka.producer.count++];
    snprintf(pair->name, sizeof(pair->name), "%s", name);
    snprintf(pair->value, sizeof(pair->value), "%s", value);
}

static struct flash_producer *producer_of(const struct flash_config *config, struct record *record)
{
    struct flash_producer *producer = NULL;
    struct flash_error err = {0};
    memset(record, 0, sizeof(*record));
    const struct flash_producer_hooks hooks = {delivered, record};
    if (!flash_producer_new(config, &hooks, &producer, &err)) {
        fail_msg("%s", err.text);
    }
    return producer;
}

static bool send_number(struct flash_producer *producer, size_t number, struct flash_error *err)
{
    char value[32];
    const struct flash_produce message = {
        .key = {"4711", 4},
        .value = {value, (size_t)snprintf(value, sizeof(value), "{\"n\":%zu}", number)},
        .partition = -1,
        .opaque = (void *)number,
    };
    return flash_producer_send(producer, &message, err);
}

static void send_numbers(struct flash_producer *producer, int count)
{
    struct flash_error err = {0};
    for (int i = 0; i < count; i++) {
        if (!send_number(producer, (size_t)i, &err)) {
            fail_msg("message %d: %s", i, err.text);
        }
    }
}

/* As a loop would: polls only when the descriptor is readable. */
static void serve(struct flash_producer *producer, const struct record *record, int until)
{
    uint64_t end_us = flash_time_monotonic_us() + PATIENCE_MS * UINT64_C(1000);
    while (record->total < until) {
        struct pollfd wake = {.fd = flash_producer_fd(producer), .events = POLLIN};
        assert_true(poll(&wake, 1, PATIENCE_MS) == 1);
        int run = flash_producer_poll(producer, 7);
        assert_in_range(run, 0, 7);
        assert_true(flash_time_monotonic_us() < end_us);
    }
}

static void expect_all(const struct record *record, int count, enum flash_delivery outcome)
{
    assert_int_equal(record->total, count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(record->reports[i], 1);
        assert_int_equal(record->outcomes[i], outcome);
    }
}

static void test_each_message_is_acknowledged_once(void **state)
{
    (void)state;
    struct record record;
    struct flash_producer *producer =
        producer_of(config_for(rd_kafka_mock_cluster_bootstraps(cluster)), &record);
    assert_false(flash_producer_ready(producer));
    send_numbers(producer, MESSAGES);
    assert_int_equal(flash_producer_queued(producer), MESSAGES);
    serve(producer, &record, MESSAGES);
    expect_all(&record, MESSAGES, FLASH_DELIVERY_ACKED);
    assert_int_equal(flash_producer_queued(producer), 0);
    assert_true(flash_producer_ready(producer));
    flash_producer_free(producer);
}

static void test_flush_runs_the_reports(void **state)
{
    (void)state;
    struct record record;
    struct flash_producer *producer =
        producer_of(config_for(rd_kafka_mock_cluster_bootstraps(cluster)), &record);
    assert_int_equal(flash_producer_flush(producer, 0), 0);
    send_numbers(producer, MESSAGES);
    assert_int_equal(flash_producer_flush(producer, PATIENCE_MS), 0);
    expect_all(&record, MESSAGES, FLASH_DELIVERY_ACKED);
    flash_producer_free(producer);
}

static void test_a_refusal_by_the_broker_is_not_sent(void **state)
{
    (void)state;
    struct record record;
    rd_kafka_mock_push_request_errors(cluster, 0 /* Produce */, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    struct flash_producer *producer =
        producer_of(config_for(rd_kafka_mock_cluster_bootstraps(cluster)), &record);
    send_numbers(producer, 1);
    serve(producer, &record, 1);
    expect_all(&record, 1, FLASH_DELIVERY_NOT_SENT);
    flash_producer_free(producer);
}

static void test_a_lost_connection_is_unknown(void **state)
{
    (void)state;
    struct record record;
    struct flash_config *config = config_for(rd_kafka_mock_cluster_bootstraps(cluster));
    pass(config, "retries", "0");
    rd_kafka_mock_push_request_errors(cluster, 0, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
    struct flash_producer *producer = producer_of(config, &record);
    send_numbers(producer, 1);
    serve(producer, &record, 1);
    expect_all(&record, 1, FLASH_DELIVERY_UNKNOWN);
    flash_producer_free(producer);
}

static void test_free_reports_what_is_on_its_way_as_unknown(void **state)
{
    (void)state;
    struct record record;
    struct flash_producer *producer =
        producer_of(config_for(rd_kafka_mock_cluster_bootstraps(cluster)), &record);
    send_numbers(producer, 1);
    serve(producer, &record, 1); /* connected, leader known */
    rd_kafka_mock_broker_set_rtt(cluster, 1, PATIENCE_MS);
    struct flash_error err = {0};
    assert_true(send_number(producer, 1, &err));
    assert_int_equal(flash_producer_flush(producer, 100), 1); /* longer than linger.ms */
    uint64_t start_us = flash_time_monotonic_us();
    flash_producer_free(producer);
    assert_true(flash_time_monotonic_us() - start_us < 2000000);
    rd_kafka_mock_broker_set_rtt(cluster, 1, 0);
    assert_int_equal(record.total, 2);
    assert_int_equal(record.reports[1], 1);
    assert_int_equal(record.outcomes[1], FLASH_DELIVERY_UNKNOWN);
}

static void test_without_a_broker_the_queue_fills_and_free_reports_it(void **state)
{
    (void)state;
    struct record record;
    struct flash_error err = {0};
    struct flash_config *config = config_for("127.0.0.1:1");
    pass(config, "queue.buffering.max.messages", "100");
    struct flash_producer *producer = producer_of(config, &record);
    send_numbers(producer, 100);
    assert_false(send_number(producer, 100, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_int_equal(flash_producer_queued(producer), 100);
    do {
        struct pollfd wake = {.fd = flash_producer_fd(producer), .events = POLLIN};
        assert_true(poll(&wake, 1, PATIENCE_MS) == 1);
        assert_int_equal(flash_producer_poll(producer, 10), 0);
        flash_producer_last_error(producer, &err);
    } while (strstr(err.text, "_TRANSPORT") == NULL);
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_false(flash_producer_ready(producer));
    uint64_t start_us = flash_time_monotonic_us();
    flash_producer_free(producer);
    assert_true(flash_time_monotonic_us() - start_us < 2000000);
    expect_all(&record, 100, FLASH_DELIVERY_NOT_SENT);
}

static void test_what_cannot_be_sent_is_refused_at_once(void **state)
{
    (void)state;
    struct record record;
    struct flash_error err = {0};
    struct flash_config *config = config_for("127.0.0.1:1");
    struct flash_producer *producer = producer_of(config, &record);
    static char large[1 << 20];
    struct flash_produce message = {.value = {large, sizeof(large)}, .partition = -1};
    assert_false(flash_producer_send(producer, &message, &err));
    assert_int_equal(err.kind, FLASH_ERROR_DATA);
    char name[600];
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    message = (struct flash_produce){.topic = name, .partition = -1};
    assert_false(flash_producer_send(producer, &message, &err));
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    assert_int_equal(flash_producer_queued(producer), 0);
    flash_producer_free(producer);
    assert_int_equal(record.total, 0);

    producer = NULL;
    pass(config, "acks", "1");
    const struct flash_producer_hooks hooks = {delivered, &record};
    assert_false(flash_producer_new(config, &hooks, &producer, &err));
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    assert_null(producer);
    flash_producer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_message_is_acknowledged_once),
        cmocka_unit_test(test_flush_runs_the_reports),
        cmocka_unit_test(test_a_refusal_by_the_broker_is_not_sent),
        cmocka_unit_test(test_a_lost_connection_is_unknown),
        cmocka_unit_test(test_free_reports_what_is_on_its_way_as_unknown),
        cmocka_unit_test(test_without_a_broker_the_queue_fills_and_free_reports_it),
        cmocka_unit_test(test_what_cannot_be_sent_is_refused_at_once),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
