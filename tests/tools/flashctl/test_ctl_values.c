/* Times, durations and counts as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "values.h"

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; /* 0: refused */
    } rows[] = {
        {"1s", 1},
        {"90s", 90},
        {"30m", 1800},
        {"1h", 3600},
        {"2d", 172800},
        {"3650d", 315360000},
        {"3651d", 0},
        {"0s", 0},
        {"s", 0},
        {"", 0},
        {"1", 0},
        {"1.5h", 0},
        {"-1h", 0},
        {"1h30m", 0},
        {"1 h", 0},
        {"1H", 0},
        {"1w", 0},
        {"+1h", 0},
        {"99999999999999999999d", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t seconds = 0;
        bool taken = flash_ctl_duration_parse(rows[i].text, &seconds);
        if (taken != (rows[i].seconds > 0) || seconds != rows[i].seconds) {
            fail_msg("duration %s", rows[i].text);
        }
    }
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } rows[] = {
        {"now", 1000},
        {"+1s", 6000},
        {"+1h", 3605000},
        {"1970-01-01T00:00:07Z", 7000},
        {"", -1},
        {"+", -1},
        {"+now", -1},
        {"tomorrow", -1},
        {"2026-11-27", -1},
        {"-", -1},
        {"-1s", 4000},
        {"NOW", -1},
        {"1970-01-01T01:00:07+01:00", 7000},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ms = -1;
        bool taken = flash_ctl_time_parse(rows[i].text, 1000, 5000, &ms);
        if (taken != (rows[i].ms >= 0) || (taken && ms != rows[i].ms)) {
            fail_msg("time %s", rows[i].text);
        }
    }
}

static void test_counts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t count; /* -1: refused */
    } rows[] = {
        {"1", 1},
        {"100", 100},
        {"007", 7},
        {"101", -1},
        {"0", -1},
        {"", -1},
        {"-1", -1},
        {"1x", -1},
        {"1.0", -1},
        {" 1", -1},
        {"18446744073709551617", -1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t count = -1;
        bool taken = flash_ctl_count_parse(rows[i].text, 1, 100, &count);
        if (taken != (rows[i].count >= 0) || count != rows[i].count) {
            fail_msg("count %s", rows[i].text);
        }
    }
}

static void test_deltas(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t delta; /* 0: refused */
    } rows[] = {
        {"5", 5},
        {"+5", 5},
        {"-5", -5},
        {"-1000000000", -1000000000},
        {"-1000000001", 0},
        {"0", 0},
        {"-0", 0},
        {"+", 0},
        {"-", 0},
        {"--5", 0},
        {"+-5", 0},
        {"5x", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t delta = 0;
        bool taken = flash_ctl_delta_parse(rows[i].text, &delta);
        if (taken != (rows[i].delta != 0) || delta != rows[i].delta) {
            fail_msg("delta %s", rows[i].text);
        }
    }
}

static void test_words(void **state)
{
    (void)state;
    assert_true(flash_ctl_word_is_one("due", "due|done|all"));
    assert_true(flash_ctl_word_is_one("all", "due|done|all"));
    assert_false(flash_ctl_word_is_one("du", "due|done|all"));
    assert_false(flash_ctl_word_is_one("due|done", "due|done|all"));
    assert_false(flash_ctl_word_is_one("", "due|done|all"));
    assert_false(flash_ctl_word_is_one("duel", "due|done|all"));
}

/* Each kind takes what it should and says what it takes. */
static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        enum flash_ctl_kind kind;
        const char *good, *bad;
    } rows[] = {
        {FLASH_CTL_KIND_SKU, "42", "042"},
        {FLASH_CTL_KIND_ORDER, "42.a/b", "a.b"},
        {FLASH_CTL_KIND_PAYMENT, "..", "a b"},
        {FLASH_CTL_KIND_USER, "anna b", "a\"b"},
        {FLASH_CTL_KIND_COUNT, "0", "1000000001"},
        {FLASH_CTL_KIND_AMOUNT, "1", "0"},
        {FLASH_CTL_KIND_ROWS, "all", "0"},
        {FLASH_CTL_KIND_DURATION, "2d", "2"},
        {FLASH_CTL_KIND_URL, "https://[::1]:8081", "http://"},
        {FLASH_CTL_KIND_URL, "HTTP://h", "ftp://h"},
        {FLASH_CTL_KIND_URL, "http://h", "http://h\r\nX: y"},
        {FLASH_CTL_KIND_PROFILE, "shop-2.test", ".."},
        {FLASH_CTL_KIND_PROFILE, "a", "a/b"},
        {FLASH_CTL_KIND_FILE, "-", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!flash_ctl_value_fits(rows[i].kind, rows[i].good, NULL) ||
            flash_ctl_value_fits(rows[i].kind, rows[i].bad, NULL)) {
            fail_msg("%s, %s", rows[i].good, rows[i].bad);
        }
        assert_non_null(flash_ctl_value_allowed(rows[i].kind));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations), cmocka_unit_test(test_times),
        cmocka_unit_test(test_counts),    cmocka_unit_test(test_deltas),
        cmocka_unit_test(test_words),     cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
