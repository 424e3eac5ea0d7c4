/* The jobs that have flash-reconciler work now, without waiting for its own next pass. */
#ifndef ADMIN_PASS_H
#define ADMIN_PASS_H

#include "job.h"

/* POST /inventory/cleanup-expired: one pass of the reconciler, and what it did. Slow. */
void flash_pass_run(struct flash_job *job, struct flash_stores *stores);

/* POST /v1/reconcile/runs: asks for a pass over the journals, and does not wait for it: 202. Slow,
 * as whoever is asked may be. */
void flash_pass_reconcile(struct flash_job *job, struct flash_stores *stores);

#endif
