/* The shop's two pages: GET / for a sale, GET /orders/{id} for an order. They know no more than any
 * other client: what they show comes by the routes of docs/API.md. */
#ifndef ENGINE_PAGES_H
#define ENGINE_PAGES_H

#include "flash/http_files.h"
#include "worker.h"

/* Error kind: RETRY (no memory). */
FLASH_MUST_CHECK bool flash_pages_new(struct flash_files **ret_pages, struct flash_error *err);
/* GET / and what the pages name; 404 for others. */
void flash_pages_file(struct flash_worker *worker, struct flash_request *request,
                      struct flash_text name);
/* GET /orders/{id}: the same page for every order. */
void flash_pages_order(struct flash_worker *worker, struct flash_request *request,
                       struct flash_text id);

#endif
