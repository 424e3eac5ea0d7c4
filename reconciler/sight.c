/* Redis and the ledger side by side; see sight.h.
 *
 * What a restart may have cost: a Redis that reads its AOF or RDB again, or an older copy of them,
 * comes back to a prefix of its history. Every script that makes an entry leaves its time in
 * `last`, so whatever ran after the restored `last` is lost, and what ran before is there, in
 * effect or in the journal. The lost is in Kafka, so the consumer is set back to it and tells Redis
 * again; only when the loss is older than the window, or some of it never was in Kafka (fenced), or
 * the state is not a prefix (absent, forgotten, a recovery that broke off), all the SKU's orders
 * are swept. A restart that lost nothing has nothing to replay and nothing to sweep. */
#include "sight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 64
#define SPREAD 1000 /* generations among which the clock chooses when it is behind */

void flash_sight_finish(struct flash_sight *sight)
{
    free(sight->skus);
    *sight = (struct flash_sight){0};
}

struct flash_sight_sku *flash_sight_add(struct flash_sight *sight)
{
    if (sight->count == sight->capacity) {
        size_t capacity = sight->capacity ? sight->capacity * 2 : CAPACITY_MIN;
        struct flash_sight_sku *skus = reallocarray(sight->skus, capacity, sizeof(*skus));
        if (!skus) {
            return NULL;
        }
        sight->skus = skus;
        sight->capacity = capacity;
    }
    struct flash_sight_sku *sku = &sight->skus[sight->count++];
    *sku = (struct flash_sight_sku){.partition = -1};
    return sku;
}

static int by_sku(const void *a, const void *b)
{
    int64_t x = ((const struct flash_sight_sku *)a)->sku;
    int64_t y = ((const struct flash_sight_sku *)b)->sku;
    return x < y ? -1 : x > y;
}

struct flash_sight_sku *flash_sight_find(const struct flash_sight *sight, int64_t sku)
{
    const struct flash_sight_sku key = {.sku = sku};
    return sight->count ? bsearch(&key, sight->skus, sight->count, sizeof(key), by_sku) : NULL;
}

void flash_sight_take_redis(struct flash_sight *sight, const struct flash_sight *from)
{
    memcpy(sight->run_id, from->run_id, sizeof(sight->run_id));
    for (size_t i = 0; i < from->count; i++) {
        struct flash_sight_sku *sku = flash_sight_find(sight, from->skus[i].sku);
        if (sku) {
            sku->redis = from->skus[i].redis;
        }
    }
}

void flash_sight_learn(struct flash_sight_sku *sku, const struct flash_redis_reply *look)
{
    struct flash_gate gate =
        flash_gate_parse(flash_redis_reply_text(flash_redis_reply_at(look, 2)));
    size_t len = gate.more.len < FLASH_GATE_RUN_ID ? gate.more.len : FLASH_GATE_RUN_ID;
    sku->redis.asked = true;
    sku->redis.present = flash_redis_reply_is(flash_redis_reply_at(look, 0), "OK");
    sku->redis.generation = flash_redis_reply_int(flash_redis_reply_at(look, 1));
    sku->redis.gate = gate.word;
    sku->redis.gate_generation = gate.generation;
    memcpy(sku->redis.gate_more, gate.more.at, len);
    sku->redis.gate_more[len] = '\0';
    sku->redis.inflow = flash_redis_reply_int(flash_redis_reply_at(look, 4));
    sku->redis.sale = flash_redis_reply_int(flash_redis_reply_at(look, 5));
    sku->redis.last_us = flash_redis_reply_int(flash_redis_reply_at(look, 6));
    sku->redis.beacon = flash_redis_reply_int(flash_redis_reply_at(look, 7));
}

/* ---- judgement ---- */

static enum flash_need judge(const struct flash_sight *sight, const struct flash_sight_sku *sku)
{
    bool open =
        sku->redis.gate == FLASH_GATE_OPEN && sku->redis.gate_generation == sku->redis.generation;
    /* Not by inflow or sale: a recovery cannot mend those, and would be due again at once. */
    bool ahead = sku->redis.generation > sight->generation || sku->redis.beacon > sight->beacon;
    const struct {
        bool holds;
        enum flash_need need;
    } rows[] = {
        {!sku->redis.asked, FLASH_NEED_NOTHING}, /* it is new: asked the next time */
        {!sku->redis.present, FLASH_NEED_ABSENT},
        {ahead, FLASH_NEED_LEDGER_BACK},
        {sku->redis.generation < sight->generation, FLASH_NEED_BEHIND},
        {!open, FLASH_NEED_CLOSED},
        {strcmp(sku->redis.gate_more, sight->run_id) != 0, FLASH_NEED_RESTARTED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].holds) {
            return rows[i].need;
        }
    }
    return FLASH_NEED_NOTHING;
}

int flash_sight_judge(struct flash_sight *sight, const struct flash_sight_wish *wish)
{
    static const bool swept[FLASH_NEED_COUNT] = {[FLASH_NEED_CLOSED] = true,
                                                 [FLASH_NEED_BEHIND] = true,
                                                 [FLASH_NEED_ABSENT] = true,
                                                 [FLASH_NEED_FORCED] = true};
    bool ledger_back = false;
    int needy = 0;
    for (size_t i = 0; i < sight->count; i++) {
        sight->skus[i].need = judge(sight, &sight->skus[i]);
        ledger_back |= sight->skus[i].need == FLASH_NEED_LEDGER_BACK;
    }
    for (size_t i = 0; i < sight->count; i++) {
        struct flash_sight_sku *sku = &sight->skus[i];
        bool meant = !wish->sku || wish->sku == sku->sku;
        if (!meant) {
            sku->need = FLASH_NEED_NOTHING;
        } else if (sku->need == FLASH_NEED_NOTHING && sku->redis.asked) {
            sku->need = wish->force   ? FLASH_NEED_FORCED
                        : ledger_back ? FLASH_NEED_LEDGER_BACK
                                      : FLASH_NEED_NOTHING;
        }
        sku->sweep = swept[sku->need];
        needy += sku->need != FLASH_NEED_NOTHING;
    }
    return needy;
}

bool flash_sight_waits(const struct flash_sight_sku *sku)
{
    return sku->need != FLASH_NEED_NOTHING && !sku->broken && !sku->opened;
}

void flash_sight_note_entry(struct flash_sight *sight, const struct flash_sight_entry *entry,
                            int64_t window_ms)
{
    struct flash_sight_sku *sku = flash_sight_find(sight, entry->sku);
    if (!sku || sku->need != FLASH_NEED_RESTARTED || entry->stream_us <= sku->redis.last_us) {
        return;
    }
    bool elsewhere = sku->lost > 0 && sku->partition != entry->partition;
    sku->offset = sku->lost == 0 || entry->offset < sku->offset ? entry->offset : sku->offset;
    sku->partition = elsewhere ? -1 : entry->partition;
    sku->lost_first_us = sku->lost == 0 || entry->stream_us < sku->lost_first_us
                             ? entry->stream_us
                             : sku->lost_first_us;
    sku->lost++;
    sku->lost_us = entry->stream_us > sku->lost_us ? entry->stream_us : sku->lost_us;
    sku->sweep |= sku->partition < 0 || sku->lost_us - sku->redis.last_us > window_ms * 1000;
}

int64_t flash_sight_safe_us(const struct flash_sight *sight, int64_t now_us)
{
    int64_t safe_us = 0;
    for (size_t i = 0; i < sight->count; i++) {
        const struct flash_sight_sku *sku = &sight->skus[i];
        bool counts = sku->need == FLASH_NEED_RESTARTED && sku->redis.last_us > safe_us &&
                      sku->redis.last_us <= now_us;
        safe_us = counts ? sku->redis.last_us : safe_us;
    }
    return safe_us;
}

int64_t flash_sight_next_generation(const struct flash_sight *sight, int64_t wall_us)
{
    int64_t highest = sight->generation;
    for (size_t i = 0; i < sight->count; i++) {
        int64_t here = sight->skus[i].redis.generation;
        highest = here > highest ? here : highest;
    }
    bool above = wall_us > highest && wall_us <= FLASH_GENERATION_MAX;
    return above ? wall_us : highest + 1 + wall_us % SPREAD;
}

int64_t flash_sight_next_beacon(const struct flash_sight *sight)
{
    int64_t highest = sight->beacon;
    for (size_t i = 0; i < sight->count; i++) {
        int64_t here = sight->skus[i].redis.beacon;
        highest = here > highest ? here : highest;
    }
    return highest + 1;
}

const char *flash_sight_gate_name(const struct flash_sight_sku *sku)
{
    static const char *const names[FLASH_RECOVER_GATE_COUNT] = {
        [FLASH_RECOVER_UNTRIED] = "not_caught_up", [FLASH_RECOVER_OLD_ENTRY] = "old_entry",
        [FLASH_RECOVER_NEGATIVE] = "negative",     [FLASH_RECOVER_GATE_GONE] = "gone",
        [FLASH_RECOVER_DAMAGED] = "damaged",       [FLASH_RECOVER_OPENED] = "open",
    };
    return sku->broken ? "damaged" : names[sku->gate];
}

const char *flash_need_name(enum flash_need need)
{
    static const char *const names[FLASH_NEED_COUNT] = {
        [FLASH_NEED_NOTHING] = "nothing", [FLASH_NEED_RESTARTED] = "restarted",
        [FLASH_NEED_CLOSED] = "closed",   [FLASH_NEED_BEHIND] = "behind",
        [FLASH_NEED_ABSENT] = "absent",   [FLASH_NEED_LEDGER_BACK] = "ledger_back",
        [FLASH_NEED_FORCED] = "forced",
    };
    return names[need];
}
