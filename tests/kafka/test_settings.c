/* The settings that reach librdkafka: tried values, passed pairs over them, fixed values refused
 * under each of their names, and errors that name the line without quoting its value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/kafka/internal.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct flash_config config;

struct row {
    const char *name, *value;
};

static const struct row producer_rows[] = {
    {"bootstrap.servers", "127.0.0.1:1"},    {"request.required.acks", "-1"},
    {"enable.idempotence", "false"},         {"max.in.flight", "5"},
    {"message.timeout.ms", "20000"},         {"socket.timeout.ms", "8000"},
    {"request.timeout.ms", "7500"},          {"queue.buffering.max.ms", "4"},
    {"socket.nagle.disable", "true"},        {"partitioner", "murmur2_random"},
    {"delivery.report.only.error", "false"}, {"compression.codec", "none"},
};
static const struct row consumer_rows[] = {
    {"bootstrap.servers", "127.0.0.1:1"},    {"group.id", "g"},
    {"enable.auto.commit", "false"},         {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},          {"partition.assignment.strategy", "range"},
    {"enable.partition.eof", "false"},       {"session.timeout.ms", "10000"},
    {"queued.max.messages.kbytes", "32768"},
};

static int fresh(void **state)
{
    (void)state;
    memset(&config, 0, sizeof(config));
    snprintf(config.kafka.brokers, sizeof(config.kafka.brokers), "127.0.0.1:1");
    snprintf(config.kafka.topic, sizeof(config.kafka.topic), "flash.orders");
    snprintf(config.kafka.group, sizeof(config.kafka.group), "g");
    return 0;
}

static void pass(struct flash_config_passthrough *to, const char *name, const char *value)
{
    struct flash_config_pair *pair = &to->pairs[to->count++];
    snprintf(pair->name, sizeof(pair->name), "%s", name);
    snprintf(pair->value, sizeof(pair->value), "%s", value);
}

static void expect(const rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char got[256] = "";
    size_t size = sizeof(got);
    assert_int_equal(rd_kafka_conf_get(conf, name, got, &size), RD_KAFKA_CONF_OK);
    if (strcmp(got, value) != 0) {
        fail_msg("%s is %s, not %s", name, got, value);
    }
}

static void test_what_was_tried_is_set(void **state)
{
    (void)state;
    struct flash_error err = {0};
    rd_kafka_conf_t *conf = flash_kafka_conf_producer(&config, &err);
    assert_non_null(conf);
    for (size_t i = 0; i < COUNT(producer_rows); i++) {
        expect(conf, producer_rows[i].name, producer_rows[i].value);
    }
    rd_kafka_conf_destroy(conf);
    conf = flash_kafka_conf_consumer(&config, &err);
    assert_non_null(conf);
    for (size_t i = 0; i < COUNT(consumer_rows); i++) {
        expect(conf, consumer_rows[i].name, consumer_rows[i].value);
    }
    rd_kafka_conf_destroy(conf);
}

static void test_a_pair_goes_over_what_was_tried(void **state)
{
    (void)state;
    struct flash_error err = {0};
    pass(&config.kafka.producer, "queue.buffering.max.ms", "7"); /* linger.ms by its other name */
    pass(&config.kafka.producer, "compression.type", "lz4");
    pass(&config.kafka.producer, "socket.timeout.ms", "9000");
    rd_kafka_conf_t *conf = flash_kafka_conf_producer(&config, &err);
    assert_non_null(conf);
    expect(conf, "linger.ms", "7");
    expect(conf, "compression.codec", "lz4");
    expect(conf, "socket.timeout.ms", "9000");
    rd_kafka_conf_destroy(conf);
}

static void expect_refused(const char *name, bool producer)
{
    struct flash_error err = {0};
    fresh(NULL);
    pass(producer ? &config.kafka.producer : &config.kafka.consumer, name, "1");
    rd_kafka_conf_t *conf = producer ? flash_kafka_conf_producer(&config, &err)
                                     : flash_kafka_conf_consumer(&config, &err);
    if (conf != NULL) {
        fail_msg("%s was taken", name);
    }
    char start[128];
    snprintf(start, sizeof(start),
             "[kafka.%s] %s cannot be set: ", producer ? "producer" : "consumer", name);
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    assert_int_equal(strncmp(err.text, start, strlen(start)), 0);
}

static const char *const producer_fixed[] = {
    "metadata.broker.list",
    "test.mock.num.brokers",
    "request.required.acks",
    "enable.idempotence",
    "transactional.id",
    "message.timeout.ms",
    "partitioner",
    "delivery.report.only.error",
    "statistics.interval.ms",
    "log.queue",
};
static const char *const consumer_fixed[] = {
    "metadata.broker.list",
    "test.mock.num.brokers",
    "group.id",
    "enable.auto.commit",
    "auto.commit.enable",
    "enable.auto.offset.store",
    "auto.offset.reset",
    "partition.assignment.strategy",
    "enable.partition.eof",
    "log.queue",
};

static void test_what_the_protocol_needs_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(producer_fixed); i++) {
        expect_refused(producer_fixed[i], true);
    }
    for (size_t i = 0; i < COUNT(consumer_fixed); i++) {
        expect_refused(consumer_fixed[i], false);
    }
}

static int expect_alias_refused(const char *name, const char *target)
{
    int checked = 0;
    for (size_t i = 0; i < COUNT(producer_fixed); i++) {
        if (strcmp(target, producer_fixed[i]) == 0) {
            expect_refused(name, true);
            checked++;
        }
    }
    for (size_t i = 0; i < COUNT(consumer_fixed); i++) {
        if (strcmp(target, consumer_fixed[i]) == 0) {
            expect_refused(name, false);
            checked++;
        }
    }
    return checked;
}

/* Asks librdkafka for its list of settings, so that no second name of a fixed one is forgotten. */
static void test_second_names_are_refused_too(void **state)
{
    (void)state;
    FILE *list = tmpfile();
    assert_non_null(list);
    rd_kafka_conf_properties_show(list);
    rewind(list);
    static char line[8192];
    int checked = 0;
    while (fgets(line, sizeof(line), list) != NULL) {
        char name[64], target[64];
        const char *alias = strstr(line, "Alias for `");
        if (alias == NULL || sscanf(line, "%63s", name) != 1 ||
            sscanf(alias, "Alias for `%63[^`]`", target) != 1) {
            continue;
        }
        checked += expect_alias_refused(name, target);
    }
    fclose(list);
    assert_in_range(checked, 4,
                    100); /* bootstrap.servers, acks, delivery.timeout.ms, enable.auto.commit */
}

static void test_an_error_names_the_line_and_not_the_value(void **state)
{
    (void)state;
    struct flash_error err = {0};
    pass(&config.kafka.producer, "sasl.pasword", "hunter2");
    assert_null(flash_kafka_conf_producer(&config, &err));
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    assert_non_null(strstr(err.text, "[kafka.producer] sasl.pasword: librdkafka has no such"));
    assert_null(strstr(err.text, "hunter2"));

    fresh(NULL);
    pass(&config.kafka.consumer, "fetch.wait.max.ms", "soon");
    assert_null(flash_kafka_conf_consumer(&config, &err));
    assert_non_null(strstr(err.text, "[kafka.consumer] fetch.wait.max.ms: "));

    fresh(NULL);
    pass(&config.kafka.consumer, "rebalance_cb", "1");
    assert_null(flash_kafka_conf_consumer(&config, &err));
    assert_non_null(strstr(err.text, "[kafka.consumer] rebalance_cb: "));
}

static void test_own_keys_must_not_be_empty(void **state)
{
    (void)state;
    struct flash_error err = {0};
    config.kafka.group[0] = '\0';
    assert_null(flash_kafka_conf_consumer(&config, &err));
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    fresh(NULL);
    config.kafka.brokers[0] = '\0';
    assert_null(flash_kafka_conf_producer(&config, &err));
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
}

static void test_health_follows_errors_successes_and_statistics(void **state)
{
    (void)state;
    static const char down[] = "{\"brokers\":{\"a\":{\"state\":\"TRY_CONNECT\"}}}";
    static const char up[] = "{\"brokers\":{\"a\":{\"state\":\"DOWN\"},\"b\":{\"state\":\"UP\"}}}";
    struct flash_health health;
    struct flash_error last;
    flash_health_init(&health);
    flash_health_statistics(&health, down);
    flash_health_statistics(&health, "not JSON");
    assert_false(flash_health_ready(&health));
    flash_health_statistics(&health, up);
    assert_true(flash_health_ready(&health));
    flash_health_error(&health, RD_KAFKA_RESP_ERR__TRANSPORT, false, "one broker of three");
    assert_true(flash_health_ready(&health));
    flash_health_error(&health, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, false, "all");
    flash_health_error(&health, RD_KAFKA_RESP_ERR__AUTHENTICATION, false, "refused");
    flash_health_error(&health, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, false, "all");
    assert_false(flash_health_ready(&health));
    flash_health_last(&health, &last); /* the cause, not what came of it */
    assert_int_equal(last.kind, FLASH_ERROR_CONFIG);
    flash_health_success(&health);
    assert_true(flash_health_ready(&health));
    flash_health_last(&health, &last);
    assert_int_equal(last.kind, FLASH_ERROR_NONE);
    flash_health_error(&health, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, true, "sequence");
    flash_health_success(&health);
    flash_health_statistics(&health, up);
    flash_health_error(&health, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, false, "all");
    assert_false(flash_health_ready(&health));
    flash_health_last(&health, &last);
    assert_int_equal(last.kind, FLASH_ERROR_BUG);
    assert_non_null(strstr(last.text, "sequence"));
    flash_health_destroy(&health);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_was_tried_is_set, fresh),
        cmocka_unit_test_setup(test_a_pair_goes_over_what_was_tried, fresh),
        cmocka_unit_test_setup(test_what_the_protocol_needs_is_refused, fresh),
        cmocka_unit_test_setup(test_second_names_are_refused_too, fresh),
        cmocka_unit_test_setup(test_an_error_names_the_line_and_not_the_value, fresh),
        cmocka_unit_test_setup(test_own_keys_must_not_be_empty, fresh),
        cmocka_unit_test(test_health_follows_errors_successes_and_statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
