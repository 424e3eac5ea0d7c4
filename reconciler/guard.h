/* How many entries a pass may compensate (DESIGN §9.5). Pure.
 *
 * A reconciler that gives up many orders at once is more likely mistaken than right: a wrong
 * clock, a ledger restored to yesterday, a consumer that stands still. */
#ifndef RECONCILER_GUARD_H
#define RECONCILER_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flash_guard_limits {
    int percent; /* of the pass' entries, at most */
    int floor;   /* entries that are no alarm, whatever their share */
    int entries; /* entries at most, whatever their share */
};

struct flash_guard_facts {
    int64_t wanted;    /* entries that are to be compensated */
    int64_t entries;   /* entries the pass has compared */
    bool ledger_sound; /* it answered in this pass, and takes writes */
    bool consumer_moves;
    int64_t forced; /* how many the operator lets through; 0: none */
    bool unproven;  /* of these the operator's word stands for the proof: no more than forced */
};

struct flash_guard_word {
    int64_t allowed;  /* of the wanted */
    bool stopped;     /* some are held back, or would be */
    char reason[160]; /* why, also when they were forced; "" if there was none */
};

void flash_guard_decide(const struct flash_guard_limits *limits,
                        const struct flash_guard_facts *facts, struct flash_guard_word *ret_word);

#endif
