/* The back office's routes: who may ask what, and which job does it. */
#ifndef ADMIN_ROUTES_H
#define ADMIN_ROUTES_H

#include "flash/http_auth.h"
#include "flash/http_ops.h"
#include "limit.h"
#include "live.h"
#include "pages.h"
#include "workers.h"

struct flash_routes {
    struct flash_http_auth auth;
    struct flash_ops ops;
    struct flash_limit limit;
    struct flash_workers *workers; /* (borrowed) */
    struct flash_pipeline pipeline;
    struct flash_live live;
    struct flash_files *pages; /* owned by the daemon */
};

/* A flash_http_handler; arg is a struct flash_routes. */
void flash_routes_handle(struct flash_request *request, void *arg);

#endif
