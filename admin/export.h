/* Answers of any length: a job is run again and again, and each piece it makes is written once the
 * client has taken the one before. So an export holds one piece in memory, whoever reads it how
 * slowly, and no worker while it waits. */
#ifndef ADMIN_EXPORT_H
#define ADMIN_EXPORT_H

#include "workers.h"

/* Whether job's answer is the first of several pieces. */
bool flash_export_wanted(const struct flash_job *job);
/* Takes job, which is over and whose request is not answered, over: answers with its pieces, or
 * refuses it when too many are under way. Its answers are cut off (not ended) when the ledger fails
 * half-way or the daemon stops. On the loop's thread. */
void flash_export_begin(struct flash_workers *workers, struct flash_job *job);

#endif
