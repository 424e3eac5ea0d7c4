/* The jobs about refunds: payments that came too late and have to be given back (DESIGN §4). Rows
 * are written by the consumer; here they are listed, and marked done once somebody has paid back.
 */
#ifndef ADMIN_REFUND_H
#define ADMIN_REFUND_H

#include "job.h"

/* GET /v1/refunds by form.refunds. */
void flash_refund_list(struct flash_job *job, struct flash_stores *stores);
/* POST …/done of form.refund: 200 for the first and for each repeat with the same reference. */
void flash_refund_done(struct flash_job *job, struct flash_stores *stores);

#endif
