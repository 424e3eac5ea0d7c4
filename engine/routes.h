/* The engine's routes: one table for the public listener, one for the internal. */
#ifndef ENGINE_ROUTES_H
#define ENGINE_ROUTES_H

#include "worker.h"

/* Handlers for flash_http_options; arg is the struct flash_worker. */
void flash_routes_public(struct flash_request *request, void *arg);
void flash_routes_internal(struct flash_request *request, void *arg);

#endif
