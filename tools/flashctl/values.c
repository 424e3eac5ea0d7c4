/* Times, durations, counts and names of the command line; see values.h. */
#include "values.h"

#include <string.h>
#include <strings.h>

#include "flash/ids.h"
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
    if (text[0] != '+' && text[0] != '-') {
        return flash_time_parse(text, strlen(text), ret_ms);
    }
    if (!flash_ctl_duration_parse(text + 1, &seconds)) {
        return false;
    }
    *ret_ms = base_ms + (text[0] == '-' ? -seconds : seconds) * 1000;
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

bool flash_ctl_delta_parse(const char *text, int64_t *ret_delta)
{
    int64_t units;
    bool sign = text[0] == '-' || text[0] == '+';
    if (!flash_ctl_count_parse(text + sign, 1, FLASH_BASE_MAX, &units)) {
        return false;
    }
    *ret_delta = text[0] == '-' ? -units : units;
    return true;
}

bool flash_ctl_word_is_one(const char *text, const char *words)
{
    size_t len = strlen(text);
    for (const char *at = words; *at;) {
        size_t word = strcspn(at, "|");
        if (word == len && memcmp(at, text, len) == 0) {
            return true;
        }
        at += word + (at[word] == '|');
    }
    return false;
}

static bool is_profile(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= 64 && text[0] != '.' &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static bool is_url(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f) {
            return false;
        }
    }
    bool http = strncasecmp(text, "http://", 7) == 0 && len > 7;
    return len < 256 && (http || (strncasecmp(text, "https://", 8) == 0 && len > 8));
}

bool flash_ctl_value_fits(enum flash_ctl_kind kind, const char *text, const char *words)
{
    const struct flash_text bytes = {text, strlen(text)};
    struct flash_text ref;
    int64_t number;
    switch (kind) {
    case FLASH_CTL_KIND_SKU:
        return flash_sku_parse(bytes, &number);
    case FLASH_CTL_KIND_ORDER:
        return flash_order_id_parse(bytes, &number, &ref);
    case FLASH_CTL_KIND_PAYMENT:
        return flash_ref_valid(bytes);
    case FLASH_CTL_KIND_USER:
        return flash_user_valid(bytes);
    case FLASH_CTL_KIND_REASON:
        return flash_reason_valid(bytes);
    case FLASH_CTL_KIND_COUNT:
        return flash_ctl_count_parse(text, 0, FLASH_BASE_MAX, &number);
    case FLASH_CTL_KIND_AMOUNT:
        return flash_ctl_count_parse(text, 1, FLASH_BASE_MAX, &number);
    case FLASH_CTL_KIND_DELTA:
        return flash_ctl_delta_parse(text, &number);
    case FLASH_CTL_KIND_ROWS:
        return strcmp(text, "all") == 0 || flash_ctl_count_parse(text, 1, FLASH_BASE_MAX, &number);
    case FLASH_CTL_KIND_TIME:
        return flash_ctl_time_parse(text, 0, 0, &number);
    case FLASH_CTL_KIND_DURATION:
        return flash_ctl_duration_parse(text, &number);
    case FLASH_CTL_KIND_WORD:
        return flash_ctl_word_is_one(text, words);
    case FLASH_CTL_KIND_URL:
        return is_url(text);
    case FLASH_CTL_KIND_PROFILE:
        return is_profile(text);
    case FLASH_CTL_KIND_FILE:
        return text[0] != '\0';
    case FLASH_CTL_KIND_TEXT:
    case FLASH_CTL_KIND_FLAG:
        return true;
    }
    return false;
}

const char *flash_ctl_value_allowed(enum flash_ctl_kind kind)
{
    static const char *const allowed[] = {
        [FLASH_CTL_KIND_SKU] = "a SKU (a whole number above 0)",
        [FLASH_CTL_KIND_ORDER] = "an order id (<sku>.<ref>)",
        [FLASH_CTL_KIND_PAYMENT] = "1 to 64 printable characters without blanks, quotes, "
                                   "backslashes, braces",
        [FLASH_CTL_KIND_USER] = "1 to 64 bytes without quotes, backslashes, braces",
        [FLASH_CTL_KIND_REASON] = "1 to 200 bytes without quotes, backslashes, braces",
        [FLASH_CTL_KIND_COUNT] = "a whole number from 0 to 1000000000",
        [FLASH_CTL_KIND_AMOUNT] = "a whole number from 1 to 1000000000",
        [FLASH_CTL_KIND_DELTA] = "a number of units such as -5 or +5",
        [FLASH_CTL_KIND_ROWS] = "a whole number above 0, or all",
        [FLASH_CTL_KIND_TIME] = "now, +30m, -1h or a time such as 2026-11-27T08:00:00Z",
        [FLASH_CTL_KIND_DURATION] = "a time such as 90s, 30m, 1h, 2d",
        [FLASH_CTL_KIND_URL] = "an http(s) URL",
        [FLASH_CTL_KIND_PROFILE] = "the name of a profile (letters, digits, . _ -)",
        [FLASH_CTL_KIND_FILE] = "a file's name",
    };
    return kind < sizeof(allowed) / sizeof(allowed[0]) ? allowed[kind] : NULL;
}

int64_t flash_ctl_count(const struct flash_ctl_command *command, enum flash_ctl_option option,
                        int64_t otherwise)
{
    const char *text = command->values[option];
    int64_t count;
    return text && flash_ctl_count_parse(text, 0, FLASH_BASE_MAX, &count) ? count : otherwise;
}

int64_t flash_ctl_seconds(const struct flash_ctl_command *command, enum flash_ctl_option option,
                          int64_t otherwise)
{
    const char *text = command->values[option];
    int64_t seconds;
    return text && flash_ctl_duration_parse(text, &seconds) ? seconds : otherwise;
}

enum flash_ctl_format flash_ctl_format_of(const struct flash_ctl_command *command,
                                          enum flash_ctl_format otherwise)
{
    static const char *const names[] = {"table", "json", "jsonl", "csv"}; /* flash_ctl_format */
    const char *text = command->values[FLASH_CTL_OUTPUT];
    for (int i = 0; text && i < 4; i++) {
        if (strcmp(text, names[i]) == 0) {
            return (enum flash_ctl_format)i;
        }
    }
    return otherwise;
}
