/* The table of SKUs of one worker: a seeded hash over a fixed pool; see sku.h. */
#include "sku.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS 131072 /* power of two */
#define TRIES 16       /* entries looked at for one to be reused, */
#define TRIES_FULL 256 /* and when there are no others */

struct flash_sku_table {
    uint64_t seed;
    struct flash_sku *buckets[BUCKETS];
    struct flash_sku *pool[FLASH_SKUS_MAX];
    int used;
    int hand; /* where the search for a reusable entry goes on */
};

_Static_assert((BUCKETS & (BUCKETS - 1)) == 0, "buckets are masked");

struct flash_sku_table *flash_sku_table_new(void)
{
    struct flash_sku_table *table = calloc(1, sizeof(*table));
    if (table && getrandom(&table->seed, sizeof(table->seed), 0) != sizeof(table->seed)) {
        free(table);
        return NULL;
    }
    return table;
}

void flash_sku_table_free(struct flash_sku_table *table)
{
    for (int i = 0; table && i < table->used; i++) {
        free(table->pool[i]);
    }
    free(table);
}

static struct flash_sku **bucket(struct flash_sku_table *table, int64_t sku)
{
    uint64_t hash = ((uint64_t)sku ^ table->seed) * 0x9e3779b97f4a7c15u;
    hash = (hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9u;
    return &table->buckets[(hash >> 32) & (BUCKETS - 1)];
}

static bool reusable(const struct flash_sku *sku, uint64_t kept_us, uint64_t now_us)
{
    for (int kind = 0; kind < FLASH_CHANGE_COUNT; kind++) {
        if (sku->changes[kind].in_flight || sku->changes[kind].count) {
            return false;
        }
    }
    bool idle = !sku->orders.in_flight && !sku->reads.in_flight && !sku->orders.count &&
                !sku->reads.count && TAILQ_EMPTY(&sku->watchers) && !sku->dirty;
    bool never_there = sku->known != FLASH_SKU_PRESENT && !sku->generation;
    return idle && never_there && now_us - sku->asked_us >= kept_us;
}

static void unlink_entry(struct flash_sku_table *table, struct flash_sku *sku)
{
    struct flash_sku **link = bucket(table, sku->id);
    while (*link != sku) {
        link = &(*link)->next_in_bucket;
    }
    *link = sku->next_in_bucket;
}

static struct flash_sku *take_entry(struct flash_sku_table *table, uint64_t now_us)
{
    bool full = table->used == FLASH_SKUS_MAX; /* what is absent is then asked for again */
    int most = full ? TRIES_FULL : TRIES;
    for (int tries = 0; tries < most && tries < table->used; tries++) {
        table->hand = (table->hand + 1) % table->used;
        struct flash_sku *sku = table->pool[table->hand];
        if (reusable(sku, full ? 0 : FLASH_SKU_BELIEVED_US, now_us)) {
            unlink_entry(table, sku);
            memset(sku, 0, sizeof(*sku));
            return sku;
        }
    }
    if (full) {
        return NULL;
    }
    struct flash_sku *sku = calloc(1, sizeof(*sku));
    if (sku) {
        table->pool[table->used++] = sku;
    }
    return sku;
}

struct flash_sku *flash_sku_find(struct flash_sku_table *table, int64_t id, uint64_t now_us)
{
    struct flash_sku **head = bucket(table, id);
    struct flash_sku *sku = *head;
    while (sku && sku->id != id) {
        sku = sku->next_in_bucket;
    }
    if (!sku) {
        sku = take_entry(table, now_us);
        if (!sku) {
            return NULL;
        }
        sku->id = id;
        TAILQ_INIT(&sku->watchers);
        sku->next_in_bucket = *head;
        *head = sku;
    }
    sku->used_us = now_us;
    return sku;
}

struct flash_sku *flash_sku_at(struct flash_sku_table *table, int i)
{
    return i < table->used ? table->pool[i] : NULL;
}
