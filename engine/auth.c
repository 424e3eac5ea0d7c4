/* Authentication of a request; see auth.h.
 *
 * A verified token is kept in the connection's slot: the same bytes on the same connection are the same claims, only
 * their times are compared again. A failure never says why to the caller. */
#include "auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "flash/time.h"

#define TOKEN_MAX 2048

struct remembered {
    struct flash_claims claims;
    size_t token_len;
    char token[];
};

static bool bearer(struct flash_text header, struct flash_text *ret_token)
{
    static const char scheme[] = "bearer ";
    size_t skip = sizeof(scheme) - 1;
    if (!header.at || header.len <= skip || header.len > TOKEN_MAX ||
        strncasecmp(header.at, scheme, skip) != 0) {
        return false;
    }
    *ret_token = (struct flash_text){header.at + skip, header.len - skip};
    return true;
}

static const struct flash_claims *recall(struct flash_request *request, struct flash_text token,
                                         int64_t now_s)
{
    struct remembered *known = flash_request_slot(request);
    bool same = known && known->token_len == token.len &&
                memcmp(known->token, token.at, token.len) == 0;
    bool live = same && now_s < known->claims.exp_s && now_s >= known->claims.nbf_s;
    return live ? &known->claims : NULL;
}

static const struct flash_claims *remember(struct flash_request *request, struct flash_text token,
                                           const struct flash_claims *claims)
{
    struct remembered *known = malloc(sizeof(*known) + token.len);
    if (!known) {
        return NULL;
    }
    known->claims = *claims;
    known->token_len = token.len;
    if (token.len) {
        memcpy(known->token, token.at, token.len);
    }
    flash_request_set_slot(request, known, free);
    return &known->claims;
}

static const struct flash_claims *from_header(struct flash_request *request)
{
    struct flash_text user = flash_request_header(request, "x-user-id");
    struct flash_claims claims = {.role = FLASH_ROLE_ADMIN};
    if (!user.at) {
        user = (struct flash_text){"", 0};
    } else if (!flash_user_valid(user)) {
        flash_answer_refuse(request, FLASH_REFUSE_BAD_USER, NULL);
        return NULL;
    }
    struct remembered *known = flash_request_slot(request);
    if (known && strlen(known->claims.sub) == user.len &&
        memcmp(known->claims.sub, user.at, user.len) == 0) {
        return &known->claims;
    }
    memcpy(claims.sub, user.at, user.len);
    const struct flash_claims *kept = remember(request, (struct flash_text){"", 0}, &claims);
    if (!kept) {
        flash_answer_refuse(request, FLASH_REFUSE_UNAVAILABLE, NULL);
    }
    return kept;
}

const struct flash_claims *flash_auth(struct flash_worker *worker, struct flash_request *request)
{
    struct flash_engine *engine = worker->engine;
    if (engine->config->auth.mode == FLASH_AUTH_OFF) {
        return from_header(request);
    }
    struct flash_text token;
    struct flash_claims claims;
    struct flash_error err;
    int64_t now_s = (int64_t)(flash_time_wall_ms() / 1000);
    if (bearer(flash_request_header(request, "authorization"), &token)) {
        const struct flash_claims *known = recall(request, token, now_s);
        if (known) {
            return known;
        }
        if (flash_jwt_verify(token, engine->keys, engine->key_count, now_s, &claims, &err)) {
            known = remember(request, token, &claims);
            if (known) {
                return known;
            }
        }
    }
    flash_answer_refuse(request, FLASH_REFUSE_UNAUTHORIZED, NULL);
    return NULL;
}
