/* flash/zone.h: days and minutes by the clock of a place, across the changes of summer time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flash/time.h"
#include "flash/zone.h"

static void use(const char *name)
{
    struct flash_error err;
    assert_true(flash_zone_use(name, &err));
}

static void shows(const char *at, const char *day, int minute)
{
    struct flash_zone_clock clock;
    int64_t at_ms;
    assert_true(flash_time_parse(at, strlen(at), &at_ms));
    flash_zone_read(at_ms, &clock);
    assert_string_equal(clock.day, day);
    assert_int_equal(clock.minute, minute);
}

static void test_clocks(void **state)
{
    (void)state;
    use("UTC");
    shows("2026-01-01T23:59:59Z", "2026-01-01", 1439);
    use("Europe/Berlin");
    shows("2026-01-01T23:30:00Z", "2026-01-02", 30);
    shows("2026-03-29T00:59:59Z", "2026-03-29", 119); /* 01:59, and then 03:00 */
    shows("2026-03-29T01:00:00Z", "2026-03-29", 180);
    shows("2026-10-25T00:30:00Z", "2026-10-25", 150); /* 02:30, twice */
    shows("2026-10-25T01:30:00Z", "2026-10-25", 150);
    shows("2026-07-01T05:00:00Z", "2026-07-01", 420); /* 07:00 all the year */
    shows("2026-12-01T06:00:00Z", "2026-12-01", 420);
    use("Pacific/Kiritimati");
    shows("2026-01-01T10:00:00Z", "2026-01-02", 0);
    use("America/St_Johns");
    shows("2026-01-01T03:29:00Z", "2025-12-31", 1439);
    use("Asia/Kathmandu");
    shows("2026-01-01T18:15:00Z", "2026-01-02", 0);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const none[] = {
        "",       "Europe/Atlantis",       "/etc/passwd", "../../../etc/passwd",
        "CET!",   "Europe/Berlin\nTZ=UTC", "tzdata.zi",   "zone.tab",
        "Europe",
    };
    use("Europe/Berlin");
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        struct flash_error err = {0};
        assert_false(flash_zone_use(none[i], &err));
        assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    }
    shows("2026-01-01T23:30:00Z", "2026-01-02", 30); /* as it was */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
