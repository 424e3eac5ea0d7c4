/* Buckets by the keyed hash of their callers; see limit.h. */
#include "limit.h"

#include <string.h>
#include <sys/random.h>

#include "flash/hmac.h"

#define MICRO 1000000

bool flash_limit_init(struct flash_limit *limit, int64_t rate, int64_t burst,
                      struct flash_error *err)
{
    memset(limit, 0, sizeof(*limit));
    limit->rate = rate;
    limit->burst = burst > rate ? burst : rate;
    if (getrandom(limit->seed, sizeof(limit->seed), 0) != (ssize_t)sizeof(limit->seed)) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "limit: no randomness");
    }
    return true;
}

/* Never 0. */
static uint64_t name_of(const struct flash_limit *limit, struct flash_text caller)
{
    uint8_t mac[FLASH_HMAC_BYTES] = {0};
    uint64_t name;
    const struct flash_text seed = {(const char *)limit->seed, sizeof(limit->seed)};
    (void)!flash_hmac_sha256(seed, caller, mac); /* out of memory: all callers are one */
    memcpy(&name, mac, sizeof(name));
    return name ? name : 1;
}

/* The caller's row; a new one has a full bucket. */
static struct flash_limit_row *row_of(struct flash_limit *limit, uint64_t name, uint64_t now_us)
{
    struct flash_limit_row *set = limit->rows[name % FLASH_LIMIT_SETS], *oldest = &set[0];
    for (int i = 0; i < FLASH_LIMIT_WAYS; i++) {
        if (set[i].name == name) {
            return &set[i];
        }
        oldest = set[i].seen_us < oldest->seen_us ? &set[i] : oldest;
    }
    *oldest = (struct flash_limit_row){name, now_us, limit->burst * MICRO};
    return oldest;
}

int64_t flash_limit_count(struct flash_limit *limit, struct flash_text caller, uint64_t now_us)
{
    if (limit->rate == 0) {
        return 0;
    }
    struct flash_limit_row *row = row_of(limit, name_of(limit, caller), now_us);
    int64_t full = limit->burst * MICRO;
    uint64_t away_us = now_us > row->seen_us ? now_us - row->seen_us : 0;
    uint64_t fills_us = (uint64_t)(full / limit->rate);
    row->micro = away_us >= fills_us ? full : row->micro + (int64_t)away_us * limit->rate;
    row->micro = row->micro > full ? full : row->micro;
    row->seen_us = now_us;
    if (row->micro < MICRO) {
        return (MICRO - row->micro + limit->rate * MICRO - 1) / (limit->rate * MICRO);
    }
    row->micro -= MICRO;
    return 0;
}
