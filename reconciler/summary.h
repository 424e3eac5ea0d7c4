/* The summary of a day: all stock at or under its threshold, told once a day from a set minute on,
 * by whichever reconciler comes first; also later that day, if none was there in time. Blocking;
 * one thread. */
#ifndef RECONCILER_SUMMARY_H
#define RECONCILER_SUMMARY_H

#include "flash/config.h"
#include "flash/error.h"
#include "flash/mysql.h"
#include "flash/zone.h"

struct flash_summary;

/* Settings are copied; mysql is (borrowed). Error kind: RETRY. */
FLASH_MUST_CHECK bool flash_summary_new(const struct flash_config *config,
                                        struct flash_mysql *mysql,
                                        struct flash_summary **ret_summary,
                                        struct flash_error *err);
/* NULL is fine. */
void flash_summary_free(struct flash_summary *summary);

/* Makes the summary if it is due at now_ms (wall clock) and none was made that day. The clock is
 * read in the zone that flash_zone_use set. Error kinds: those of flash_mysql_exec. */
FLASH_MUST_CHECK bool flash_summary_look(struct flash_summary *summary, int64_t now_ms,
                                         struct flash_error *err);

#endif
