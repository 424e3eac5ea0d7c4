/* What the readers of a story share; see story.h. */
#ifndef RECONCILER_STORY_INTERNAL_H
#define RECONCILER_STORY_INTERNAL_H

#include "flash/entry.h"
#include "story.h"

/* Adds a step, with its detail formatted; NULL, cut set, when there is no room. */
__attribute__((format(printf, 3, 4))) struct flash_story_step *
flash_story_add(struct flash_story *story, const struct flash_story_step *step, const char *format,
                ...);

/* The order's record, and the entries of the journal it is in. */
FLASH_MUST_CHECK bool flash_story_read_record(struct flash_story *story,
                                              struct flash_redis_sync *redis,
                                              struct flash_error *err);
FLASH_MUST_CHECK bool flash_story_read_journal(struct flash_story *story,
                                               struct flash_redis_sync *redis,
                                               struct flash_error *err);
/* All that the ledger has of it, the verdicts of the entries met so far too. */
FLASH_MUST_CHECK bool flash_story_read_ledger(struct flash_story *story, struct flash_mysql *mysql,
                                              struct flash_error *err);

static inline struct flash_story_step flash_story_step_of(const char *store, const char *what,
                                                          enum flash_story_step_state state)
{
    return (struct flash_story_step){
        .store = store, .what = what, .state = state, .partition = -1, .offset = -1};
}

#endif
