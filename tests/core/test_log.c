/* flash/log.h: every line is JSON whatever it quotes, and a reader that stopped costs lines, not
 * time.
 *
 * Standard error is a pipe or an unnamed file here; cmocka reports on standard output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "flash/log.h"
#include "flash/time.h"

static int real_stderr;

/* Standard error is an unnamed file until the test ends. Returns its descriptor. */
static int to_file(void)
{
    int fd = memfd_create("log", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(dup2(fd, STDERR_FILENO) == STDERR_FILENO);
    return fd;
}

/* Standard error is a pipe until the test ends. Returns its reading end. */
static int to_pipe(void)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    close(ends[1]);
    return ends[0];
}

/* All that was written to the file, as a string to be freed; closes it. */
static char *written(int fd)
{
    off_t len = lseek(fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)len + 1);
    assert_non_null(text);
    assert_int_equal(pread(fd, text, (size_t)len, 0), len);
    close(fd);
    return text;
}

static int restore(void **state)
{
    (void)state;
    flash_log_init("flash-test", FLASH_LOG_INFO);
    return dup2(real_stderr, STDERR_FILENO) < 0;
}

static json_t *parse_line(const char *text)
{
    json_error_t error;
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (line == NULL) {
        fail_msg("not JSON (%s): %s", error.text, text);
    }
    return line;
}

static const char *member(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

static void test_a_line(void **state)
{
    (void)state;
    int fd = to_file();
    FLASH_LOG(WARN, "redis.lost", FLASH_TEXT("reason", "gone"), FLASH_INT("in_flight", -7),
              FLASH_TEXT("none", NULL));
    char *text = written(fd);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    json_t *line = parse_line(text);
    int64_t ms;
    assert_true(flash_time_parse(member(line, "ts"), strlen(member(line, "ts")), &ms));
    assert_string_equal(member(line, "level"), "warn");
    assert_string_equal(member(line, "daemon"), "flash-test");
    assert_string_equal(member(line, "event"), "redis.lost");
    assert_string_equal(member(line, "reason"), "gone");
    assert_int_equal(json_integer_value(json_object_get(line, "in_flight")), -7);
    assert_true(json_is_null(json_object_get(line, "none")));
    json_decref(line);
    free(text);
}

static void test_levels(void **state)
{
    (void)state;
    int fd = to_file();
    FLASH_LOG(DEBUG, "a", FLASH_INT("n", 1));
    flash_log_set_level(FLASH_LOG_DEBUG);
    FLASH_LOG(DEBUG, "b", FLASH_INT("n", 1));
    flash_log_set_level(FLASH_LOG_ERROR);
    FLASH_LOG(WARN, "c", FLASH_INT("n", 1));
    FLASH_LOG(ERROR, "d", FLASH_INT("n", 1));
    char *text = written(fd);
    assert_null(strstr(text, "\"a\""));
    assert_non_null(strstr(text, "\"b\""));
    assert_null(strstr(text, "\"c\""));
    assert_non_null(strstr(text, "\"d\""));
    free(text);
}

static void test_values_are_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *value, *in_line;
    } rows[] = {
        {"a\nb\r\tc", "\"a\\u000ab\\u000d\\u0009c\""},
        {"\x1b[31m", "\"\\u001b[31m\""},
        {"\x7f", "\"\\u007f\""},
        {"\xc2\x9b"
         "31m",
         "\"\\u009b31m\""},
        {"say \"hi\" \\", "\"say \\\"hi\\\" \\\\\""},
        {"%n%s", "\"%n%s\""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\xff", "\"\\ufffd\""},
        {"\x80", "\"\\ufffd\""},
        {"\xc3", "\"\\ufffd\""},
        {"\xc3(", "\"\\ufffd(\""},
        {"\xc0\xaf", "\"\\ufffd\\ufffd\""},                       /* overlong */
        {"\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\""},            /* overlong */
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},            /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* past U+10FFFF */
        {"\xe2\x82", "\"\\ufffd\\ufffd\""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int fd = to_file();
        FLASH_LOG(INFO, "escape", FLASH_TEXT("v", rows[i].value));
        char *text = written(fd);
        json_decref(parse_line(text));
        if (strstr(text, rows[i].in_line) == NULL) {
            fail_msg("row %zu: no %s in %s", i, rows[i].in_line, text);
        }
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        free(text);
    }
}

static void test_values_are_cut_between_characters(void **state)
{
    (void)state;
    char value[700];
    for (size_t before = 508; before <= 513; before++) {
        memset(value, 'x', sizeof(value) - 1);
        value[sizeof(value) - 1] = '\0';
        memcpy(value + before, "\xf0\x9f\x98\x80", 4);
        int fd = to_file();
        FLASH_LOG(INFO, "cut", FLASH_TEXT("v", value));
        char *text = written(fd);
        json_t *line = parse_line(text);
        size_t expected = before == 508 || before >= 512 ? 512 : before;
        assert_int_equal(strlen(member(line, "v")), expected);
        assert_int_equal(strncmp(member(line, "v"), value, expected), 0);
        json_decref(line);
        free(text);
    }
}

static void test_a_line_fits_a_pipe(void **state)
{
    (void)state;
    char value[513];
    memset(value, 0x01, sizeof(value) - 1); /* six bytes each when escaped */
    value[sizeof(value) - 1] = '\0';
    int fd = to_file();
    FLASH_LOG(INFO, "long", FLASH_TEXT("a", value), FLASH_TEXT("b", value), FLASH_INT("c", 3));
    char *text = written(fd);
    assert_true(strlen(text) <= PIPE_BUF);
    json_t *line = parse_line(text);
    assert_int_equal(strlen(member(line, "a")), 512);
    assert_null(json_object_get(line, "b"));
    assert_true(json_is_true(json_object_get(line, "cut")));
    json_decref(line);
    free(text);
}

static void test_a_full_pipe_drops_whole_lines(void **state)
{
    (void)state;
    int fd = to_pipe();
    int flags = fcntl(STDERR_FILENO, F_GETFL);
    uint64_t before = flash_log_dropped();
    int sent = 0;
    while (flash_log_dropped() < before + 10) {
        FLASH_LOG(INFO, "flood", FLASH_INT("n", sent));
        sent++;
        assert_true(sent < 100000);
    }
    assert_int_equal(fcntl(STDERR_FILENO, F_GETFL), flags);
    assert_int_equal(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO); /* the pipe's end comes */
    FILE *in = fdopen(fd, "r");
    char line[PIPE_BUF + 1];
    int got = 0;
    while (fgets(line, sizeof(line), in) != NULL) {
        json_t *parsed = parse_line(line);
        assert_int_equal(json_integer_value(json_object_get(parsed, "n")), got);
        json_decref(parsed);
        got++;
    }
    fclose(in);
    assert_int_equal(got, sent - 10);
}

static void test_a_closed_pipe_drops(void **state)
{
    (void)state;
    close(to_pipe());
    uint64_t before = flash_log_dropped();
    FLASH_LOG(INFO, "nobody", FLASH_INT("n", 1)); /* SIGPIPE would end the test */
    assert_int_equal(flash_log_dropped(), before + 1);
}

static void test_the_line_after_a_torn_one_is_whole(void **state)
{
    (void)state;
    int fd = to_file();
    struct rlimit usual, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small = usual;
    small.rlim_cur = 40;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    uint64_t before = flash_log_dropped();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    FLASH_LOG(INFO, "torn", FLASH_INT("n", 1));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    signal(SIGXFSZ, handler);
    FLASH_LOG(INFO, "whole", FLASH_INT("n", 2));
    assert_int_equal(flash_log_dropped(), before + 1);
    char *text = written(fd);
    assert_ptr_equal(strchr(text, '\n'), text + 40);
    json_t *line = parse_line(text + 41);
    assert_string_equal(member(line, "event"), "whole");
    json_decref(line);
    free(text);
}

enum { THREADS = 4, LINES = 500 };

static void *log_much(void *arg)
{
    for (int i = 0; i < LINES; i++) {
        FLASH_LOG(INFO, "thread", FLASH_TEXT("who", arg), FLASH_INT("n", i));
    }
    return NULL;
}

static void test_threads_do_not_mix_lines(void **state)
{
    (void)state;
    int fd = to_file();
    static char names[THREADS][2] = {"a", "b", "c", "d"};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, log_much, names[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    char *text = written(fd), *rest = text;
    int count = 0;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0'; count++) {
        json_decref(parse_line(line));
    }
    assert_int_equal(count, THREADS * LINES);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_line, restore),
        cmocka_unit_test_teardown(test_levels, restore),
        cmocka_unit_test_teardown(test_values_are_escaped, restore),
        cmocka_unit_test_teardown(test_values_are_cut_between_characters, restore),
        cmocka_unit_test_teardown(test_a_line_fits_a_pipe, restore),
        cmocka_unit_test_teardown(test_a_full_pipe_drops_whole_lines, restore),
        cmocka_unit_test_teardown(test_a_closed_pipe_drops, restore),
        cmocka_unit_test_teardown(test_the_line_after_a_torn_one_is_whole, restore),
        cmocka_unit_test_teardown(test_threads_do_not_mix_lines, restore),
    };
    real_stderr = dup(STDERR_FILENO);
    flash_log_init("flash-test", FLASH_LOG_INFO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
