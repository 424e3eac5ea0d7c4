/* What is read from a request, row by row of the routes' table; see readers.h. */
#include "readers.h"

#include <string.h>

#include "flash/json_body.h"

typedef bool (*list_reader)(struct flash_text query, struct flash_list_form *ret_form,
                            const char **ret_detail);

/* Copies the address of a list, for the links to its further pages. */
static bool keep_address(const struct flash_request *request, struct flash_job *job,
                         const char **ret_detail)
{
    struct flash_text path = flash_request_path(request), query = flash_request_query(request);
    if (path.len > FLASH_TARGET_PATH_MAX || query.len > FLASH_TARGET_QUERY_MAX) {
        *ret_detail = "The query is too long.";
        return false;
    }
    memcpy(job->path, path.at, path.len); /* the job came zeroed */
    memcpy(job->query, query.at, query.len);
    return true;
}

enum flash_refusal flash_read_stock(const struct flash_request *request,
                                    const struct flash_text *segments, struct flash_job *job,
                                    const char **ret_detail)
{
    (void)segments;
    if (!flash_json_body_declared(request)) {
        return FLASH_REFUSE_MEDIA_TYPE;
    }
    if (!flash_form_stock(flash_request_body(request), &job->form.stock, ret_detail)) {
        return FLASH_REFUSE_BAD_BODY;
    }
    job->sku = job->form.stock.sku;
    return FLASH_REFUSE_NOTHING;
}

enum flash_refusal flash_read_sku(const struct flash_request *request,
                                  const struct flash_text *segments, struct flash_job *job,
                                  const char **ret_detail)
{
    (void)request;
    (void)ret_detail;
    return flash_sku_parse(segments[0], &job->sku) ? FLASH_REFUSE_NOTHING
                                                   : FLASH_REFUSE_UNKNOWN_SKU;
}

enum flash_refusal flash_read_sale(const struct flash_request *request,
                                   const struct flash_text *segments, struct flash_job *job,
                                   const char **ret_detail)
{
    if (!flash_sku_parse(segments[0], &job->sku)) {
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

typedef bool (*adjust_reader)(struct flash_text body, struct flash_adjust_form *ret_form,
                              const char **ret_detail);

static enum flash_refusal read_change(const struct flash_request *request, struct flash_job *job,
                                      adjust_reader read, const char **ret_detail)
{
    struct flash_adjust_form *form = &job->form.adjust;
    if (!flash_json_body_declared(request)) {
        return FLASH_REFUSE_MEDIA_TYPE;
    }
    form->match = flash_form_match(flash_request_header(request, "if-match"));
    if (!read(flash_request_body(request), form, ret_detail)) {
        return FLASH_REFUSE_BAD_BODY;
    }
    job->sku = form->sku;
    return FLASH_REFUSE_NOTHING;
}

enum flash_refusal flash_read_restock(const struct flash_request *request,
                                      const struct flash_text *segments, struct flash_job *job,
                                      const char **ret_detail)
{
    (void)segments;
    return read_change(request, job, flash_adjust_form_restock, ret_detail);
}

enum flash_refusal flash_read_adjust(const struct flash_request *request,
                                     const struct flash_text *segments, struct flash_job *job,
                                     const char **ret_detail)
{
    (void)segments;
    return read_change(request, job, flash_adjust_form_adjust, ret_detail);
}

/* The SKU that an order's id begins with. */
static bool sku_of(const char *order_id, int64_t *ret_sku)
{
    struct flash_text ref;
    return flash_order_id_parse((struct flash_text){order_id, strlen(order_id)}, ret_sku, &ref);
}

enum flash_refusal flash_read_order(const struct flash_request *request,
                                    const struct flash_text *segments, struct flash_job *job,
                                    const char **ret_detail)
{
    (void)request;
    (void)ret_detail;
    bool known = flash_form_order_id(segments[0], job->form.order_id) &&
                 sku_of(job->form.order_id, &job->sku);
    return known ? FLASH_REFUSE_NOTHING : FLASH_REFUSE_NO_ORDER;
}

enum flash_refusal flash_read_no_body(const struct flash_request *request,
                                      const struct flash_text *segments, struct flash_job *job,
                                      const char **ret_detail)
{
    (void)segments;
    (void)job;
    if (flash_request_body(request).len > 0) {
        *ret_detail = "This request has no body.";
        return FLASH_REFUSE_BAD_BODY;
    }
    return FLASH_REFUSE_NOTHING;
}

enum flash_refusal flash_read_refunds(const struct flash_request *request,
                                      const struct flash_text *segments, struct flash_job *job,
                                      const char **ret_detail)
{
    (void)segments;
    if (!flash_refund_form_list(flash_request_query(request), &job->form.refunds, ret_detail)) {
        return FLASH_REFUSE_BAD_QUERY;
    }
    job->sku = job->form.refunds.sku;
    return FLASH_REFUSE_NOTHING;
}

enum flash_refusal flash_read_refund_done(const struct flash_request *request,
                                          const struct flash_text *segments, struct flash_job *job,
                                          const char **ret_detail)
{
    struct flash_refund_form *form = &job->form.refund;
    if (!flash_refund_form_key(segments, &form->key) || !sku_of(form->key.order_id, &job->sku)) {
        return FLASH_REFUSE_NO_REFUND;
    }
    if (!flash_json_body_declared(request)) {
        return FLASH_REFUSE_MEDIA_TYPE;
    }
    return flash_refund_form_done(flash_request_body(request), form->reference, ret_detail)
               ? FLASH_REFUSE_NOTHING
               : FLASH_REFUSE_BAD_BODY;
}

enum flash_refusal flash_read_runs(const struct flash_request *request,
                                   const struct flash_text *segments, struct flash_job *job,
                                   const char **ret_detail)
{
    (void)segments;
    struct flash_reconcile_form *form = &job->form.reconcile;
    if (!keep_address(request, job, ret_detail) ||
        !flash_reconcile_form_runs(flash_request_query(request), form, ret_detail)) {
        return FLASH_REFUSE_BAD_QUERY;
    }
    form->format = flash_page_format(flash_request_header(request, "accept"));
    return FLASH_REFUSE_NOTHING;
}

enum flash_refusal flash_read_run(const struct flash_request *request,
                                  const struct flash_text *segments, struct flash_job *job,
                                  const char **ret_detail)
{
    (void)request;
    (void)ret_detail;
    return flash_uuid_parse(segments[0], &job->form.reconcile.run) ? FLASH_REFUSE_NOTHING
                                                                   : FLASH_REFUSE_NO_RUN;
}

enum flash_refusal flash_read_findings(const struct flash_request *request,
                                       const struct flash_text *segments, struct flash_job *job,
                                       const char **ret_detail)
{
    (void)segments;
    struct flash_reconcile_form *form = &job->form.reconcile;
    if (!keep_address(request, job, ret_detail) ||
        !flash_reconcile_form_findings(flash_request_query(request), form, ret_detail)) {
        return FLASH_REFUSE_BAD_QUERY;
    }
    form->format = flash_page_format(flash_request_header(request, "accept"));
    job->sku = form->sku;
    return FLASH_REFUSE_NOTHING;
}

static enum flash_refusal read_list(const struct flash_request *request, struct flash_job *job,
                                    list_reader read, const char **ret_detail)
{
    struct flash_list_form *form = &job->form.list;
    if (!keep_address(request, job, ret_detail) ||
        !read(flash_request_query(request), form, ret_detail)) {
        return FLASH_REFUSE_BAD_QUERY;
    }
    form->format = flash_page_format(flash_request_header(request, "accept"));
    return FLASH_REFUSE_NOTHING;
}

enum flash_refusal flash_read_products(const struct flash_request *request,
                                       const struct flash_text *segments, struct flash_job *job,
                                       const char **ret_detail)
{
    (void)segments;
    return read_list(request, job, flash_list_form_stock, ret_detail);
}

enum flash_refusal flash_read_low_stock(const struct flash_request *request,
                                        const struct flash_text *segments, struct flash_job *job,
                                        const char **ret_detail)
{
    (void)segments;
    return read_list(request, job, flash_list_form_low_stock, ret_detail);
}

enum flash_refusal flash_read_threshold(const struct flash_request *request,
                                        const struct flash_text *segments, struct flash_job *job,
                                        const char **ret_detail)
{
    struct flash_threshold_form *form = &job->form.threshold;
    if (!flash_sku_parse(segments[0], &job->sku)) {
        return FLASH_REFUSE_UNKNOWN_SKU;
    }
    if (!flash_json_body_declared(request)) {
        return FLASH_REFUSE_MEDIA_TYPE;
    }
    form->match = flash_form_match(flash_request_header(request, "if-match"));
    return flash_form_threshold(flash_request_body(request), form, ret_detail)
               ? FLASH_REFUSE_NOTHING
               : FLASH_REFUSE_BAD_BODY;
}

enum flash_refusal flash_read_log(const struct flash_request *request,
                                  const struct flash_text *segments, struct flash_job *job,
                                  const char **ret_detail)
{
    if (!flash_sku_parse(segments[0], &job->sku)) {
        return FLASH_REFUSE_UNKNOWN_SKU;
    }
    enum flash_refusal refusal = read_list(request, job, flash_list_form_log, ret_detail);
    /* An export has no end that a page could have: without a limit all of it is sent. */
    job->form.list.whole &= job->form.list.format != FLASH_LIST_JSON;
    return refusal;
}

enum flash_refusal flash_read_sales(const struct flash_request *request,
                                    const struct flash_text *segments, struct flash_job *job,
                                    const char **ret_detail)
{
    (void)segments;
    return read_list(request, job, flash_list_form_sales, ret_detail);
}

enum flash_refusal flash_read_close(const struct flash_request *request,
                                    const struct flash_text *segments, struct flash_job *job,
                                    const char **ret_detail)
{
    struct flash_close_form form = {
        .match = flash_form_match(flash_request_header(request, "if-match"))};
    if (!flash_sku_parse(segments[0], &job->sku)) {
        return FLASH_REFUSE_UNKNOWN_SKU;
    }
    if (!flash_form_wait(flash_request_header(request, "prefer"), &form.wait_s)) {
        return FLASH_REFUSE_BAD_PREFER;
    }
    job->form.close = form;
    return flash_read_no_body(request, segments, job, ret_detail);
}

enum flash_refusal flash_read_orders(const struct flash_request *request,
                                     const struct flash_text *segments, struct flash_job *job,
                                     const char **ret_detail)
{
    (void)segments;
    enum flash_refusal refusal = read_list(request, job, flash_list_form_orders, ret_detail);
    job->sku = job->form.list.sku;
    return refusal;
}
