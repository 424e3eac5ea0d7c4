/* The engine's bodies and problems; see answer.h. */
#include "answer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "flash/etag.h"
#include "flash/percent.h"
#include "flash/put.h"
#include "flash/time.h"

static const struct flash_problem refusals[] = {
    [FLASH_REFUSE_SOLD_OUT] = {409, "sold-out", "Sold out",
                               "Fewer units are left than this order asks for.", 0},
    [FLASH_REFUSE_LIMIT] = {409, "limit-reached", "Limit reached",
                            "This buyer would hold more units than the sale allows.", 0},
    [FLASH_REFUSE_NOT_STARTED] = {409, "not-started", "Not started", "The sale has not started.",
                                  1},
    [FLASH_REFUSE_ENDED] = {409, "ended", "Ended", "The sale has ended.", 0},
    [FLASH_REFUSE_KEY_REUSED] = {422, "key-reused", "Key reused",
                                 "This Idempotency-Key was used for an order with other content.",
                                 0},
    [FLASH_REFUSE_UNKNOWN_SKU] = {404, "unknown-sku", "Unknown SKU", "No such SKU is on sale.", 0},
    [FLASH_REFUSE_NO_ORDER] = {404, "not-found", "Not found", "No such order.", 0},
    [FLASH_REFUSE_NOT_ADMITTING] = {503, "not-admitting", "Not admitting orders",
                                    "No order was made. Try again later.", 1},
    [FLASH_REFUSE_OUTCOME_UNKNOWN] =
        {503, "outcome-unknown", "Outcome unknown",
         "The order may have been made. Repeat it with the same Idempotency-Key to learn it.", 1},
    [FLASH_REFUSE_UNAVAILABLE] = {503, "unavailable", "Unavailable",
                                  "The status cannot be read now. Try again later.", 1},
    [FLASH_REFUSE_UNAUTHORIZED] = {401, "unauthorized", "Unauthorized",
                                   "A valid bearer token is needed.", 0, NULL,
                                   "WWW-Authenticate: Bearer\r\n"},
    [FLASH_REFUSE_FORBIDDEN] = {403, "forbidden", "Forbidden",
                                "The token's role does not allow this.", 0},
    [FLASH_REFUSE_WRONG_SALE] = {403, "wrong-sale", "Wrong sale", "The token is for another sale.",
                                 0},
    [FLASH_REFUSE_BAD_USER] = {400, "bad-user", "Bad user",
                               "X-User-Id must be 1 to 64 bytes of UTF-8 without controls, quotes, "
                               "backslashes or braces.",
                               0},
    [FLASH_REFUSE_MISSING_KEY] = {400, "missing-key", "Missing Idempotency-Key",
                                  "An order needs an Idempotency-Key header.", 0},
    [FLASH_REFUSE_BAD_KEY] = {400, "bad-key", "Bad Idempotency-Key",
                              "An Idempotency-Key is 1 to 64 of A-Z a-z 0-9 _ -.", 0},
    [FLASH_REFUSE_BAD_BODY] = {400, "bad-body", "Bad body", NULL, 0},
    [FLASH_REFUSE_BAD_PREFER] = {400, "bad-prefer", "Bad Prefer",
                                 "Prefer: wait takes 0 to 30 seconds.", 0},
    [FLASH_REFUSE_BAD_ID] = {400, "bad-id", "Bad id",
                             "An order or payment id is 1 to 64 printable ASCII characters without "
                             "quotes, backslashes or braces.",
                             0},
    [FLASH_REFUSE_MEDIA_TYPE] = {415, "unsupported-media-type", "Unsupported media type",
                                 "The body must be application/json.", 0},
    [FLASH_REFUSE_NO_ROUTE] = {404, "not-found", "Not found", "No such route.", 0},
    [FLASH_REFUSE_METHOD] = {405, "method-not-allowed", "Method not allowed",
                             "The route does not know this method.", 0},
};
_Static_assert(sizeof(refusals) / sizeof(refusals[0]) == FLASH_REFUSE_COUNT, "one row each");

void flash_answer_refuse(struct flash_request *request, enum flash_refusal refusal,
                         const char *detail)
{
    assert(refusal < FLASH_REFUSE_COUNT);
    struct flash_problem problem = refusals[refusal];
    if (detail) {
        problem.detail = detail;
    }
    flash_request_problem(request, &problem);
}

const char *flash_answer_slug(enum flash_refusal refusal)
{
    assert(refusal < FLASH_REFUSE_COUNT);
    return refusals[refusal].slug;
}

void flash_answer_wrong_method(struct flash_request *request, const char *allow)
{
    struct flash_problem problem = refusals[FLASH_REFUSE_METHOD];
    problem.headers = allow;
    flash_request_problem(request, &problem);
}

/* ---- an order's text: the hottest of all, so by hand ---- */

/* Every part has its longest: literals 120, two SKUs, a ref, numbers, words, two times. */
_Static_assert(120 + 2 * FLASH_SKU_TEXT_MAX + FLASH_REF_MAX + 2 * 11 + 2 * 16 +
                       2 * FLASH_TIME_TEXT <
                   FLASH_ORDER_TEXT_MAX,
               "an order's text fits");

static char *put_time(char *out, int64_t epoch_ms)
{
    flash_time_format_ms(epoch_ms, out);
    return out + FLASH_TIME_TEXT - 1;
}

static char *put_order_id(char *out, const struct flash_order_view *order)
{
    out = flash_put_number(out, (uint64_t)order->sku);
    *out++ = '.';
    return flash_put(out, order->ref.at, order->ref.len);
}

size_t flash_answer_order_text(char out[FLASH_ORDER_TEXT_MAX], const struct flash_order_view *order)
{
    const struct flash_record *record = &order->record;
    const char *reason = flash_state_reason(record->state);
    char *at = put_order_id(FLASH_PUT_LITERAL(out, "{\"order_id\":\""), order);
    at = flash_put_number(FLASH_PUT_LITERAL(at, "\",\"sku\":\""), (uint64_t)order->sku);
    at = flash_put_number(FLASH_PUT_LITERAL(at, "\",\"quantity\":"), (uint64_t)record->quantity);
    at = flash_put_text(FLASH_PUT_LITERAL(at, ",\"status\":\""), flash_state_name(record->state));
    if (reason) {
        at = flash_put_text(FLASH_PUT_LITERAL(at, "\",\"reason\":\""), reason);
    }
    if (record->due_s > 0 &&
        (record->state == FLASH_STATE_QUEUED || record->state == FLASH_STATE_CREATED)) {
        at = put_time(FLASH_PUT_LITERAL(at, "\",\"pay_by\":\""), record->due_s * 1000);
    }
    at = flash_put_number(FLASH_PUT_LITERAL(at, "\",\"version\":"),
                          (uint64_t)flash_state_visible_version(record->state));
    at = put_time(FLASH_PUT_LITERAL(at, ",\"updated_at\":\""), record->at_us / 1000);
    at = FLASH_PUT_LITERAL(at, "\"}");
    *at = '\0';
    return (size_t)(at - out);
}

void flash_answer_accepted(struct flash_request *request, const struct flash_order_view *order)
{
    char body[FLASH_ORDER_TEXT_MAX], headers[64 + 3 * FLASH_ORDER_ID_MAX];
    size_t len = flash_answer_order_text(body, order);
    char *end =
        flash_put_number(FLASH_PUT_LITERAL(headers, "Location: /v1/orders/"), (uint64_t)order->sku);
    end = flash_percent_put(FLASH_PUT_LITERAL(end, "."), order->ref);
    end = FLASH_PUT_LITERAL(end, "\r\nRetry-After: 1\r\n");
    *end = '\0';
    flash_request_reply(
        request, &(struct flash_response){.status = 202, .headers = headers, .body = {body, len}});
}

void flash_answer_changed(struct flash_request *request, int status,
                          const struct flash_order_view *order)
{
    char body[FLASH_ORDER_TEXT_MAX];
    size_t len = flash_answer_order_text(body, order);
    flash_request_reply(request, &(struct flash_response){.status = status, .body = {body, len}});
}

void flash_answer_met(struct flash_request *request, enum flash_state state, bool refund_due)
{
    char extra[96];
    snprintf(extra, sizeof(extra), "\"state\":\"%s\",\"refund_due\":%s", flash_state_name(state),
             refund_due ? "true" : "false");
    bool early = state == FLASH_STATE_QUEUED;
    flash_request_problem(request, &(struct flash_problem){
                                       .status = 409,
                                       .slug = early ? "not-created-yet" : "wrong-state",
                                       .title = early ? "Not created yet" : "Wrong state",
                                       .detail = "The order's state does not allow this.",
                                       .retry_after_s = early ? 1 : 0,
                                       .extra = extra,
                                   });
}

bool flash_answer_unchanged(const struct flash_request *request, enum flash_state state)
{
    return flash_etag_listed(flash_request_header(request, "if-none-match"),
                             flash_state_visible_version(state));
}

void flash_answer_order(struct flash_request *request, const struct flash_order_view *order)
{
    char body[FLASH_ORDER_TEXT_MAX], headers[96];
    bool unchanged = flash_answer_unchanged(request, order->record.state);
    size_t len = unchanged ? 0 : flash_answer_order_text(body, order);
    char *end = flash_put_number(FLASH_PUT_LITERAL(headers, "ETag: \""),
                                 (uint64_t)flash_state_visible_version(order->record.state));
    *FLASH_PUT_LITERAL(end, "\"\r\nCache-Control: no-store\r\n") = '\0';
    flash_request_reply(request, &(struct flash_response){.status = unchanged ? 304 : 200,
                                                          .headers = headers,
                                                          .body = {body, len}});
}
