/* What the reconciler's listener serves: the four operations routes, and passes that are asked for.
 */
#ifndef RECONCILER_ROUTES_H
#define RECONCILER_ROUTES_H

#include "asks.h"
#include "flash/http_auth.h"
#include "flash/http_ops.h"
#include "reconcile_duty.h"

struct flash_routes {
    struct flash_ops ops;
    struct flash_http_auth auth;
    struct flash_asks *asks;                     /* (borrowed) */
    struct flash_duty *expiry_duty;              /* (borrowed) */
    struct flash_reconcile_duty *reconcile_duty; /* (borrowed) */
};

/* The listener's handler; arg is a struct flash_routes. */
void flash_routes_handle(struct flash_request *request, void *arg);

#endif
