/* The map from hashes to numbers: open addressing, at most half full; see audit_set.h. */
#include "audit_set.h"

#include <stdlib.h>

#define CAPACITY_MIN 1024

struct flash_audit_slot {
    uint64_t key; /* 0: free */
    int64_t number;
};

uint64_t flash_audit_hash(struct flash_text name)
{
    uint64_t hash = 0xcbf29ce484222325ULL;
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ (uint8_t)name.at[i]) * 0x100000001b3ULL;
    }
    hash ^= hash >> 32;
    hash *= 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 29;
    return hash ? hash : 1;
}

static struct flash_audit_slot *place(const struct flash_audit_set *set, uint64_t key)
{
    size_t mask = set->capacity - 1, i = key & mask;
    while (set->slots[i].key != 0 && set->slots[i].key != key) {
        i = (i + 1) & mask;
    }
    return &set->slots[i];
}

static bool grow(struct flash_audit_set *set)
{
    struct flash_audit_set wider = {.count = set->count};
    wider.capacity = set->capacity ? 2 * set->capacity : CAPACITY_MIN;
    if (set->count >= FLASH_AUDIT_SET_MAX ||
        !(wider.slots = calloc(wider.capacity, sizeof(*wider.slots)))) {
        set->full = true;
        return false;
    }
    for (size_t i = 0; i < set->capacity; i++) {
        if (set->slots[i].key) {
            *place(&wider, set->slots[i].key) = set->slots[i];
        }
    }
    free(set->slots);
    *set = wider;
    return true;
}

int64_t *flash_audit_set_get(struct flash_audit_set *set, uint64_t key, bool *ret_new)
{
    if (2 * (set->count + 1) > set->capacity && !grow(set)) {
        return NULL;
    }
    struct flash_audit_slot *slot = place(set, key);
    if (ret_new) {
        *ret_new = slot->key == 0;
    }
    set->count += slot->key == 0;
    slot->key = key;
    return &slot->number;
}

int64_t *flash_audit_set_find(const struct flash_audit_set *set, uint64_t key)
{
    if (set->count == 0) {
        return NULL;
    }
    struct flash_audit_slot *slot = place(set, key);
    return slot->key ? &slot->number : NULL;
}

bool flash_audit_set_next(const struct flash_audit_set *set, size_t *at, uint64_t *ret_key,
                          int64_t *ret_number)
{
    while (*at < set->capacity && set->slots[*at].key == 0) {
        ++*at;
    }
    if (*at >= set->capacity) {
        return false;
    }
    *ret_key = set->slots[*at].key;
    *ret_number = set->slots[*at].number;
    ++*at;
    return true;
}

bool flash_audit_set_any(const struct flash_audit_set *set)
{
    size_t at = 0;
    uint64_t key;
    int64_t number = 0;
    while (number == 0 && flash_audit_set_next(set, &at, &key, &number)) {
    }
    return number != 0;
}

void flash_audit_set_finish(struct flash_audit_set *set)
{
    free(set->slots);
    *set = (struct flash_audit_set){0};
}
