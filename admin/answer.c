/* The back office's answers and problems; see answer.h. */
#include "answer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/etag.h"
#include "metrics.h"

static const struct flash_problem refusals[] = {
    [FLASH_REFUSE_NOTHING] = {500, "internal", "Internal error", "Nothing was answered.", 0},
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
    [FLASH_REFUSE_NO_ROUTE] = {404, "not-found", "Not found", "No such route.", 0},
    [FLASH_REFUSE_METHOD] = {405, "method-not-allowed", "Method not allowed",
                             "The route does not know this method.", 0},
    [FLASH_REFUSE_MEDIA_TYPE] = {415, "unsupported-media-type", "Unsupported media type",
                                 "The body must be application/json.", 0},
    [FLASH_REFUSE_BAD_BODY] = {400, "bad-body", "Bad body", NULL, 0},
    [FLASH_REFUSE_BAD_QUERY] = {400, "bad-query", "Bad query", NULL, 0},
    [FLASH_REFUSE_BAD_PREFER] = {400, "bad-prefer", "Bad Prefer",
                                 "Prefer: wait takes 0 to 30 seconds.", 0},
    [FLASH_REFUSE_UNKNOWN_SKU] = {404, "unknown-sku", "Unknown SKU", "No such SKU.", 0},
    [FLASH_REFUSE_NO_SALE] = {404, "no-sale", "No sale", "The SKU has no sale.", 0},
    [FLASH_REFUSE_NO_ORDER] = {404, "not-found", "Not found",
                               "The ledger has no such order. It may still be on its way.", 0},
    [FLASH_REFUSE_NO_REFUND] = {404, "not-found", "Not found",
                                "No refund is known for this order and payment.", 0},
    [FLASH_REFUSE_NO_RUN] = {404, "not-found", "Not found", "No run of the reconciler has this id.",
                             0},
    [FLASH_REFUSE_EXISTS] = {409, "exists-with-other-content", "Exists with other content",
                             "The SKU was created with another title, quantity or threshold.", 0},
    [FLASH_REFUSE_ALREADY_DONE] = {409, "already-done", "Already done",
                                   "The refund was marked done with another reference.", 0},
    [FLASH_REFUSE_KEY_REUSED] = {409, "key-reused", "Key reused",
                                 "The reference was used for another change of this SKU.", 0},
    [FLASH_REFUSE_SOLD_OUT] = {409, "sold-out", "Sold out",
                               "Fewer units are available than are to be taken.", 0},
    [FLASH_REFUSE_TOO_MANY] = {409, "too-many-units", "Too many units",
                               "The SKU would have more than 1000000000 units.", 0},
    [FLASH_REFUSE_SALE_CLOSED] = {409, "sale-closed", "Sale closed",
                                  "The sale was closed by hand. If-Match with its version opens it "
                                  "again.",
                                  0},
    [FLASH_REFUSE_VERSION] = {412, "version-mismatch", "Version mismatch",
                              "If-Match does not name the current version. Read it again first.",
                              0},
    [FLASH_REFUSE_NOT_APPLIED_YET] =
        {503, "not-applied-yet", "Not applied yet",
         "The change is recorded but not in effect: Redis cannot be reached. It will be applied "
         "when it can; the same request again tells.",
         2},
    [FLASH_REFUSE_NEEDS_RECOVERY] =
        {503, "needs-recovery", "Needs recovery",
         "Redis has lost this SKU or is of another generation. Nothing is sold until a recovery "
         "has rebuilt it; a change that was asked for is recorded and takes effect then.",
         30},
    [FLASH_REFUSE_REDIS_AWAY] = {503, "redis-unavailable", "Redis unavailable",
                                 "Redis does not answer, or has no room. Nothing was changed.", 2},
    [FLASH_REFUSE_LEDGER_AWAY] = {503, "ledger-unavailable", "Ledger unavailable",
                                  "Nothing was changed. Try again later.", 2},
    [FLASH_REFUSE_OUTCOME_UNKNOWN] =
        {503, "outcome-unknown", "Outcome unknown",
         "The change may have been recorded. The same request again tells.", 2},
    [FLASH_REFUSE_NO_RECONCILER] =
        {503, "reconciler-unreachable", "Reconciler unreachable",
         "flash-reconciler does not answer. What is due expires by itself once it is back.", 2},
    [FLASH_REFUSE_PASS_NO_REDIS] =
        {503, "redis-unavailable", "Redis unavailable",
         "Redis stopped answering; what was done before is counted here.", 2},
    [FLASH_REFUSE_PASS_NO_KAFKA] = {503, "kafka-unavailable", "Kafka unavailable",
                                    "What is taken could not be recorded; what was done before is "
                                    "counted here.",
                                    2},
    [FLASH_REFUSE_PASS_NO_LEDGER] = {503, "ledger-unavailable", "Ledger unavailable",
                                     "The reconciler has not read the ledger yet.", 2},
    [FLASH_REFUSE_RATE] = {429, "too-many-requests", "Too many requests",
                           "This caller asks too often. Nothing was changed.", 1},
    [FLASH_REFUSE_OVERLOADED] = {503, "overloaded", "Overloaded",
                                 "Too many requests are waiting. Nothing was changed.", 1},
    [FLASH_REFUSE_STOPPING] = {503, "stopping", "Stopping",
                               "The back office is shutting down. Nothing was changed.", 2},
    [FLASH_REFUSE_INTERNAL] = {500, "internal", "Internal error",
                               "The log has the reason under this request id.", 0},
};
_Static_assert(sizeof(refusals) / sizeof(refusals[0]) == FLASH_REFUSE_COUNT, "one row each");

static void count(int status)
{
    flash_admin_count(status < 400   ? METRIC_ANSWERS_GOOD
                      : status < 500 ? METRIC_ANSWERS_REFUSED
                                     : METRIC_ANSWERS_FAILED,
                      1);
}

static void give_problem(struct flash_request *request, const struct flash_problem *problem)
{
    count(problem->status);
    flash_request_problem(request, problem);
}

void flash_answer_refuse(struct flash_request *request, enum flash_refusal refusal,
                         const char *detail, const char *headers)
{
    assert(refusal < FLASH_REFUSE_COUNT);
    struct flash_problem problem = refusals[refusal];
    problem.detail = detail ? detail : problem.detail;
    problem.headers = headers ? headers : problem.headers;
    give_problem(request, &problem);
}

int flash_answer_refusal_status(enum flash_refusal refusal)
{
    assert(refusal < FLASH_REFUSE_COUNT);
    return refusals[refusal].status;
}

void flash_answer_rate(struct flash_request *request, int64_t retry_after_s)
{
    struct flash_problem problem = refusals[FLASH_REFUSE_RATE];
    problem.retry_after_s = (int)retry_after_s;
    give_problem(request, &problem);
}

static void give_refusal(struct flash_request *request, const struct flash_answer *answer)
{
    enum flash_refusal refusal = answer->refusal ? answer->refusal : FLASH_REFUSE_INTERNAL;
    assert(refusal < FLASH_REFUSE_COUNT);
    struct flash_problem problem = refusals[refusal];
    problem.detail = answer->detail ? answer->detail : problem.detail;
    problem.extra = answer->members;
    give_problem(request, &problem);
}

static void give_body(struct flash_request *request, const struct flash_answer *answer)
{
    char headers[FLASH_LOCATION_MAX + FLASH_LINK_MAX + 128], etag[40] = "";
    if (answer->version > 0) {
        snprintf(etag, sizeof(etag), "ETag: \"%lld\"\r\n", (long long)answer->version);
    }
    snprintf(headers, sizeof(headers), "%s%s%s%s%s%s%sCache-Control: no-store\r\n", etag,
             answer->location[0] ? "Location: " : "", answer->location,
             answer->location[0] ? "\r\n" : "", answer->link[0] ? "Link: <" : "", answer->link,
             answer->link[0] ? ">; rel=\"next\"\r\n" : "");
    bool unchanged =
        answer->whole &&
        flash_etag_listed(flash_request_header(request, "if-none-match"), answer->version);
    int status = unchanged ? 304 : answer->status;
    count(status);
    flash_request_reply(request, &(struct flash_response){
                                     .status = status,
                                     .content_type = answer->type,
                                     .headers = headers,
                                     .body = {answer->body, unchanged ? 0 : strlen(answer->body)},
                                 });
}

void flash_answer_give(struct flash_request *request, struct flash_answer *answer)
{
    if (answer->refusal != FLASH_REFUSE_NOTHING || !answer->body) {
        give_refusal(request, answer);
    } else {
        give_body(request, answer);
    }
    free(answer->body);
    free(answer->members);
    answer->body = answer->members = NULL;
}
