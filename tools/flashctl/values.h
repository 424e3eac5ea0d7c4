/* What people write on the command line: times, durations, counts, names. Pure: now is handed in.
 */
#ifndef FLASHCTL_VALUES_H
#define FLASHCTL_VALUES_H

#include "command.h"

/* A whole number and a unit, s, m, h or d: "90s", "30m", "1h", "2d". 1 s to 3650 d. */
FLASH_MUST_CHECK bool flash_ctl_duration_parse(const char *text, int64_t *ret_seconds);

/* "now", "+<duration>" and "-<duration>" counted from base_ms, or a time as in RFC 3339. */
FLASH_MUST_CHECK bool flash_ctl_time_parse(const char *text, int64_t now_ms, int64_t base_ms,
                                           int64_t *ret_ms);

/* A whole number within min..max, digits only. */
FLASH_MUST_CHECK bool flash_ctl_count_parse(const char *text, int64_t min, int64_t max,
                                            int64_t *ret_count);

/* "5", "+5", "-5"; not 0, at most FLASH_BASE_MAX either way. */
FLASH_MUST_CHECK bool flash_ctl_delta_parse(const char *text, int64_t *ret_delta);

/* Whether text is one of "a|b|c". */
bool flash_ctl_word_is_one(const char *text, const char *words);

/* Whether text may be a value of that kind; words are those of a WORD. */
bool flash_ctl_value_fits(enum flash_ctl_kind kind, const char *text, const char *words);
/* What it may be: "a SKU (a whole number above 0)". NULL for kinds that take anything, and WORD. */
const char *flash_ctl_value_allowed(enum flash_ctl_kind kind);

/* Of a command that was filled, so its values fit: the option's, or otherwise if it is not given.
 */
int64_t flash_ctl_count(const struct flash_ctl_command *command, enum flash_ctl_option option,
                        int64_t otherwise);
int64_t flash_ctl_seconds(const struct flash_ctl_command *command, enum flash_ctl_option option,
                          int64_t otherwise);
/* How the answer is to be written: --output, else otherwise. */
enum flash_ctl_format flash_ctl_format_of(const struct flash_ctl_command *command,
                                          enum flash_ctl_format otherwise);

#endif
