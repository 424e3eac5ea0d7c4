/* The buyer's routes; see orders.h. What the request says is checked here, once; what it means is
 * the script's. */
#include "orders.h"

#include <string.h>
#include <strings.h>

#include "answer.h"
#include "auth.h"
#include "body.h"
#include "change.h"
#include "flash/json_body.h"
#include "flash/percent.h"
#include "reads.h"
#include "reserve.h"

#define WAIT_MAX_S 30

void flash_orders_post(struct flash_worker *worker, struct flash_request *request,
                       struct flash_text rest)
{
    (void)rest;
    const struct flash_claims *claims = flash_auth(worker, request);
    if (!claims) {
        return;
    }
    struct flash_text key = flash_request_header(request, "idempotency-key");
    struct flash_text user = {claims->sub, strlen(claims->sub)};
    struct flash_order_body body;
    const char *detail = NULL;
    if (user.len == 0) {
        flash_answer_refuse(request, FLASH_REFUSE_BAD_USER, NULL);
    } else if (!flash_json_body_declared(request)) {
        flash_answer_refuse(request, FLASH_REFUSE_MEDIA_TYPE, NULL);
    } else if (!key.at) {
        flash_answer_refuse(request, FLASH_REFUSE_MISSING_KEY, NULL);
    } else if (!flash_key_valid(key)) {
        flash_answer_refuse(request, FLASH_REFUSE_BAD_KEY, NULL);
    } else if (!flash_body_order(flash_request_body(request), &body, &detail)) {
        flash_answer_refuse(request, FLASH_REFUSE_BAD_BODY, detail);
    } else if (claims->sku && claims->sku != body.sku) {
        flash_answer_refuse(request, FLASH_REFUSE_WRONG_SALE, NULL);
    } else {
        char ref[FLASH_REF_DERIVED + 1];
        flash_ref_derive(user, key, body.sku, ref);
        flash_reserve_submit(worker, request,
                             &(struct flash_order){.sku = body.sku,
                                                   .ref = {ref, FLASH_REF_DERIVED},
                                                   .user = user,
                                                   .quantity = body.quantity});
    }
}

/* Prefer: wait=N among other preferences (RFC 7240); 0 without one, -1 when N is not 0 to 30. */
static int64_t wait_seconds(const struct flash_request *request)
{
    struct flash_text prefer = flash_request_header(request, "prefer");
    for (size_t i = 0; prefer.at && i + 5 <= prefer.len; i++) {
        bool starts = i == 0 || strchr(" ,;\t", prefer.at[i - 1]);
        if (!starts || strncasecmp(prefer.at + i, "wait=", 5) != 0) {
            continue;
        }
        int64_t seconds = 0;
        size_t digits = 0;
        for (i += 5; i < prefer.len && prefer.at[i] >= '0' && prefer.at[i] <= '9'; i++) {
            seconds = seconds * 10 + (prefer.at[i] - '0');
            if (++digits > 2) {
                return -1;
            }
        }
        bool ends = i == prefer.len || strchr(" ,;\t", prefer.at[i]);
        return digits && ends && seconds <= WAIT_MAX_S ? seconds : -1;
    }
    return 0;
}

/* Whose orders the caller may see: a buyer's own, anybody's for the services. */
static struct flash_text seen_by(const struct flash_worker *worker,
                                 const struct flash_claims *claims)
{
    bool all =
        claims->role != FLASH_ROLE_BUYER && worker->engine->config->auth.mode == FLASH_AUTH_JWT;
    return (struct flash_text){claims->sub, all ? 0 : strlen(claims->sub)};
}

void flash_orders_get(struct flash_worker *worker, struct flash_request *request,
                      struct flash_text rest)
{
    char decoded[FLASH_ORDER_ID_MAX];
    const struct flash_claims *claims = flash_auth(worker, request);
    if (!claims) {
        return;
    }
    struct flash_order_query query = {.user = seen_by(worker, claims),
                                      .wait_us = wait_seconds(request) * 1000000};
    if (query.wait_us < 0) {
        flash_answer_refuse(request, FLASH_REFUSE_BAD_PREFER, NULL);
    } else if (!flash_percent_order_id(rest, decoded, &query.sku, &query.ref)) {
        flash_answer_refuse(request, FLASH_REFUSE_NO_ORDER, NULL);
    } else {
        flash_reads_order(worker, request, &query);
    }
}

void flash_orders_events(struct flash_worker *worker, struct flash_request *request,
                         struct flash_text rest)
{
    char decoded[FLASH_ORDER_ID_MAX];
    const struct flash_claims *claims = flash_auth(worker, request);
    if (!claims) {
        return;
    }
    struct flash_order_query query = {.user = seen_by(worker, claims), .events = true};
    if (!flash_percent_order_id(rest, decoded, &query.sku, &query.ref)) {
        flash_answer_refuse(request, FLASH_REFUSE_NO_ORDER, NULL);
    } else {
        flash_reads_order(worker, request, &query);
    }
}

void flash_orders_cancel(struct flash_worker *worker, struct flash_request *request,
                         struct flash_text rest)
{
    char decoded[FLASH_ORDER_ID_MAX];
    const struct flash_claims *claims = flash_auth(worker, request);
    if (!claims) {
        return;
    }
    struct flash_change_query query = {.kind = FLASH_CHANGE_CANCEL,
                                       .user = {claims->sub, strlen(claims->sub)},
                                       .payment = {"", 0}};
    if (query.user.len == 0) {
        flash_answer_refuse(request, FLASH_REFUSE_BAD_USER, NULL);
    } else if (flash_request_body(request).len) {
        flash_answer_refuse(request, FLASH_REFUSE_BAD_BODY, "A cancel has no body.");
    } else if (!flash_percent_order_id(rest, decoded, &query.sku, &query.ref)) {
        flash_answer_refuse(request, FLASH_REFUSE_NO_ORDER, NULL);
    } else {
        flash_change_submit(worker, request, &query);
    }
}
