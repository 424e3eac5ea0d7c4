/* Writes text at a place that has room for it and returns what is behind: requests, records and ids
 * are made of these, since a format string costs more than the rest of a request. Pure. */
#ifndef FLASH_BENCH_PUT_H
#define FLASH_BENCH_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FLASH_BENCH_DIGITS_MAX 20 /* of a uint64 */

static inline char *flash_bench_put(char *out, const char *text, size_t len)
{
    memcpy(out, text, len);
    return out + len;
}

/* Of a literal its length is known at compile time. */
static inline char *flash_bench_put_string(char *out, const char *string)
{
    return flash_bench_put(out, string, strlen(string));
}

/* In decimal. */
static inline char *flash_bench_put_number(char *out, uint64_t number)
{
    size_t digits = 1;
    for (uint64_t power = 10; number >= power && digits < FLASH_BENCH_DIGITS_MAX; power *= 10) {
        digits++;
    }
    for (char *at = out + digits; at > out; number /= 10) {
        *--at = (char)('0' + number % 10);
    }
    return out + digits;
}

#endif
