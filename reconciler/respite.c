/* Which SKUs are left in peace, and for how long; see respite.h. */
#include "respite.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_FIRST_US 4000000 /* short: what refused them all may be the server, and pass */
#define WAIT_MAX_US 256000000

void flash_respite_finish(struct flash_respite *respite)
{
    free(respite->skus);
    *respite = (struct flash_respite){0};
}

static int by_sku(const void *a, const void *b)
{
    int64_t x = ((const struct flash_respite_sku *)a)->sku;
    int64_t y = ((const struct flash_respite_sku *)b)->sku;
    return x < y ? -1 : x > y;
}

static struct flash_respite_sku *noted(const struct flash_respite *respite, int64_t sku)
{
    const struct flash_respite_sku key = {.sku = sku};
    return respite->count ? bsearch(&key, respite->skus, respite->count, sizeof(key), by_sku)
                          : NULL;
}

static size_t count_broken(const struct flash_sight *sight)
{
    size_t count = 0;
    for (size_t i = 0; i < sight->count; i++) {
        count += sight->skus[i].broken;
    }
    return count;
}

void flash_respite_begin(struct flash_respite *respite, const struct flash_sight *sight,
                         uint64_t now_us)
{
    struct flash_respite next = {.wait_us = WAIT_FIRST_US};
    size_t broken = count_broken(sight);
    bool same = strcmp(respite->run_id, sight->run_id) == 0;
    next.skus = broken ? calloc(broken, sizeof(*next.skus)) : NULL;
    for (size_t i = 0; next.skus && i < sight->count; i++) {
        if (sight->skus[i].broken) {
            same = same && noted(respite, sight->skus[i].sku);
            next.skus[next.count++].sku = sight->skus[i].sku;
        }
    }
    if (same && respite->wait_us > 0) {
        next.wait_us = respite->wait_us < WAIT_MAX_US / 2 ? respite->wait_us * 2 : WAIT_MAX_US;
    }
    next.until_us = now_us + next.wait_us;
    memcpy(next.run_id, sight->run_id, sizeof(next.run_id));
    flash_respite_finish(respite);
    if (next.count > 0) {
        *respite = next;
    }
}

static bool may_wait(const struct flash_respite *respite, const struct flash_sight_sku *sku)
{
    struct flash_respite_sku *known = noted(respite, sku->sku);
    if (!known || (known->need != FLASH_NEED_NOTHING && known->need != sku->need)) {
        return false;
    }
    known->need = sku->need;
    return true;
}

bool flash_respite_holds(struct flash_respite *respite, const struct flash_sight *sight,
                         uint64_t now_us)
{
    bool holds = now_us < respite->until_us && strcmp(respite->run_id, sight->run_id) == 0;
    for (size_t i = 0; holds && i < sight->count; i++) {
        const struct flash_sight_sku *sku = &sight->skus[i];
        holds = sku->need == FLASH_NEED_NOTHING || may_wait(respite, sku);
    }
    return holds;
}
