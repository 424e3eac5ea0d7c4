/* The engine's routes as rows: method, path, handler; see routes.h. */
#include "routes.h"

#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "flash/http_ops.h"
#include "inventory.h"
#include "orders.h"
#include "pages.h"
#include "ready.h"
#include "sales.h"

#define ALLOW_MAX 64 /* bytes: a header line of a few methods */

struct route {
    enum flash_method method;
    const char
        *prefix; /* the whole path, or what stands before its variable part when it ends in '/' */
    const char *suffix; /* what stands after the variable part, or NULL */
    int slashes;        /* in the variable part; -1: there is none, the path ends there */
    void (*handle)(struct flash_worker *worker, struct flash_request *request,
                   struct flash_text rest);
};

/* Where one row's pattern holds paths of another's, the narrower stands first. */
static const struct route public_routes[] = {
    {FLASH_METHOD_POST, "/v1/orders", NULL, 0, flash_orders_post},
    {FLASH_METHOD_POST, "/v1/orders/", "/cancel", 0, flash_orders_cancel},
    {FLASH_METHOD_GET, "/v1/orders/", "/events", 0, flash_orders_events},
    {FLASH_METHOD_GET, "/v1/orders/", NULL, 0, flash_orders_get},
    {FLASH_METHOD_GET, "/v1/sales/", NULL, 0, flash_sales_get},
    {FLASH_METHOD_POST, "/inventory/check/batch", NULL, 0, flash_sales_check_batch},
    {FLASH_METHOD_GET, "/inventory/check/", NULL, 0, flash_sales_check},
    {FLASH_METHOD_GET, "/orders/", NULL, 0, flash_pages_order},
    {FLASH_METHOD_GET, "/assets/", NULL, 0, flash_pages_file},
    {FLASH_METHOD_GET, "/", NULL, -1, flash_pages_file},
};

static const struct route internal_routes[] = {
    {FLASH_METHOD_POST, "/v1/orders/", "/pay", 0, flash_inventory_pay},
    {FLASH_METHOD_POST, "/inventory/reserve/batch", NULL, 0, flash_inventory_reserve_batch},
    {FLASH_METHOD_POST, "/inventory/reserve", NULL, 0, flash_inventory_reserve},
    {FLASH_METHOD_POST, "/inventory/release", NULL, 0, flash_inventory_release},
    {FLASH_METHOD_POST, "/inventory/deduct", NULL, 0, flash_inventory_deduct},
    {FLASH_METHOD_GET, "/inventory/reservations/", NULL, 1, flash_inventory_reservation},
};

static int count_slashes(struct flash_text text)
{
    int count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += text.at[i] == '/';
    }
    return count;
}

/* Whether path is the route's; *ret_rest is its variable part, not empty, for those that have one.
 */
static bool matches(const struct route *route, struct flash_text path, struct flash_text *ret_rest)
{
    size_t len = strlen(route->prefix), tail = route->suffix ? strlen(route->suffix) : 0;
    if (path.len < len + tail || memcmp(path.at, route->prefix, len) != 0 ||
        (tail && memcmp(path.at + path.len - tail, route->suffix, tail) != 0)) {
        return false;
    }
    *ret_rest = (struct flash_text){path.at + len, path.len - len - tail};
    if (route->prefix[len - 1] != '/') {
        return ret_rest->len == 0;
    }
    return route->slashes < 0 ? ret_rest->len == 0
                              : ret_rest->len > 0 && count_slashes(*ret_rest) == route->slashes;
}

static bool method_fits(const struct route *route, enum flash_method method)
{
    return route->method == method ||
           (route->method == FLASH_METHOD_GET && method == FLASH_METHOD_HEAD);
}

/* Adds the row's method to the line of those the path knows. */
static void allow_method(char allow[ALLOW_MAX], enum flash_method method)
{
    static const char *const names[] = {
        [FLASH_METHOD_GET] = "GET, HEAD",
        [FLASH_METHOD_POST] = "POST",
    };
    size_t len = strlen(allow);
    snprintf(allow + len, ALLOW_MAX - len, "%s%s", len ? ", " : "Allow: ", names[method]);
}

static void refuse(struct flash_request *request, char allow[ALLOW_MAX])
{
    if (!allow[0]) {
        flash_answer_refuse(request, FLASH_REFUSE_NO_ROUTE, NULL);
        return;
    }
    size_t len = strlen(allow);
    snprintf(allow + len, ALLOW_MAX - len, "\r\n");
    flash_answer_wrong_method(request, allow);
}

/* Calls the handler of the request's route, or answers that there is none. */
static void dispatch(struct flash_worker *worker, struct flash_request *request,
                     const struct route *routes, size_t count)
{
    struct flash_text path = flash_request_path(request), rest;
    char allow[ALLOW_MAX] = "";
    uint64_t received_us = flash_request_received_us(request);
    worker->now_us = received_us > worker->now_us ? received_us : worker->now_us;
    for (size_t i = 0; i < count; i++) {
        if (!matches(&routes[i], path, &rest)) {
            continue;
        }
        if (method_fits(&routes[i], flash_request_method(request))) {
            routes[i].handle(worker, request, rest);
            return;
        }
        allow_method(allow, routes[i].method);
    }
    refuse(request, allow);
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

void flash_routes_public(struct flash_request *request, void *arg)
{
    dispatch(arg, request, public_routes, COUNT(public_routes));
}

void flash_routes_internal(struct flash_request *request, void *arg)
{
    struct flash_worker *worker = arg;
    struct flash_ops ops = {.daemon = "flash-engine", .fill = flash_ready_parts, .arg = worker};
    flash_ready_gauges(worker->engine);
    if (!flash_ops_handle(request, &ops)) {
        dispatch(worker, request, internal_routes, COUNT(internal_routes));
    }
}
