/* Routes as rows: method, path, role, what is read from the request, what is run; see routes.h.
 *
 * Everything that can be refused without the ledger is refused here, on the loop's thread; the rest
 * becomes a job. */
#include "routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adjust.h"
#include "close.h"
#include "export.h"
#include "flash/http_peer.h"
#include "flash/time.h"
#include "inventory.h"
#include "log.h"
#include "metrics.h"
#include "order.h"
#include "orders.h"
#include "pass.h"
#include "readers.h"
#include "reconcile.h"
#include "refund.h"
#include "sale.h"
#include "sales.h"
#include "stock.h"
#include "story.h"
#include "threshold.h"

static enum flash_refusal read_nothing(const struct flash_request *request,
                                       const struct flash_text *segments, struct flash_job *job,
                                       const char **ret_detail)
{
    (void)segments;
    (void)job;
    if (flash_request_query(request).len > 0) {
        *ret_detail = "This route has no parameters.";
        return FLASH_REFUSE_BAD_QUERY;
    }
    return FLASH_REFUSE_NOTHING;
}

static void show_pipeline(struct flash_routes *all, struct flash_request *request, int64_t end_s)
{
    (void)end_s;
    flash_pipeline_answer(&all->pipeline, request);
}

static void show_live(struct flash_routes *all, struct flash_request *request, int64_t end_s)
{
    flash_live_open(&all->live, request, end_s);
}

static const struct route {
    enum flash_method method;
    const char *pattern;  /* the path; '*' stands for one segment, not empty */
    enum flash_role role; /* at least */
    flash_reader read;
    void (*run)(struct flash_job *job, struct flash_stores *stores);
    bool slow; /* as of the job */
    /* Instead of run: answers request on the loop's thread; the token is valid until end_s. */
    void (*at_once)(struct flash_routes *all, struct flash_request *request, int64_t end_s);
} routes[] = {
    {FLASH_METHOD_POST, "/inventory", FLASH_ROLE_ADMIN, flash_read_stock, flash_stock_create},
    {FLASH_METHOD_GET, "/inventory", FLASH_ROLE_OPS, flash_read_products, flash_inventory_list},
    {FLASH_METHOD_GET, "/inventory/low-stock", FLASH_ROLE_OPS, flash_read_low_stock,
     flash_inventory_list},
    {FLASH_METHOD_GET, "/inventory/*/threshold", FLASH_ROLE_OPS, flash_read_sku,
     flash_threshold_show},
    {FLASH_METHOD_PUT, "/inventory/*/threshold", FLASH_ROLE_ADMIN, flash_read_threshold,
     flash_threshold_put},
    {FLASH_METHOD_GET, "/inventory/logs/*", FLASH_ROLE_OPS, flash_read_log, flash_log_run},
    {FLASH_METHOD_GET, "/inventory/product/*", FLASH_ROLE_OPS, flash_read_sku, flash_stock_show},
    {FLASH_METHOD_POST, "/inventory/restock", FLASH_ROLE_ADMIN, flash_read_restock,
     flash_adjust_run},
    {FLASH_METHOD_POST, "/inventory/adjust", FLASH_ROLE_ADMIN, flash_read_adjust, flash_adjust_run},
    {FLASH_METHOD_POST, "/inventory/cleanup-expired", FLASH_ROLE_ADMIN, flash_read_no_body,
     flash_pass_run, .slow = true},
    {FLASH_METHOD_GET, "/v1/sales", FLASH_ROLE_OPS, flash_read_sales, flash_sales_list},
    {FLASH_METHOD_POST, "/v1/sales/*/close", FLASH_ROLE_ADMIN, flash_read_close, flash_close_run},
    {FLASH_METHOD_GET, "/v1/sales/*", FLASH_ROLE_OPS, flash_read_sku, flash_sale_show},
    {FLASH_METHOD_PUT, "/v1/sales/*", FLASH_ROLE_ADMIN, flash_read_sale, flash_sale_put},
    {FLASH_METHOD_GET, "/v1/orders", FLASH_ROLE_OPS, flash_read_orders, flash_orders_list},
    {FLASH_METHOD_GET, "/v1/orders/*/story", FLASH_ROLE_OPS, flash_read_order, flash_story_run},
    {FLASH_METHOD_GET, "/v1/orders/*", FLASH_ROLE_OPS, flash_read_order, flash_order_show},
    {FLASH_METHOD_GET, "/v1/refunds", FLASH_ROLE_OPS, flash_read_refunds, flash_refund_list},
    {FLASH_METHOD_POST, "/v1/refunds/*/*/done", FLASH_ROLE_ADMIN, flash_read_refund_done,
     flash_refund_done},
    {FLASH_METHOD_GET, "/v1/reconcile/runs", FLASH_ROLE_OPS, flash_read_runs, flash_reconcile_runs},
    {FLASH_METHOD_POST, "/v1/reconcile/runs", FLASH_ROLE_ADMIN, flash_read_no_body,
     flash_pass_reconcile, .slow = true},
    {FLASH_METHOD_GET, "/v1/reconcile/runs/*", FLASH_ROLE_OPS, flash_read_run, flash_reconcile_run},
    {FLASH_METHOD_GET, "/v1/reconcile/findings", FLASH_ROLE_OPS, flash_read_findings,
     flash_reconcile_findings},
    {FLASH_METHOD_GET, "/v1/pipeline", FLASH_ROLE_OPS, read_nothing, .at_once = show_pipeline},
    {FLASH_METHOD_GET, "/v1/live", FLASH_ROLE_OPS, read_nothing, .at_once = show_live},
};

/* Whether path is the route's; ret_segments gets what stands for each '*'. */
static bool matches(const struct route *route, struct flash_text path,
                    struct flash_text ret_segments[FLASH_SEGMENTS_MAX])
{
    const char *at = path.at, *end = path.at + path.len;
    int count = 0;
    for (const char *want = route->pattern; *want; want++) {
        if (*want != '*') {
            if (at == end || *at++ != *want) {
                return false;
            }
            continue;
        }
        const char *slash = memchr(at, '/', (size_t)(end - at));
        const char *stop = slash ? slash : end;
        if (stop == at) {
            return false;
        }
        ret_segments[count++] = (struct flash_text){at, (size_t)(stop - at)};
        at = stop;
    }
    return at == end;
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
    if (flash_export_wanted(job)) {
        flash_export_begin(job->workers, job);
        return;
    }
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
    job->caller.end_s = claims->exp_s;
    *ret_sku = claims->sku;
    snprintf(job->caller.operator, sizeof(job->caller.operator), "%s",
             claims->sub[0] ? claims->sub : "unknown");
    snprintf(job->caller.subject, sizeof(job->caller.subject), "%s", claims->sub);
    snprintf(job->caller.request_id, sizeof(job->caller.request_id), "%s",
             flash_request_id(job->request));
    return claims->role >= route->role ? FLASH_REFUSE_NOTHING : FLASH_REFUSE_FORBIDDEN;
}

/* Whether the caller may ask again already; a subject is one whatever its address. Seconds to wait.
 */
static int64_t limited(struct flash_routes *all, const struct flash_request *request,
                       const struct flash_caller *caller)
{
    uint8_t address[16];
    struct flash_text name = {caller->subject, strlen(caller->subject)};
    if (name.len == 0) {
        flash_http_peer(request, address);
        name = (struct flash_text){(const char *)address, sizeof(address)};
    }
    return flash_limit_count(&all->limit, name, flash_request_received_us(request));
}

static void start(struct flash_routes *all, const struct route *route,
                  struct flash_request *request, const struct flash_text *segments)
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
    job->slow = route->slow;
    job->over = over;
    job->workers = all->workers;
    enum flash_refusal refusal = admit(all, route, job, &token_sku);
    int64_t wait_s = limited(all, request, &job->caller);
    if (wait_s > 0) {
        free(job);
        flash_answer_rate(request, wait_s);
        return;
    }
    if (refusal == FLASH_REFUSE_NOTHING) {
        refusal = route->read(request, segments, job, &detail);
    }
    if (refusal == FLASH_REFUSE_NOTHING && token_sku && token_sku != job->sku) {
        refusal = FLASH_REFUSE_WRONG_SALE;
    }
    if (refusal == FLASH_REFUSE_NOTHING && route->at_once) {
        int64_t end_s = job->caller.end_s;
        free(job);
        route->at_once(all, request, end_s);
        return;
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
    struct flash_text path = flash_request_path(request), segments[FLASH_SEGMENTS_MAX];
    char allow[64] = "Allow: ";
    const char *known = NULL;
    if (flash_ops_handle(request, &all->ops) || flash_files_handle(all->pages, request)) {
        return;
    }
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        const struct route *route = &routes[i];
        if (!matches(route, path, segments)) {
            continue;
        }
        if (method_fits(route, flash_request_method(request))) {
            start(all, route, request, segments);
            return;
        }
        static const char *const names[] = {"GET, HEAD", "", "POST", "PUT"}; /* enum flash_method */
        snprintf(allow + strlen(allow), sizeof(allow) - strlen(allow), "%s%s", known ? ", " : "",
                 names[route->method]);
        known = route->pattern;
    }
    snprintf(allow + strlen(allow), sizeof(allow) - strlen(allow), "\r\n");
    flash_answer_refuse(request, known ? FLASH_REFUSE_METHOD : FLASH_REFUSE_NO_ROUTE, NULL,
                        known ? allow : NULL);
}
