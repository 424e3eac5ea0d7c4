/* The guard's decision; see guard.h. */
#include "guard.h"

#include <stdio.h>

static bool too_many(const struct flash_guard_limits *limits, const struct flash_guard_facts *facts,
                     struct flash_guard_word *word)
{
    if (facts->unproven) {
        snprintf(word->reason, sizeof(word->reason),
                 "%lld entries are not proven lost, the operator gives up %lld",
                 (long long)facts->wanted, (long long)facts->forced);
        return true;
    }
    if (facts->wanted > limits->entries) {
        snprintf(word->reason, sizeof(word->reason),
                 "%lld entries are to be compensated, %d are allowed in a pass",
                 (long long)facts->wanted, limits->entries);
        return true;
    }
    if (facts->wanted > limits->floor && facts->wanted * 100 > facts->entries * limits->percent) {
        snprintf(word->reason, sizeof(word->reason),
                 "%lld of %lld entries are to be compensated, %d percent or %d are allowed",
                 (long long)facts->wanted, (long long)facts->entries, limits->percent,
                 limits->floor);
        return true;
    }
    return false;
}

/* What no force overrules: nothing could be compensated truthfully. */
static bool unsound(const struct flash_guard_facts *facts, struct flash_guard_word *word)
{
    if (facts->ledger_sound && (facts->consumer_moves || facts->unproven)) {
        return false;
    }
    snprintf(word->reason, sizeof(word->reason), "%s",
             !facts->ledger_sound ? "the ledger takes no writes"
                                  : "the consumer does not move, though messages wait for it");
    return true;
}

void flash_guard_decide(const struct flash_guard_limits *limits,
                        const struct flash_guard_facts *facts, struct flash_guard_word *ret_word)
{
    *ret_word = (struct flash_guard_word){.allowed = facts->wanted};
    if (unsound(facts, ret_word)) {
        ret_word->allowed = 0;
        ret_word->stopped = true;
    } else if (too_many(limits, facts, ret_word)) {
        ret_word->allowed = facts->forced < facts->wanted ? facts->forced : facts->wanted;
        ret_word->stopped = ret_word->allowed < facts->wanted;
    }
}
