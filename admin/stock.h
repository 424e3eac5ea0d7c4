/* The jobs about stock: a new SKU, and what there is of one. */
#ifndef ADMIN_STOCK_H
#define ADMIN_STOCK_H

#include "job.h"

/* POST /inventory: form.stock into the ledger, then the SKU into Redis. 201, 200 for a repeat. */
void flash_stock_create(struct flash_job *job, struct flash_stores *stores);
/* GET /inventory/product/{id} of job->sku. */
void flash_stock_show(struct flash_job *job, struct flash_stores *stores);

#endif
