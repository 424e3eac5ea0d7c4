/* The reconciler's own routes, who may use them, and every way they are refused; see routes.h. */
#include "routes.h"

#include <string.h>

#include "flash/log.h"

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

/* A pass of expiry: its counts are the answer. */
static bool ask_expiry(const struct flash_routes *routes, struct flash_request *request)
{
    if (!flash_asks_add(routes->asks, request)) {
        return false;
    }
    flash_duty_ask(routes->expiry_duty);
    return true;
}

/* A pass over the journals: what it does is in the record of runs, so nobody waits for it. */
static bool ask_reconcile(const struct flash_routes *routes, struct flash_request *request)
{
    static const char body[] = "{\"asked\":true}";
    flash_reconcile_duty_ask(routes->reconcile_duty);
    flash_request_reply(request, &(struct flash_response){.status = 202,
                                                          .headers = "Cache-Control: no-store\r\n",
                                                          .body = {body, sizeof(body) - 1}});
    return true;
}

static const struct pass {
    const char *path, *name;
    bool (*ask)(const struct flash_routes *routes, struct flash_request *request);
} passes[] = {
    {"/v1/expiry/pass", "expiry", ask_expiry},
    {"/v1/reconcile/pass", "reconcile", ask_reconcile},
};

static enum refusal ask_for_pass(const struct flash_routes *routes, struct flash_request *request,
                                 const struct pass *pass)
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
              FLASH_TEXT("pass", pass->name), FLASH_TEXT("request_id", flash_request_id(request)));
    return pass->ask(routes, request) ? REFUSE_NOTHING : REFUSE_OVERLOADED;
}

void flash_routes_handle(struct flash_request *request, void *arg)
{
    struct flash_routes *routes = arg;
    if (flash_ops_handle(request, &routes->ops)) {
        return;
    }
    enum refusal refusal = REFUSE_NO_ROUTE;
    for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
        if (path_is(request, passes[i].path)) {
            refusal = ask_for_pass(routes, request, &passes[i]);
            break; /* the request may be gone */
        }
    }
    if (refusal != REFUSE_NOTHING) {
        flash_request_problem(request, &refusals[refusal]);
    }
}
