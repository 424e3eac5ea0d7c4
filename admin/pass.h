/* The job that has what is due expired now, without waiting for the reconciler's own next pass. */
#ifndef ADMIN_PASS_H
#define ADMIN_PASS_H

#include "job.h"

/* POST /inventory/cleanup-expired: one pass of the reconciler, and what it did. Slow. */
void flash_pass_run(struct flash_job *job, struct flash_stores *stores);

#endif
