/* Times, durations and counts of the command line; see values.h. */
#include "values.h"

#include <string.h>

#include "flash/time.h"

#define DAY_S 86400
#define DURATION_MAX_S (3650LL * DAY_S)

/* The digits at text as a number up to max; *ret_end is what follows them. */
static bool digits(const char *text, int64_t max, int64_t *ret_number, const char **ret_end)
{
    int64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (number > (max - (*at - '0')) / 10) {
            return false;
        }
        number = number * 10 + (*at - '0');
    }
    *ret_number = number;
    *ret_end = at;
    return at > text;
}

bool flash_ctl_duration_parse(const char *text, int64_t *ret_seconds)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', DAY_S}};
    const char *unit;
    int64_t number;
    if (!digits(text, DURATION_MAX_S, &number, &unit) || number == 0 || strlen(unit) != 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].unit == *unit && number <= DURATION_MAX_S / units[i].seconds) {
            *ret_seconds = number * units[i].seconds;
            return true;
        }
    }
    return false;
}

bool flash_ctl_time_parse(const char *text, int64_t now_ms, int64_t base_ms, int64_t *ret_ms)
{
    int64_t seconds;
    if (strcmp(text, "now") == 0) {
        *ret_ms = now_ms;
        return true;
    }
    if (text[0] != '+') {
        return flash_time_parse(text, strlen(text), ret_ms);
    }
    if (!flash_ctl_duration_parse(text + 1, &seconds)) {
        return false;
    }
    *ret_ms = base_ms + seconds * 1000;
    return true;
}

bool flash_ctl_count_parse(const char *text, int64_t min, int64_t max, int64_t *ret_count)
{
    const char *end;
    int64_t count;
    if (!digits(text, max, &count, &end) || *end != '\0' || count < min) {
        return false;
    }
    *ret_count = count;
    return true;
}
