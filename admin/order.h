/* The job about one order: its row in the ledger, and the verdict on the entry that made it. */
#ifndef ADMIN_ORDER_H
#define ADMIN_ORDER_H

#include "job.h"

/* GET /v1/orders/{id} of form.order_id. */
void flash_order_show(struct flash_job *job, struct flash_stores *stores);

#endif
