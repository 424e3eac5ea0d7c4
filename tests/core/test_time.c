/* flash/time.h: what RFC 3339 text is read as, what is refused, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flash/time.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void test_parse_reads(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01T00:00:00.001Z", 1},
        {"1970-01-01T00:00:00.1Z", 100},
        {"1970-01-01T00:00:00.0019Z", 1},
        {"1970-01-01T00:00:00.999999999Z", 999},
        {"1969-12-31T23:59:59.9999Z", -1},
        {"1970-01-01T01:00:00+01:00", 0},
        {"1969-12-31T18:30:00-05:30", 0},
        {"1970-01-01T00:00:00-00:00", 0},
        {"2026-01-02T03:04:05.678Z", 1767323045678},
        {"2026-01-02T03:04:05.678+00:00", 1767323045678},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2000-02-29T12:00:00Z", 951825600000},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"2017-01-01T01:59:60+02:00", 1483228800000},
        {"0000-01-01T00:00:00Z", -62167219200000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t ms = INT64_MIN;
        if (!flash_time_parse(rows[i].text, strlen(rows[i].text), &ms) || ms != rows[i].ms) {
            fail_msg("%s: read as %lld", rows[i].text, (long long)ms);
        }
    }
}

static void test_parse_refuses(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "2026",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02 03:04:05Z",
        "2026-01-02T03:04Z",
        "2026-1-02T03:04:05Z",
        "26-01-02T03:04:05Z",
        "+2026-01-02T03:04:05Z",
        "2026-00-02T03:04:05Z",
        "2026-13-02T03:04:05Z",
        "2026-01-00T03:04:05Z",
        "2026-01-32T03:04:05Z",
        "2026-04-31T03:04:05Z",
        "2026-02-29T03:04:05Z",
        "2100-02-29T03:04:05Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:60:05Z",
        "2026-01-02T03:04:60Z",
        "2026-01-02T23:59:61Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05.1234567890Z",
        "2026-01-02T03:04:05,5Z",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+01:60",
        "2026-01-02T03:04:05+0100",
        "2026-01-02T03:04:05+01",
        "2026-01-02T03:04:05Zjunk",
        " 2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05Z ",
        "2026-01-02T03:04:0\xd9\xa5Z",
    };
    for (size_t i = 0; i < ROWS(texts); i++) {
        int64_t ms = 42;
        if (flash_time_parse(texts[i], strlen(texts[i]), &ms)) {
            fail_msg("\"%s\" was read", texts[i]);
        }
        assert_int_equal(ms, 42);
    }
}

static void test_parse_stays_within_len(void **state)
{
    (void)state;
    static const char text[] = "2026-01-02T03:04:05.678Z";
    int64_t ms;
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        assert_false(flash_time_parse(text, len, &ms));
    }
    assert_false(flash_time_parse(text, sizeof(text), &ms)); /* the NUL is no part of a time */
    assert_true(flash_time_parse(text, sizeof(text) - 1, &ms));
}

static void test_format_writes(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-1000, "1969-12-31T23:59:59.000Z"},
        {1767323045678, "2026-01-02T03:04:05.678Z"},
        {1709164800000, "2024-02-29T00:00:00.000Z"},
        {-62167219200000, "0000-01-01T00:00:00.000Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[FLASH_TIME_TEXT];
        flash_time_format_ms(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_what_is_written_reads_back(void **state)
{
    (void)state;
    const int64_t step = 86400000LL * 37 + 3723004; /* over all months, hours and leap days */
    for (int64_t ms = -62167219200000; ms <= 253402300799999; ms += step) {
        char text[FLASH_TIME_TEXT];
        int64_t read;
        flash_time_format_ms(ms, text);
        assert_true(flash_time_parse(text, strlen(text), &read));
        assert_true(read == ms);
    }
}

static void test_clocks_go_forward(void **state)
{
    (void)state;
    uint64_t before = flash_time_monotonic_us();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = flash_time_monotonic_us();
        assert_true(now >= before);
        before = now;
    }
    assert_true(flash_time_wall_ms() > 1577836800000); /* 2020: milliseconds, not seconds */
    assert_true(flash_time_wall_ms() < 253402300799999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_reads),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_parse_stays_within_len),
        cmocka_unit_test(test_format_writes),
        cmocka_unit_test(test_what_is_written_reads_back),
        cmocka_unit_test(test_clocks_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
