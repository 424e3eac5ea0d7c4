/* The engine's routes as rows: method, path, handler; see routes.h. */
#include "routes.h"

#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "flash/http_ops.h"
#include "flash/time.h"
#include "orders.h"
#include "ready.h"
#include "sales.h"

struct route {
    enum flash_method method;
    const char *prefix; /* the whole path, or up to the last segment when it ends in '/' */
    void (*handle)(struct flash_worker *worker, struct flash_request *request,
                   struct flash_text rest);
};

/* Longer prefixes first, where one begins another. */
static const struct route public_routes[] = {
    {FLASH_METHOD_POST, "/v1/orders", flash_orders_post},
    {FLASH_METHOD_GET, "/v1/orders/", flash_orders_get},
    {FLASH_METHOD_GET, "/v1/sales/", flash_sales_get},
    {FLASH_METHOD_POST, "/inventory/check/batch", flash_sales_check_batch},
    {FLASH_METHOD_GET, "/inventory/check/", flash_sales_check},
};

/* Whether path is the route's; *ret_rest is the last segment, not empty, for those that take one. */
static bool matches(const struct route *route, struct flash_text path, struct flash_text *ret_rest)
{
    size_t len = strlen(route->prefix);
    if (path.len < len || memcmp(path.at, route->prefix, len) != 0) {
        return false;
    }
    *ret_rest = (struct flash_text){path.at + len, path.len - len};
    if (route->prefix[len - 1] != '/') {
        return ret_rest->len == 0;
    }
    return ret_rest->len > 0 && !memchr(ret_rest->at, '/', ret_rest->len);
}

static bool method_fits(const struct route *route, enum flash_method method)
{
    return route->method == method ||
           (route->method == FLASH_METHOD_GET && method == FLASH_METHOD_HEAD);
}

void flash_routes_public(struct flash_request *request, void *arg)
{
    struct flash_worker *worker = arg;
    struct flash_text path = flash_request_path(request), rest;
    bool known = false;
    worker->now_us = flash_request_received_us(request);
    for (size_t i = 0; i < sizeof(public_routes) / sizeof(public_routes[0]); i++) {
        const struct route *route = &public_routes[i];
        if (matches(route, path, &rest)) {
            if (method_fits(route, flash_request_method(request))) {
                route->handle(worker, request, rest);
                return;
            }
            known = true;
        }
    }
    flash_answer_refuse(request, known ? FLASH_REFUSE_METHOD : FLASH_REFUSE_NO_ROUTE, NULL);
}

void flash_routes_internal(struct flash_request *request, void *arg)
{
    struct flash_worker *worker = arg;
    struct flash_ops ops = {
        .daemon = "flash-engine", .fill = flash_ready_parts, .arg = worker->engine};
    flash_ready_gauges(worker->engine);
    if (!flash_ops_handle(request, &ops)) {
        flash_answer_refuse(request, FLASH_REFUSE_NO_ROUTE, NULL);
    }
}
