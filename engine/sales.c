/* What the sale page and the shop ask about stock; see sales.h. Public reads: no token, answered
 * from a reading at most 100 ms old. */
#include "sales.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "body.h"
#include "flash/json_body.h"
#include "flash/time.h"
#include "reads.h"

/* A request that waits for the sales of one or more SKUs. */
struct query {
    struct flash_request *request;
    json_t *(*describe)(const struct flash_sku *sku);
    bool batch;
    bool failed; /* some part could not be read */
    int missing; /* parts still to come */
    int count;
    int64_t skus[FLASH_BODY_SKUS_MAX];
    json_t *parts[FLASH_BODY_SKUS_MAX]; /* NULL: no such SKU */
};

/* Two leading digits: coarse on purpose (API.md), never 0 while something is left. */
static int64_t coarse(int64_t available)
{
    int64_t unit = 1;
    while (available / unit >= 100) {
        unit *= 10;
    }
    return available / unit * unit;
}

static const char *sale_state(const struct flash_sale *sale)
{
    int64_t now_ms = sale->server_us / 1000;
    if (sale->version == 0 || now_ms < sale->starts_ms) {
        return "upcoming";
    }
    if (now_ms >= sale->ends_ms) {
        return "ended";
    }
    return sale->available > 0 ? "open" : "sold-out";
}

static json_t *time_or_null(int64_t ms)
{
    char text[FLASH_TIME_TEXT];
    flash_time_format_ms(ms, text);
    return ms ? json_string(text) : json_null();
}

static json_t *describe_sale(const struct flash_sku *sku)
{
    const struct flash_sale *sale = &sku->sale;
    char id[FLASH_SKU_TEXT_MAX + 1];
    snprintf(id, sizeof(id), "%lld", (long long)sku->id);
    json_t *title = json_string(sale->title);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:s, s:I}", "sku", id, "title",
                     title ? title : json_null(), "starts_at", time_or_null(sale->starts_ms),
                     "ends_at", time_or_null(sale->ends_ms), "server_time",
                     time_or_null(sale->server_us / 1000), "per_user_limit",
                     (json_int_t)sale->limit, "state", sale_state(sale), "available",
                     (json_int_t)coarse(sale->available > 0 ? sale->available : 0));
}

static json_t *describe_stock(const struct flash_sku *sku)
{
    const struct flash_sale *sale = &sku->sale;
    int64_t available = sale->available > 0 ? sale->available : 0;
    char id[FLASH_SKU_TEXT_MAX + 1];
    snprintf(id, sizeof(id), "%lld", (long long)sku->id);
    return json_pack("{s:s, s:I, s:b, s:b, s:o}", "product_id", id, "available",
                     (json_int_t)available, "in_stock", available > 0, "low_stock",
                     available <= sale->threshold, "as_of", time_or_null(sale->server_us / 1000));
}

static void reply_json(struct flash_request *request, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    if (text) {
        flash_request_reply(request,
                            &(struct flash_response){.status = 200,
                                                     .headers = "Cache-Control: no-cache\r\n",
                                                     .body = {text, strlen(text)}});
    } else {
        flash_answer_refuse(request, FLASH_REFUSE_UNAVAILABLE, "Out of memory.");
    }
    free(text);
    json_decref(json);
}

static json_t *describe_absent(int64_t sku)
{
    char id[FLASH_SKU_TEXT_MAX + 1];
    snprintf(id, sizeof(id), "%lld", (long long)sku);
    return json_pack("{s:s, s:n, s:b, s:b, s:n}", "product_id", id, "available", "in_stock", 0,
                     "low_stock", 0, "as_of");
}

/* One element per product asked for, in that order; one that is not known has available null. */
static json_t *gather_parts(struct query *query)
{
    json_t *list = json_array();
    for (int i = 0; i < query->count; i++) {
        json_array_append_new(list,
                              query->parts[i] ? query->parts[i] : describe_absent(query->skus[i]));
    }
    return json_pack("{s:o}", "products", list);
}

static void finish(struct query *query)
{
    if (query->failed) {
        for (int i = 0; i < query->count; i++) {
            json_decref(query->parts[i]);
        }
        flash_answer_refuse(query->request, FLASH_REFUSE_UNAVAILABLE, NULL);
    } else if (query->batch) {
        reply_json(query->request, gather_parts(query));
    } else if (query->parts[0]) {
        reply_json(query->request, query->parts[0]);
    } else {
        flash_answer_refuse(query->request, FLASH_REFUSE_UNKNOWN_SKU, NULL);
    }
    free(query);
}

static void part_done(enum flash_sale_outcome outcome, const struct flash_sku *sku, int slot,
                      void *arg)
{
    struct query *query = arg;
    if (outcome == FLASH_SALE_READ) {
        query->parts[slot] = query->describe(sku);
    }
    query->failed |= outcome == FLASH_SALE_UNAVAILABLE;
    if (--query->missing == 0) {
        finish(query);
    }
}

static void ask(struct flash_worker *worker, struct flash_request *request,
                const struct query *like)
{
    struct query *query = malloc(sizeof(*query));
    if (!query) {
        flash_answer_refuse(request, FLASH_REFUSE_UNAVAILABLE, "Out of memory.");
        return;
    }
    *query = *like;
    query->request = request;
    query->missing = query->count + 1; /* one for this loop: the last part finishes the query */
    for (int i = 0; i < like->count; i++) {
        flash_reads_sale(worker, like->skus[i], &(struct flash_sale_asker){part_done, query, i});
    }
    if (--query->missing == 0) {
        finish(query);
    }
}

static void ask_one(struct flash_worker *worker, struct flash_request *request,
                    struct flash_text rest, json_t *(*describe)(const struct flash_sku *sku))
{
    struct query query = {.describe = describe, .count = 1};
    if (!flash_sku_parse(rest, &query.skus[0])) {
        flash_answer_refuse(request, FLASH_REFUSE_UNKNOWN_SKU, NULL);
        return;
    }
    ask(worker, request, &query);
}

void flash_sales_get(struct flash_worker *worker, struct flash_request *request,
                     struct flash_text rest)
{
    ask_one(worker, request, rest, describe_sale);
}

void flash_sales_check(struct flash_worker *worker, struct flash_request *request,
                       struct flash_text rest)
{
    ask_one(worker, request, rest, describe_stock);
}

void flash_sales_check_batch(struct flash_worker *worker, struct flash_request *request,
                             struct flash_text rest)
{
    (void)rest;
    struct query query = {.describe = describe_stock, .batch = true};
    const char *detail = NULL;
    if (!flash_json_body_declared(request)) {
        flash_answer_refuse(request, FLASH_REFUSE_MEDIA_TYPE, NULL);
    } else if (!flash_body_products(flash_request_body(request), query.skus, &query.count,
                                    &detail)) {
        flash_answer_refuse(request, FLASH_REFUSE_BAD_BODY, detail);
    } else {
        ask(worker, request, &query);
    }
}
