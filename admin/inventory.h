/* The jobs that list stock. */
#ifndef ADMIN_INVENTORY_H
#define ADMIN_INVENTORY_H

#include "job.h"

/* GET /inventory, GET /inventory/low-stock: form.list. Each row is what the ledger has of the SKU
 * at one instant, and so are all rows of a page. */
void flash_inventory_list(struct flash_job *job, struct flash_stores *stores);

#endif
