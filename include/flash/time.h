/* Clocks, read at the edge only (mains, adapters); pure modules are handed now. */
#ifndef FLASH_TIME_H
#define FLASH_TIME_H

#include <stddef.h>
#include <stdint.h>

uint64_t flash_time_wall_ms(void);      /* milliseconds since the epoch, UTC */
uint64_t flash_time_monotonic_us(void); /* microseconds since some start; never goes back */

#define FLASH_TIME_TEXT 25 /* "2026-01-02T03:04:05.678Z" and NUL */
/* RFC 3339 in UTC with milliseconds. */
void flash_time_format_ms(int64_t epoch_ms, char ret_text[FLASH_TIME_TEXT]);
/* RFC 3339 with any offset and up to 9 fraction digits (rounded down to ms); false if it is not
 * one. */
_Bool flash_time_parse(const char *text, size_t len, int64_t *ret_epoch_ms);

#endif
