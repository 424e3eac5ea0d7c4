/* The job that tells an order's whole story: every step with its time, entry, place in Kafka and
 * rows of the ledger. */
#ifndef ADMIN_STORY_H
#define ADMIN_STORY_H

#include "job.h"

/* GET /v1/orders/{id}/story: form.order_id. */
void flash_story_run(struct flash_job *job, struct flash_stores *stores);

#endif
