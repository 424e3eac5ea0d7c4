/* flash/config.h: what is refused, where it says the mistake is, and what it says is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "config_load.h"

static void test_the_file_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place, *reason;
    } rows[] = {
        {"[engine]\nworkers = 0\n", ":2: engine.workers: ", "1 to 64"},
        {"[engine]\nworkers = 65\n", ":2: ", "1 to 64"},
        {"[engine]\nworkers =\n", ":2: ", "\"\" is not allowed"},
        {"[engine]\nworkers = 4x\n", ":2: ", "\"4x\""},
        {"[engine]\nworkers = -4\n", ":2: ", "\"-4\""},
        {"[engine]\nworkers = 4.0\n", ":2: ", "whole number"},
        {"[engine]\nworkers = 99999999999999999999\n", ":2: ", "1 to 64"},
        {"[engine]\nworkers = 4 ; four\n", ":2: ", "4 ; four"},
        {"[engine]\naccept_after = kafka\n", ":2: ", "journal | log"},
        {"[log]\nlevel = INFO\n", ":2: ", "debug | info | warn | error"},
        {"[engine]\ngather_window = 1\n", ":2: ", "no unit: us, ms, s, min or h"},
        {"[engine]\ngather_window = 1m\n", ":2: ", "unknown unit: us, ms, s, min or h"},
        {"[engine]\ngather_window = 1 ms\n", ":2: ", "unknown unit"},
        {"[engine]\ngather_window = 1.5ms\n", ":2: ", "unknown unit"},
        {"[engine]\ngather_window = ms\n", ":2: ", "not a duration"},
        {"[engine]\ngather_window = 101ms\n", ":2: ", "0 to 100ms"},
        {"[engine]\nmax_journal_age = 9223372036854775807h\n", ":2: ", "1s to 24h"},
        {"[engine]\nmax_journal_age = 0\n", ":2: ", "1s to 24h"},
        {"[redis]\nreply_timeout = 10500us\n", ":2: ", "finer than a millisecond"},
        {"[redis]\nreply_timeout = 999us\n", ":2: ", "finer than a millisecond"},
        {"[redis]\nhost =\n", ":2: ", "1 to 63 bytes"},
        {"[engine]\nlisten = 8080\n", ":2: ", "127.0.0.1:8080 or [::1]:8080"},
        {"[engine]\nlisten = localhost:8080\n", ":2: ", "is not address:port"},
        {"[engine]\nlisten = 127.0.0.1:65536\n", ":2: ", "is not address:port"},
        {"[engine]\nlisten = 127.0.0.1:\n", ":2: ", "is not address:port"},
        {"[engine]\nlisten = ::1:80\n", ":2: ", "is not address:port"},
        {"[engine]\nlisten = [127.0.0.1]:80\n", ":2: ", "is not address:port"},
        {"[engine]\nlisten = []:80\n", ":2: ", "is not address:port"},
        {"[engine]\nlisten = [:80\n", ":2: ", "is not address:port"},
        {"[engine]\nlisten = ]:80\n", ":2: ", "is not address:port"},
        {"[engine]\nlisten = 010.0.0.1:80\n", ":2: ", "is not address:port"},
        {"[kafka]\ntopic =\n", ":2: ", "1 to 99 bytes"},
        {"[kafka]\ntopic = a\x01z\n", ":2: ", "control character"},
        {"[engine]\n\n\nspeed = 9\n", ":4: engine.speed: ", "[engine] has listen, internal_listen"},
        {"[motor]\nspeed = 9\n", ":2: motor.speed: ", "there are log, auth, redis, kafka, mysql"},
        {"[Engine]\nworkers = 9\n", ":2: ", "unknown section"},
        {"workers = 9\n", ":1: ", "before any [section]"},
        {"[engine]\nworkers = 2\nworkers = 3\n", ":3: engine.workers: ", "set twice"},
        {"[engine]\nworkers = 2\n[log]\n[engine]\nworkers = 2\n", ":5: ", "set twice"},
        {"[engine]\nworkers\n", ":2: ", "key = value"},
        {"[engine\nworkers = 2\n", ":1: ", "[section]"},
        {"[kafka.producer]\nlinger.ms = 1\nlinger.ms = 1\n", ":3: ", "set twice"},
        {"[kafka.producer]\nLinger = 1\n", ":2: ", "not the name of a librdkafka setting"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        refused_with(load_file(rows[i].text), rows[i].place, rows[i].reason, "/proc/self/fd/",
                     NULL);
    }
}

static void test_what_the_protocol_depends_on_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "acks",
        "request.required.acks",
        "enable.idempotence",
        "message.timeout.ms",
        "delivery.timeout.ms",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "auto.offset.reset",
        "partition.assignment.strategy",
        "partitioner",
        "bootstrap.servers",
        "metadata.broker.list",
        "group.id",
        "transactional.id",
        "isolation.level",
    };
    for (size_t i = 0; i < ROWS(names); i++) {
        char text[128];
        snprintf(text, sizeof(text), "[kafka.producer]\n%s = 1\n", names[i]);
        refused_with(load_file(text), ":2: kafka.producer.", names[i], "cannot be set: ", NULL);
        snprintf(text, sizeof(text), "[kafka.consumer]\n%s = 1\n", names[i]);
        refused_with(load_file(text), ":2: kafka.consumer.", names[i], "cannot be set: ", NULL);
    }
}

static void test_long_lines_and_odd_files(void **state)
{
    (void)state;
    char text[700], path[PATH_TEXT];
    snprintf(text, sizeof(text), "[kafka]\nbrokers = %0255d\n", 1);
    must(load_file(text));
    assert_int_equal(strlen(config.kafka.brokers), 255);
    snprintf(text, sizeof(text), "[kafka]\nbrokers = %0256d\n", 1);
    refused_with(load_file(text), ":2: ", "1 to 255 bytes", NULL);
    snprintf(text, sizeof(text), "[kafka]\n;%0511d\n", 1);
    must(load_file(text));
    snprintf(text, sizeof(text), "[kafka]\n;%0512d\n", 1);
    refused_with(load_file(text), ":2: ", "at most 512 bytes", NULL);
    snprintf(text, sizeof(text), "[kafka]\n\n;%0600d", 1);
    refused_with(load_file(text), ":3: ", "at most 512 bytes", NULL);
    int fd = file_of("[engine]\nworkers = 1\0;2\n", 24, path);
    refused_with(load_args("--config", path, NULL), ":2: ", "NUL", NULL);
    close(fd);
    refused_with(load_args("--config", "/nonexistent/x.ini", NULL), "/nonexistent/x.ini", NULL);
    refused_with(load_args("--config", "/", NULL), "/:1: ", NULL);
    must(load_file(""));
}

static void test_many_pairs(void **state)
{
    (void)state;
    char text[4096] = "[kafka.producer]\n";
    for (int i = 0; i < FLASH_CONFIG_PASS; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "a.b%d = %d\n", i, i);
    }
    must(load_file(text));
    assert_int_equal(config.kafka.producer.count, FLASH_CONFIG_PASS);
    strncat(text, "one.more = 1\n", sizeof(text) - strlen(text) - 1);
    refused_with(load_file(text), ":66: kafka.producer.one.more: ", "at most 64", NULL);
}

static void test_the_environment_is_refused_with_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *reason;
    } rows[] = {
        {"FLASH_ENGINE_WORKERS", "0", "1 to 64"},
        {"FLASH_ENGINE_WORKER", "1", "[engine] has listen"},
        {"FLASH_ENGINE_", "1", "[engine] has listen"},
        {"FLASH_REDIS_REPLY_TIMEOUT", "2", "has no unit"},
        {"FLASH_KAFKA_PRODUCER_ACKS", "1", "cannot be set"},
        {"FLASH_KAFKA_TOPIC", " x", "white space"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char start[64];
        clearenv();
        setenv(rows[i].name, rows[i].value, 1);
        snprintf(start, sizeof(start), "environment %s: ", rows[i].name);
        refused_with(load_args(NULL), start, rows[i].reason, NULL);
    }
}

/* A program without a section is not given it, and does not read it where others find it. */
static void test_a_section_of_others(void **state)
{
    static const char *const texts[] = {"[mysql]\npassword = x", "[mysql]\nhost = ::1",
                                        "[log]\nlevel = info\n[mysql]\nuser=a"};
    (void)state;
    memset(&config, 0, sizeof(config));
    snprintf(config.without, sizeof(config.without), "mysql");
    for (size_t i = 0; i < ROWS(texts); i++) {
        refused_with(load_file(texts[i]), "mysql.", "has no such section", NULL);
    }
    refused_with(load_args("--set", "mysql.user=a", NULL),
                 "--set mysql.user: ", "has no such section", NULL);
    setenv("FLASH_MYSQL_PASSWORD", "secret", 1);
    setenv("FLASH_LOG_LEVEL", "debug", 1);
    must(load_args(NULL));
    assert_string_equal(config.mysql.password, "");
    assert_int_equal(config.log.level, FLASH_LOG_DEBUG);
    assert_string_equal(config.without, "mysql");
    config.without[0] = '\0';
    must(load_args(NULL));
    assert_string_equal(config.mysql.password, "secret");
}

static void test_arguments_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *set, *reason;
    } rows[] = {
        {"engine.workers=0", "--set engine.workers: \"0\" is not allowed"},
        {"engine.speed=1", "--set engine.speed: unknown key"},
        {"motor.speed=1", "--set motor.speed: unknown section"},
        {"workers=1", "not section.key=value"},
        {"engine.workers", "not section.key=value"},
        {"engine=a.b", "not section.key=value"},
        {"", "not section.key=value"},
        {"kafka.producer.acks=1", "--set kafka.producer.acks: cannot be set"},
        {"mysql.password=hunter2", "shows in ps"},
        {"kafka.producer.sasl.password=hunter2", "shows in ps"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        refused_with(load_args("--set", rows[i].set, NULL), rows[i].reason, NULL);
        assert_null(strstr(err.text, "hunter2"));
    }
    refused_with(load_args("--set", NULL), "--set: needs", NULL);
    refused_with(load_args("--config", NULL), "--config: needs", NULL);
    refused_with(load_args("--config=a", "--config=b", NULL), "twice", NULL);
    refused_with(load_args("--set", "log.level=info", "--set", "log.level=warn", NULL),
                 "--set log.level: set twice", NULL);
    refused_with(load_args("--configure", NULL), "\"--configure\"", "allowed: --config FILE", NULL);
    refused_with(load_args("extra", NULL), "\"extra\"", NULL);
}

#define TEST(name) cmocka_unit_test_setup(name, empty_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_file_is_refused_with_its_line),
        TEST(test_what_the_protocol_depends_on_is_refused),
        TEST(test_long_lines_and_odd_files),
        TEST(test_many_pairs),
        TEST(test_the_environment_is_refused_with_its_name),
        TEST(test_a_section_of_others),
        TEST(test_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
