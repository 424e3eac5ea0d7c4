/* The buyer's routes: POST /v1/orders and GET /v1/orders/{id}. */
#ifndef ENGINE_ORDERS_H
#define ENGINE_ORDERS_H

#include "worker.h"

void flash_orders_post(struct flash_worker *worker, struct flash_request *request,
                       struct flash_text rest);
/* rest: the order id as it stands in the path. */
void flash_orders_get(struct flash_worker *worker, struct flash_request *request,
                      struct flash_text rest);

#endif
