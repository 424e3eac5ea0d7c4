/* What people write on the command line for times, durations and counts. Pure: now is handed in. */
#ifndef FLASHCTL_VALUES_H
#define FLASHCTL_VALUES_H

#include <stdint.h>

#include "flash/error.h"

/* A whole number and a unit, s, m, h or d: "90s", "30m", "1h", "2d". 1 s to 3650 d. */
FLASH_MUST_CHECK bool flash_ctl_duration_parse(const char *text, int64_t *ret_seconds);

/* "now", "+<duration>" counted from base_ms, or a time as in RFC 3339. */
FLASH_MUST_CHECK bool flash_ctl_time_parse(const char *text, int64_t now_ms, int64_t base_ms,
                                           int64_t *ret_ms);

/* A whole number within min..max, digits only. */
FLASH_MUST_CHECK bool flash_ctl_count_parse(const char *text, int64_t min, int64_t max,
                                            int64_t *ret_count);

#endif
