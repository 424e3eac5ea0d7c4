/* How many requests a caller may make: a token bucket each, in a table of fixed size. Pure.
 *
 * A caller is a token's subject, or the address where there is none. When more callers come than
 * the table holds, the one of its bucket that was away longest is forgotten, and begins with a full
 * bucket if it returns. */
#ifndef ADMIN_LIMIT_H
#define ADMIN_LIMIT_H

#include "flash/ids.h"

#define FLASH_LIMIT_SETS 1024
#define FLASH_LIMIT_WAYS 4

struct flash_limit {
    int64_t rate, burst; /* requests a second, and at once; rate 0: no limit */
    uint8_t seed[32];    /* so that nobody can aim at another's place */
    struct flash_limit_row {
        uint64_t name;    /* 0: free */
        uint64_t seen_us; /* monotonic */
        int64_t micro;    /* millionths of requests that it has left */
    } rows[FLASH_LIMIT_SETS][FLASH_LIMIT_WAYS];
};

/* Error kind: RETRY (no randomness). */
FLASH_MUST_CHECK bool flash_limit_init(struct flash_limit *limit, int64_t rate, int64_t burst,
                                       struct flash_error *err);
/* Counts a request of caller, any bytes. 0: it may; else after so many seconds one may again. */
int64_t flash_limit_count(struct flash_limit *limit, struct flash_text caller, uint64_t now_us);

#endif
