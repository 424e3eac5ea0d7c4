/* The clock on the wall of a place: what day and what minute it is there, summer time or not.
 *
 * A process has one zone, TZ's (the C library knows no other way): it is set once, before there are
 * threads. All that is written elsewhere is in UTC and does not look at it. */
#ifndef FLASH_ZONE_H
#define FLASH_ZONE_H

#include <stdint.h>

#include "flash/error.h"

#define FLASH_ZONE_DAY 11 /* "2026-01-02" and NUL */

/* A name of the system's time-zone database, as in "Europe/Berlin", or "UTC". Error kind: CONFIG
 * (there is no such zone here; Debian has them in the package tzdata). */
FLASH_MUST_CHECK bool flash_zone_use(const char *name, struct flash_error *err);

struct flash_zone_clock {
    char day[FLASH_ZONE_DAY];
    int minute; /* of the day as clocks show it: 0 to 1439, one of them perhaps twice or never */
};

/* What clocks show at that time (milliseconds since the epoch). Any thread. */
void flash_zone_read(int64_t at_ms, struct flash_zone_clock *ret_clock);

#endif
