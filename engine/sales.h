/* The routes about stock on sale: GET /v1/sales/{sku}, GET /inventory/check/{id}, POST
 * /inventory/check/batch. */
#ifndef ENGINE_SALES_H
#define ENGINE_SALES_H

#include "worker.h"

void flash_sales_get(struct flash_worker *worker, struct flash_request *request,
                     struct flash_text rest);
void flash_sales_check(struct flash_worker *worker, struct flash_request *request,
                       struct flash_text rest);
void flash_sales_check_batch(struct flash_worker *worker, struct flash_request *request,
                             struct flash_text rest);

#endif
