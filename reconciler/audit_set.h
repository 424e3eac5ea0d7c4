/* A map from 64-bit hashes to numbers, which grows up to a limit; for sweeps over millions of
 * orders and users.
 *
 * Keys are hashes of names, so two names may share a place once in 2^64 pairs: what rests on it is
 * a suspicion, never a finding. */
#ifndef RECONCILER_AUDIT_SET_H
#define RECONCILER_AUDIT_SET_H

#include <stddef.h>

#include "flash/ids.h"

#define FLASH_AUDIT_SET_MAX (1u << 24) /* keys; 512 MiB */

/* Begin with all zero, end with flash_audit_set_finish. */
struct flash_audit_set {
    struct flash_audit_slot *slots;
    size_t count, capacity;
    bool full; /* a key found no room: FLASH_AUDIT_SET_MAX, or memory */
};

uint64_t flash_audit_hash(struct flash_text name);
/* The number of the key, which is made if need be, as 0; NULL: no room. *ret_new (may be NULL):
 * whether it was made. Good until the next key is made. */
int64_t *flash_audit_set_get(struct flash_audit_set *set, uint64_t key, bool *ret_new);
/* The number of the key, NULL if it is not there. */
int64_t *flash_audit_set_find(const struct flash_audit_set *set, uint64_t key);
/* Goes through all keys, in no order: *at is 0 first. False: that was all. */
bool flash_audit_set_next(const struct flash_audit_set *set, size_t *at, uint64_t *ret_key,
                          int64_t *ret_number);
/* Whether any number is not 0. */
bool flash_audit_set_any(const struct flash_audit_set *set);
void flash_audit_set_finish(struct flash_audit_set *set);

#endif
