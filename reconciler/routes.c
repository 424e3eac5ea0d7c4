/* The reconciler's own route, who may use it, and every way it is refused; see routes.h. */
#include "routes.h"

#include <string.h>

#include "flash/log.h"

#define PASS_PATH "/v1/expiry/pass"

enum refusal {
    REFUSE_NOTHING,
    REFUSE_NO_ROUTE,
    REFUSE_METHOD,
    REFUSE_UNAUTHORIZED,
    REFUSE_BAD_USER,
    REFUSE_FORBIDDEN,
    REFUSE_BODY,
    REFUSE_OVERLOADED,
    REFUSE_COUNT,
};

static const struct flash_problem refusals[] = {
    [REFUSE_NOTHING] = {500, "internal", "Internal error", "Nothing was answered.", 0},
    [REFUSE_NO_ROUTE] = {404, "not-found", "Not found", "No such route.", 0},
    [REFUSE_METHOD] = {405, "method-not-allowed", "Method not allowed",
                       "The route does not know this method.", 0, NULL, "Allow: POST\r\n"},
    [REFUSE_UNAUTHORIZED] = {401, "unauthorized", "Unauthorized", "A valid bearer token is needed.",
                             0, NULL, "WWW-Authenticate: Bearer\r\n"},
    [REFUSE_BAD_USER] = {400, "bad-user", "Bad user",
                         "X-User-Id must be 1 to 64 bytes of UTF-8 without controls, quotes, "
                         "backslashes or braces.",
                         0},
    [REFUSE_FORBIDDEN] = {403, "forbidden", "Forbidden",
                          "The role admin is needed, by a token that is not for one sale only.", 0},
    [REFUSE_BODY] = {400, "bad-body", "Bad body", "This request has no body.", 0},
    [REFUSE_OVERLOADED] = {503, "overloaded", "Overloaded",
                           "Too many requests are waiting, or the reconciler is shutting down.", 1},
};
_Static_assert(sizeof(refusals) / sizeof(refusals[0]) == REFUSE_COUNT, "one row each");

static bool path_is(const struct flash_request *request, const char *path)
{
    struct flash_text asked = flash_request_path(request);
    return asked.len == strlen(path) && memcmp(asked.at, path, asked.len) == 0;
}

static enum refusal who(const struct flash_routes *routes, struct flash_request *request,
                        const struct flash_claims **ret_claims)
{
    static const enum refusal outcomes[] = {
        [FLASH_HTTP_AUTH_KNOWN] = REFUSE_NOTHING,
        [FLASH_HTTP_AUTH_UNAUTHORIZED] = REFUSE_UNAUTHORIZED,
        [FLASH_HTTP_AUTH_BAD_USER] = REFUSE_BAD_USER,
        [FLASH_HTTP_AUTH_NO_MEMORY] = REFUSE_OVERLOADED,
    };
    enum refusal refusal = outcomes[flash_http_auth_claims(&routes->auth, request, ret_claims)];
    if (refusal != REFUSE_NOTHING) {
        return refusal;
    }
    bool may = (*ret_claims)->role >= FLASH_ROLE_ADMIN && (*ret_claims)->sku == 0;
    return may ? REFUSE_NOTHING : REFUSE_FORBIDDEN;
}

static enum refusal ask_for_pass(const struct flash_routes *routes, struct flash_request *request)
{
    const struct flash_claims *claims = NULL;
    if (flash_request_method(request) != FLASH_METHOD_POST) {
        return REFUSE_METHOD;
    }
    enum refusal refusal = who(routes, request, &claims);
    if (refusal != REFUSE_NOTHING) {
        return refusal;
    }
    if (flash_request_body(request).len > 0) {
        return REFUSE_BODY;
    }
    FLASH_LOG(INFO, "reconciler.pass_asked", FLASH_TEXT("operator", claims->sub),
              FLASH_TEXT("request_id", flash_request_id(request)));
    if (!flash_asks_add(routes->asks, request)) {
        return REFUSE_OVERLOADED;
    }
    flash_duty_ask(routes->expiry_duty);
    return REFUSE_NOTHING;
}

void flash_routes_handle(struct flash_request *request, void *arg)
{
    struct flash_routes *routes = arg;
    if (flash_ops_handle(request, &routes->ops)) {
        return;
    }
    enum refusal refusal =
        path_is(request, PASS_PATH) ? ask_for_pass(routes, request) : REFUSE_NO_ROUTE;
    if (refusal != REFUSE_NOTHING) {
        flash_request_problem(request, &refusals[refusal]);
    }
}
