/* What the ledger has of an order: its row, log rows, refunds, findings, and the verdicts of its
 * entries. */
#ifndef FLASH_MYSQL_STORY_H
#define FLASH_MYSQL_STORY_H

#include "flash/mysql.h"
#include "flash/story.h"

/* A flash_story_reader; mysql is a struct flash_mysql. Error kinds: as flash_mysql_query. */
FLASH_MUST_CHECK bool flash_story_from_ledger(struct flash_story *story, void *mysql,
                                              struct flash_error *err);

#endif
