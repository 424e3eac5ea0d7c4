/* Routes as rows: method, path, role, what is read from the request, what is run; see routes.h.
 *
 * Everything that can be refused without the ledger is refused here, on the loop's thread; the rest
 * becomes a job. */
#include "routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/json_body.h"
#include "flash/time.h"
#include "metrics.h"
#include "order.h"
#include "sale.h"
#include "stock.h"

/* Fills job's form from the request; rest is the path's last segment. *ret_detail may be set with a
 * refusal. */
typedef enum flash_refusal (*reader)(const struct flash_request *request, struct flash_text rest,
                                     struct flash_job *job, const char **ret_detail);

static enum flash_refusal read_stock(const struct flash_request *request, struct flash_text rest,
                                     struct flash_job *job, const char **ret_detail)
{
    (void)rest;
    if (!flash_json_body_declared(request)) {
        return FLASH_REFUSE_MEDIA_TYPE;
    }
    if (!flash_form_stock(flash_request_body(request), &job->form.stock, ret_detail)) {
        return FLASH_REFUSE_BAD_BODY;
    }
    job->sku = job->form.stock.sku;
    return FLASH_REFUSE_NOTHING;
}

static enum flash_refusal read_sku(const struct flash_request *request, struct flash_text rest,
                                   struct flash_job *job, const char **ret_detail)
{
    (void)request;
    (void)ret_detail;
    return flash_sku_parse(rest, &job->sku) ? FLASH_REFUSE_NOTHING : FLASH_REFUSE_UNKNOWN_SKU;
}

static enum flash_refusal read_sale(const struct flash_request *request, struct flash_text rest,
                                    struct flash_job *job, const char **ret_detail)
{
    if (!flash_sku_parse(rest, &job->sku)) {
        return FLASH_REFUSE_UNKNOWN_SKU;
    }
    if (!flash_json_body_declared(request)) {
        return FLASH_REFUSE_MEDIA_TYPE;
    }
    job->form.sale.match = flash_form_match(flash_request_header(request, "if-match"));
    return flash_form_sale(flash_request_body(request), &job->form.sale, ret_detail)
               ? FLASH_REFUSE_NOTHING
               : FLASH_REFUSE_BAD_BODY;
}

static enum flash_refusal read_order(const struct flash_request *request, struct flash_text rest,
                                     struct flash_job *job, const char **ret_detail)
{
    struct flash_text ref;
    (void)request;
    (void)ret_detail;
    if (!flash_form_order_id(rest, job->form.order_id)) {
        return FLASH_REFUSE_NO_ORDER;
    }
    struct flash_text id = {job->form.order_id, strlen(job->form.order_id)};
    return flash_order_id_parse(id, &job->sku, &ref) ? FLASH_REFUSE_NOTHING : FLASH_REFUSE_NO_ORDER;
}

static const struct route {
    enum flash_method method;
    const char *prefix;   /* the whole path, or up to the last segment when it ends in '/' */
    enum flash_role role; /* at least */
    reader read;
    void (*run)(struct flash_job *job, struct flash_stores *stores);
} routes[] = {
    {FLASH_METHOD_POST, "/inventory", FLASH_ROLE_ADMIN, read_stock, flash_stock_create},
    {FLASH_METHOD_GET, "/inventory/product/", FLASH_ROLE_OPS, read_sku, flash_stock_show},
    {FLASH_METHOD_GET, "/v1/sales/", FLASH_ROLE_OPS, read_sku, flash_sale_show},
    {FLASH_METHOD_PUT, "/v1/sales/", FLASH_ROLE_ADMIN, read_sale, flash_sale_put},
    {FLASH_METHOD_GET, "/v1/orders/", FLASH_ROLE_OPS, read_order, flash_order_show},
};

/* Whether path is the route's; *ret_rest is the last segment, not empty, for those that take one.
 */
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

static void over(struct flash_job *job)
{
    uint64_t took_us = flash_time_monotonic_us() - flash_request_received_us(job->request);
    flash_metric_observe_us(&flash_admin_metrics[METRIC_JOB_LATENCY], took_us);
    flash_answer_give(job->request, &job->answer);
    free(job);
}

/* Who asks, written into the job; NOTHING if they may. */
static enum flash_refusal admit(struct flash_routes *all, const struct route *route,
                                struct flash_job *job, int64_t *ret_sku)
{
    static const enum flash_refusal refusals[] = {
        [FLASH_HTTP_AUTH_KNOWN] = FLASH_REFUSE_NOTHING,
        [FLASH_HTTP_AUTH_UNAUTHORIZED] = FLASH_REFUSE_UNAUTHORIZED,
        [FLASH_HTTP_AUTH_BAD_USER] = FLASH_REFUSE_BAD_USER,
        [FLASH_HTTP_AUTH_NO_MEMORY] = FLASH_REFUSE_OVERLOADED,
    };
    const struct flash_claims *claims = NULL;
    enum flash_refusal refusal =
        refusals[flash_http_auth_claims(&all->auth, job->request, &claims)];
    if (refusal != FLASH_REFUSE_NOTHING) {
        return refusal;
    }
    job->caller.role = claims->role;
    *ret_sku = claims->sku;
    snprintf(job->caller.operator, sizeof(job->caller.operator), "%s",
             claims->sub[0] ? claims->sub : "unknown");
    snprintf(job->caller.request_id, sizeof(job->caller.request_id), "%s",
             flash_request_id(job->request));
    return claims->role >= route->role ? FLASH_REFUSE_NOTHING : FLASH_REFUSE_FORBIDDEN;
}

static void start(struct flash_routes *all, const struct route *route,
                  struct flash_request *request, struct flash_text rest)
{
    const char *detail = NULL;
    int64_t token_sku = 0;
    struct flash_job *job = calloc(1, sizeof(*job));
    if (!job) {
        flash_answer_refuse(request, FLASH_REFUSE_OVERLOADED, NULL, NULL);
        return;
    }
    job->request = request;
    job->run = route->run;
    job->over = over;
    enum flash_refusal refusal = admit(all, route, job, &token_sku);
    if (refusal == FLASH_REFUSE_NOTHING) {
        refusal = route->read(request, rest, job, &detail);
    }
    if (refusal == FLASH_REFUSE_NOTHING && token_sku && token_sku != job->sku) {
        refusal = FLASH_REFUSE_WRONG_SALE;
    }
    if (refusal == FLASH_REFUSE_NOTHING && !flash_workers_submit(all->workers, job)) {
        refusal = FLASH_REFUSE_OVERLOADED;
    }
    if (refusal != FLASH_REFUSE_NOTHING) {
        free(job);
        flash_answer_refuse(request, refusal, detail, NULL);
    }
}

void flash_routes_handle(struct flash_request *request, void *arg)
{
    struct flash_routes *all = arg;
    struct flash_text path = flash_request_path(request), rest;
    char allow[64] = "Allow: ";
    const char *known = NULL;
    if (flash_ops_handle(request, &all->ops)) {
        return;
    }
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        const struct route *route = &routes[i];
        if (!matches(route, path, &rest)) {
            continue;
        }
        if (method_fits(route, flash_request_method(request))) {
            start(all, route, request, rest);
            return;
        }
        static const char *const names[] = {"GET, HEAD", "", "POST", "PUT"}; /* enum flash_method */
        snprintf(allow + strlen(allow), sizeof(allow) - strlen(allow), "%s%s", known ? ", " : "",
                 names[route->method]);
        known = route->prefix;
    }
    snprintf(allow + strlen(allow), sizeof(allow) - strlen(allow), "\r\n");
    flash_answer_refuse(request, known ? FLASH_REFUSE_METHOD : FLASH_REFUSE_NO_ROUTE, NULL,
                        known ? allow : NULL);
}
