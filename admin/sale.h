/* The jobs about sales: set one, and show it. */
#ifndef ADMIN_SALE_H
#define ADMIN_SALE_H

#include "job.h"

/* PUT /v1/sales/{sku}: form.sale into the ledger, then into Redis. 201 for the first, 200 for a
 * change or a repeat. */
void flash_sale_put(struct flash_job *job, struct flash_stores *stores);
/* GET /v1/sales/{sku} of job->sku. */
void flash_sale_show(struct flash_job *job, struct flash_stores *stores);

#endif
