/* The buyer's routes: POST /v1/orders, GET /v1/orders/{id}, POST /v1/orders/{id}/cancel. */
#ifndef ENGINE_ORDERS_H
#define ENGINE_ORDERS_H

#include "worker.h"

void flash_orders_post(struct flash_worker *worker, struct flash_request *request,
                       struct flash_text rest);
/* rest: the order id as it stands in the path. */
void flash_orders_get(struct flash_worker *worker, struct flash_request *request,
                      struct flash_text rest);
/* GET …/events: the same order as a stream of its changes. */
void flash_orders_events(struct flash_worker *worker, struct flash_request *request,
                         struct flash_text rest);
/* POST …/cancel: the buyer's own order. */
void flash_orders_cancel(struct flash_worker *worker, struct flash_request *request,
                         struct flash_text rest);

#endif
