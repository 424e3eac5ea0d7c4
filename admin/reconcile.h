/* The jobs about the reconciler's record: its runs and findings, as pages of rows in JSON or CSV.
 * They are written by flash-reconciler; here they are read. */
#ifndef ADMIN_RECONCILE_H
#define ADMIN_RECONCILE_H

#include "job.h"

/* GET /v1/reconcile/runs by form.reconcile. */
void flash_reconcile_runs(struct flash_job *job, struct flash_stores *stores);
/* GET /v1/reconcile/runs/{id} of form.reconcile.run. */
void flash_reconcile_run(struct flash_job *job, struct flash_stores *stores);
/* GET /v1/reconcile/findings by form.reconcile. */
void flash_reconcile_findings(struct flash_job *job, struct flash_stores *stores);

#endif
