/* The job that lists sales. */
#ifndef ADMIN_SALES_H
#define ADMIN_SALES_H

#include "job.h"

/* GET /v1/sales: form.list. */
void flash_sales_list(struct flash_job *job, struct flash_stores *stores);

#endif
