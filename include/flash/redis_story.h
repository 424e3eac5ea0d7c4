/* What Redis has of an order: its record, and the entries of the journal it is in. */
#ifndef FLASH_REDIS_STORY_H
#define FLASH_REDIS_STORY_H

#include "flash/redis_sync.h"
#include "flash/story.h"

/* A flash_story_reader; redis is a struct flash_redis_sync. Error kinds: as flash_redis_sync_call;
 * DATA (the record is none). */
FLASH_MUST_CHECK bool flash_story_from_redis(struct flash_story *story, void *redis,
                                             struct flash_error *err);

#endif
