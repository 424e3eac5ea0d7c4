/* flash/config.h: layers and their order, secrets, questions, and that what is printed reloads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "config_load.h"

static void a_process_that_has_read_secrets_leaves_no_core(void **state)
{
    (void)state;
    must(load_args(NULL));
    assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
}

static void test_defaults(void **state)
{
    (void)state;
    must(load_args(NULL));
    assert_int_equal(action, FLASH_CONFIG_RUN);
    assert_int_equal(config.log.level, FLASH_LOG_INFO);
    assert_int_equal(config.auth.mode, FLASH_AUTH_JWT);
    assert_string_equal(config.redis.host, "127.0.0.1");
    assert_int_equal(config.redis.reply_timeout_ms, 2000);
    assert_string_equal(config.kafka.group, "flash-consumer");
    assert_int_equal(config.kafka.producer.count, 0);
    assert_int_equal(config.mysql.query_timeout_ms, 10000);
    assert_string_equal(config.mysql.socket, "");
    assert_int_equal(config.http.idle_timeout_ms, 60000);
    assert_string_equal(config.engine.internal_listen.host, "127.0.0.1");
    assert_int_equal(config.engine.internal_listen.port, 8082);
    assert_int_equal(config.engine.accept_after, FLASH_ACCEPT_JOURNAL);
    assert_int_equal(config.engine.gather_window_us, 1000);
    assert_int_equal(config.engine.max_journal_entries, 200000);
    assert_int_equal(config.engine.max_journal_age_ms, 600000);
    assert_int_equal(config.admin.listen.port, 8081);
    assert_int_equal(config.reconciler.expiry_interval_ms, 1000);
}

static void test_a_file_of_everything(void **state)
{
    (void)state;
    must(load_file("; comment\n# comment\n\n[engine]\nworkers = 4\n  batch_lines=7\n"
                   "gather_window: 250us\nmax_journal_age = 2h\naccept_after = log\n"
                   "listen = [::1]:0\ninternal_listen = 0.0.0.0:65535\r\n"
                   "[log]\nlevel = debug\n[engine]\nmax_journal_entries = 1000000000\n"
                   "[mysql]\npassword = a;b #c ; d = \"e\"\nsocket = /run/my.sock\n"
                   "[redis]\nuser =\nhost = ::1\n[http]\ndrain_timeout = 0\n"
                   "[kafka.producer]\nlinger.ms = 2\nssl.ca.location = /ca.pem"));
    assert_int_equal(config.engine.workers, 4);
    assert_int_equal(config.engine.batch_lines, 7);
    assert_int_equal(config.engine.gather_window_us, 250);
    assert_int_equal(config.engine.max_journal_age_ms, 7200000);
    assert_int_equal(config.engine.accept_after, FLASH_ACCEPT_LOG);
    assert_string_equal(config.engine.listen.host, "::1");
    assert_int_equal(config.engine.listen.port, 0);
    assert_int_equal(config.engine.internal_listen.port, 65535);
    assert_int_equal(config.engine.max_journal_entries, 1000000000);
    assert_int_equal(config.log.level, FLASH_LOG_DEBUG);
    assert_string_equal(config.mysql.password, "a;b #c ; d = \"e\"");
    assert_string_equal(config.mysql.socket, "/run/my.sock");
    assert_string_equal(config.redis.host, "::1");
    assert_int_equal(config.http.drain_timeout_ms, 0);
    assert_int_equal(config.kafka.producer.count, 2);
    assert_string_equal(config.kafka.producer.pairs[1].name, "ssl.ca.location");
    assert_string_equal(config.kafka.producer.pairs[1].value, "/ca.pem");
}

static void test_later_layers_win(void **state)
{
    (void)state;
    char path[PATH_TEXT];
    static const char text[] = "[engine]\nworkers = 3\nbatch_lines = 3\nmax_redis_lines = 3\n"
                               "[kafka.consumer]\nfetch.min.bytes = 1\nfetch.max.bytes = 1\n";
    int fd = file_of(text, sizeof(text) - 1, path);
    setenv("FLASH_ENGINE_BATCH_LINES", "4", 1);
    setenv("FLASH_ENGINE_MAX_REDIS_LINES", "4", 1);
    setenv("FLASH_KAFKA_CONSUMER_FETCH_MIN_BYTES", "2", 1);
    setenv("FLASH_MYSQL_SOCKET", "", 1);
    setenv("FLASH_CACHE", "not ours", 1);
    setenv("FLASHY_ENGINE", "not ours", 1);
    must(load_args("--config", path, "--set", "engine.max_redis_lines=5",
                   "--set=kafka.consumer.fetch.max.bytes=9", NULL));
    close(fd);
    assert_int_equal(config.engine.workers, 3);
    assert_int_equal(config.engine.batch_lines, 4);
    assert_int_equal(config.engine.max_redis_lines, 5);
    assert_int_equal(config.kafka.consumer.count, 2);
    assert_string_equal(config.kafka.consumer.pairs[0].value, "2");
    assert_string_equal(config.kafka.consumer.pairs[1].value, "9");
}

static void test_secrets_from_files(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *secret; /* NULL: refused */
    } rows[] = {
        {"s3cret\n", "s3cret"},     {"s3cret", "s3cret"},       {"s3cret\r\nmore\n", "s3cret"},
        {" s3cret \n", " s3cret "}, {"@/nested\n", "@/nested"}, {"", NULL},
        {"\ns3cret\n", NULL},       {"s3\tcret\n", NULL},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char path[PATH_TEXT], set[PATH_TEXT + 32];
        int fd = file_of(rows[i].bytes, strlen(rows[i].bytes), path);
        snprintf(set, sizeof(set), "mysql.password=@%s", path);
        if (rows[i].secret != NULL) {
            must(load_args("--set", set, NULL));
            assert_string_equal(config.mysql.password, rows[i].secret);
        } else {
            refused_with(load_args("--set", set, NULL), "--set mysql.password: ", path, NULL);
            assert_null(strstr(err.text, "s3"));
        }
        close(fd);
    }
    refused_with(load_file("[auth]\nkey_1 = @/nonexistent/key\n"), ":2: auth.key_1: cannot read ",
                 "/nonexistent/key", NULL);
}

static void test_secrets_have_limits(void **state)
{
    (void)state;
    char bytes[400], path[PATH_TEXT], set[PATH_TEXT + 32];
    for (size_t len = 255; len <= 256; len++) {
        memset(bytes, 'k', len);
        memcpy(bytes + len, "\r\nrest", 6);
        int fd = file_of(bytes, len + 6, path);
        snprintf(set, sizeof(set), "auth.key_1=@%s", path);
        assert_int_equal(load_args("--set", set, NULL), len == 255);
        close(fd);
    }
    int fd = file_of("abc\0def\n", 8, path);
    snprintf(set, sizeof(set), "auth.key_1=@%s", path);
    refused_with(load_args("--set", set, NULL), "no secret", NULL);
    close(fd);
    snprintf(bytes, sizeof(bytes), "[auth]\nkey_1 = %0256d\n", 7);
    refused_with(load_file(bytes), ":2: auth.key_1: ", "at most 255", NULL);
    assert_null(strstr(err.text, "0000"));
}

static void test_a_failed_load_changes_nothing(void **state)
{
    (void)state;
    must(load_file("[engine]\nworkers = 5\n"));
    action = FLASH_CONFIG_EXIT_OK;
    assert_false(load_file("[engine]\nworkers = 6\nbatch_lines = 0\n"));
    assert_int_equal(config.engine.workers, 5);
    assert_int_equal(action, FLASH_CONFIG_EXIT_OK);
}

static char *printed(void)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    flash_config_print(&config, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_what_is_printed_loads_again(void **state)
{
    (void)state;
    must(load_file("[log]\nlevel = error\n[auth]\nmode = off\nkid_1 = k1\nkey_1 = hunter2\n"
                   "[redis]\nhost = ::1\nport = 1\nuser = u\nconnect_timeout = 1500ms\n"
                   "[kafka]\nbrokers = a:1,b:2\n"
                   "[mysql]\nsocket = /tmp/;x = y #z\ndatabase = [d]\n"
                   "[http]\ndrain_timeout = 0\nidle_timeout = 90s\n"
                   "[engine]\nlisten = [2001:db8::1]:80\ngather_window = 1us\nworkers = 64\n"
                   "max_journal_age = 61min\naccept_after = log\nmax_journal_entries = 12345678\n"
                   "[kafka.producer]\nlinger.ms = 2\nsasl.password = hunter2\n"
                   "[kafka.consumer]\nclient.id = a = b\n"));
    char *first = printed();
    assert_null(strstr(first, "hunter2"));
    assert_non_null(strstr(first, "key_1 = ***\n"));
    assert_non_null(strstr(first, "sasl.password = ***\n"));
    assert_non_null(strstr(first, "gather_window = 1us\n"));
    must(load_file(first));
    assert_int_equal(config.redis.connect_timeout_ms, 1500);
    assert_int_equal(config.engine.max_journal_age_ms, 61 * 60000);
    assert_string_equal(config.engine.listen.host, "2001:db8::1");
    assert_string_equal(config.mysql.socket, "/tmp/;x = y #z");
    assert_string_equal(config.kafka.consumer.pairs[0].value, "a = b");
    char *second = printed();
    assert_string_equal(first, second);
    free(first);
    free(second);
}

/* What load_args writes to standard output; to be freed. */
static char *answer_to(const char *question)
{
    int fd = memfd_create("out", MFD_CLOEXEC);
    fflush(stdout);
    int usual = dup(STDOUT_FILENO);
    dup2(fd, STDOUT_FILENO);
    bool ok = load_args("--set", "engine.workers=3", question, NULL);
    fflush(stdout);
    dup2(usual, STDOUT_FILENO);
    close(usual);
    char *text = calloc(1, 65536);
    ssize_t len = pread(fd, text, 65535, 0);
    close(fd);
    must(ok);
    assert_true(len > 0);
    assert_int_equal(action, FLASH_CONFIG_EXIT_OK);
    return text;
}

static void test_questions_are_answered(void **state)
{
    (void)state;
    char *text = answer_to("--version");
    assert_string_equal(text, "flash-test " FLASH_VERSION "\n");
    free(text);
    text = answer_to("--help");
    assert_non_null(strstr(text, "usage: flash-test "));
    assert_non_null(strstr(text, "example: flash-test "));
    assert_non_null(strstr(text, "expiry_interval"));
    free(text);
    text = answer_to("--check-config");
    assert_non_null(strstr(text, "\nworkers = 3\n"));
    must(load_file(text));
    assert_int_equal(config.engine.workers, 3);
    free(text);
}

static void test_check_auth(void **state)
{
    (void)state;
    static const char k31[] = "0123456789abcdef0123456789abcde",
                      k32[] = "0123456789abcdef0123456789abcdef";
    static const struct {
        enum flash_auth_mode mode;
        const char *kid_1, *key_1, *kid_2, *key_2, *reason; /* NULL: allowed */
    } rows[] = {
        {FLASH_AUTH_OFF, "", "", "", "", NULL},
        {FLASH_AUTH_JWT, "", "", "", "", "auth.key_1: "},
        {FLASH_AUTH_JWT, "", k31, "", "", "at least 32 bytes"},
        {FLASH_AUTH_JWT, "", k32, "", "", NULL},
        {FLASH_AUTH_JWT, "a", k32, "b", k32, NULL},
        {FLASH_AUTH_JWT, "", k32, "b", k32, NULL},
        {FLASH_AUTH_JWT, "a", k32, "b", k31, "auth.key_2: "},
        {FLASH_AUTH_JWT, "a", k32, "a", k32, "auth.kid_2: "},
        {FLASH_AUTH_JWT, "", k32, "", k32, "auth.kid_2: "},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct flash_config made = {.auth.mode = rows[i].mode};
        snprintf(made.auth.kid_1, sizeof(made.auth.kid_1), "%s", rows[i].kid_1);
        snprintf(made.auth.key_1, sizeof(made.auth.key_1), "%s", rows[i].key_1);
        snprintf(made.auth.kid_2, sizeof(made.auth.kid_2), "%s", rows[i].kid_2);
        snprintf(made.auth.key_2, sizeof(made.auth.key_2), "%s", rows[i].key_2);
        if (rows[i].reason == NULL) {
            must(flash_config_check_auth(&made, &err));
        } else {
            refused_with(flash_config_check_auth(&made, &err), rows[i].reason, NULL);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup(name, empty_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_process_that_has_read_secrets_leaves_no_core),
        TEST(test_defaults),
        TEST(test_a_file_of_everything),
        TEST(test_later_layers_win),
        TEST(test_secrets_from_files),
        TEST(test_secrets_have_limits),
        TEST(test_a_failed_load_changes_nothing),
        TEST(test_what_is_printed_loads_again),
        TEST(test_questions_are_answered),
        TEST(test_check_auth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
