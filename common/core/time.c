/* The clocks, and RFC 3339 text for what the wall clock says.
 *
 * Text is always written in UTC with milliseconds, so that it sorts as it happened; read with any
 * offset. Years are 0000 to 9999, as in RFC 3339: a time outside is written as the nearest that has
 * a text. */
#include "flash/time.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "flash/put.h"

#define DAY_S 86400
#define DAY_MS (DAY_S * INT64_C(1000))
#define DATE_TEXT 10 /* "2026-01-02" */

static const int64_t EARLIEST_MS = INT64_C(-62167219200000); /* 0000-01-01T00:00:00.000Z */
static const int64_t LATEST_MS = INT64_C(253402300799999);   /* 9999-12-31T23:59:59.999Z */

uint64_t flash_time_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t flash_time_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static char *put_digits(char *at, int value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + width;
}

static char *put_part(char *at, char before, int value)
{
    *at = before;
    return put_digits(at + 1, value, 2);
}

/* The date of a day since the epoch, as text. The last one is kept: a calendar costs more than all
 * else here, and most texts are of today. */
static const char *date_of(int64_t day)
{
    static _Thread_local char text[DATE_TEXT];
    static _Thread_local int64_t text_of = INT64_MIN;
    if (day != text_of) {
        time_t seconds = (time_t)(day * DAY_S);
        struct tm tm;
        gmtime_r(&seconds, &tm);
        char *at = put_digits(text, tm.tm_year + 1900, 4);
        put_part(put_part(at, '-', tm.tm_mon + 1), '-', tm.tm_mday);
        text_of = day;
    }
    return text;
}

void flash_time_format_ms(int64_t epoch_ms, char ret_text[FLASH_TIME_TEXT])
{
    int64_t ms = epoch_ms < EARLIEST_MS ? EARLIEST_MS : epoch_ms > LATEST_MS ? LATEST_MS : epoch_ms;
    int64_t day = ms / DAY_MS - (ms % DAY_MS < 0);
    int of_day = (int)(ms - day * DAY_MS);
    char *at = flash_put(ret_text, date_of(day), DATE_TEXT);
    at = put_part(at, 'T', of_day / 3600000);
    at = put_part(at, ':', of_day / 60000 % 60);
    at = put_part(at, ':', of_day / 1000 % 60);
    *at++ = '.';
    at = put_digits(at, of_day % 1000, 3);
    *at++ = 'Z';
    *at = '\0';
}

/* What is left to read. */
struct cursor {
    const char *at, *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_digits(struct cursor *cursor, int width, int *ret_value)
{
    if (cursor->end - cursor->at < width) {
        return false;
    }
    int value = 0;
    for (int i = 0; i < width; i++) {
        if (!is_digit(cursor->at[i])) {
            return false;
        }
        value = value * 10 + (cursor->at[i] - '0');
    }
    cursor->at += width;
    *ret_value = value;
    return true;
}

static bool take_one_of(struct cursor *cursor, const char *allowed, char *ret_taken)
{
    if (cursor->at == cursor->end || *cursor->at == '\0' || !strchr(allowed, *cursor->at)) {
        return false;
    }
    *ret_taken = *cursor->at++;
    return true;
}

/* One number of the text and what stands behind it ("" for nothing). */
static bool take_part(struct cursor *cursor, int width, const char *after, int *ret_value)
{
    char taken;
    return take_digits(cursor, width, ret_value) &&
           (*after == '\0' || take_one_of(cursor, after, &taken));
}

static bool take_millis(struct cursor *cursor, int *ret_millis)
{
    char taken;
    *ret_millis = 0;
    if (!take_one_of(cursor, ".", &taken)) {
        return true;
    }
    int digits = 0;
    for (; cursor->at < cursor->end && is_digit(*cursor->at); cursor->at++, digits++) {
        if (digits < 3) {
            *ret_millis = *ret_millis * 10 + (*cursor->at - '0');
        }
    }
    for (int i = digits; i < 3; i++) {
        *ret_millis *= 10;
    }
    return digits >= 1 && digits <= 9;
}

static bool take_offset_minutes(struct cursor *cursor, int *ret_minutes)
{
    char sign;
    int hours, minutes;
    if (!take_one_of(cursor, "Zz+-", &sign)) {
        return false;
    }
    if (sign == 'Z' || sign == 'z') {
        *ret_minutes = 0;
        return true;
    }
    if (!take_part(cursor, 2, ":", &hours) || !take_part(cursor, 2, "", &minutes) || hours > 23 ||
        minutes > 59) {
        return false;
    }
    *ret_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
    return true;
}

static bool is_date(const struct tm *tm)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (tm->tm_mon < 0 || tm->tm_mon > 11) {
        return false;
    }
    int year = tm->tm_year + 1900;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int last = days[tm->tm_mon] + (tm->tm_mon == 1 && leap ? 1 : 0);
    return tm->tm_mday >= 1 && tm->tm_mday <= last;
}

static bool is_clock_time(const struct tm *tm, int offset_minutes)
{
    /* A leap second ends a day of UTC (RFC 3339 §5.7), wherever the offset puts it. */
    int utc_minute = ((tm->tm_hour * 60 + tm->tm_min - offset_minutes) % 1440 + 1440) % 1440;
    int last_second = utc_minute == 1439 ? 60 : 59;
    return tm->tm_hour <= 23 && tm->tm_min <= 59 && tm->tm_sec <= last_second;
}

bool flash_time_parse(const char *text, size_t len, int64_t *ret_epoch_ms)
{
    struct cursor cursor = {.at = text, .end = text + len};
    struct tm tm = {0};
    int millis, offset_minutes;
    if (!take_part(&cursor, 4, "-", &tm.tm_year) || !take_part(&cursor, 2, "-", &tm.tm_mon) ||
        !take_part(&cursor, 2, "Tt", &tm.tm_mday) || !take_part(&cursor, 2, ":", &tm.tm_hour) ||
        !take_part(&cursor, 2, ":", &tm.tm_min) || !take_part(&cursor, 2, "", &tm.tm_sec) ||
        !take_millis(&cursor, &millis) || !take_offset_minutes(&cursor, &offset_minutes) ||
        cursor.at != cursor.end) {
        return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    if (!is_date(&tm) || !is_clock_time(&tm, offset_minutes)) {
        return false;
    }
    *ret_epoch_ms = ((int64_t)timegm(&tm) - (int64_t)offset_minutes * 60) * 1000 + millis;
    return true;
}
