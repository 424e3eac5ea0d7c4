/* The job that lists orders. */
#ifndef ADMIN_ORDERS_H
#define ADMIN_ORDERS_H

#include "job.h"

/* GET /v1/orders: form.list. A page may have fewer rows than its limit, even none, and a next one:
 * how many orders are looked at for it has an end, however few of them are wanted. */
void flash_orders_list(struct flash_job *job, struct flash_stores *stores);

#endif
