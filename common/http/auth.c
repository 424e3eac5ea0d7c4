/* Authentication of a request; see flash/http_auth.h.
 *
 * A verified token is kept in the connection's slot: the same bytes on the same connection are the
 * same claims, only their times are compared again. */
#include "flash/http_auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "flash/time.h"

struct remembered {
    struct flash_claims claims;
    size_t token_len;
    char token[];
};

static void take_key(struct flash_http_auth *auth, const char *kid, const char *secret)
{
    if (secret[0]) {
        struct flash_jwt_key *key = &auth->keys[auth->key_count++];
        snprintf(key->kid, sizeof(key->kid), "%s", kid);
        snprintf(key->secret, sizeof(key->secret), "%s", secret);
        key->secret_len = strlen(key->secret);
    }
}

void flash_http_auth_init(struct flash_http_auth *auth, const struct flash_config *config)
{
    *auth = (struct flash_http_auth){.mode = config->auth.mode};
    take_key(auth, config->auth.kid_1, config->auth.key_1);
    take_key(auth, config->auth.kid_2, config->auth.key_2);
}

static bool bearer(struct flash_text header, struct flash_text *ret_token)
{
    static const char scheme[] = "bearer ";
    size_t skip = sizeof(scheme) - 1;
    if (!header.at || header.len <= skip || header.len > skip + FLASH_JWT_MAX ||
        strncasecmp(header.at, scheme, skip) != 0) {
        return false;
    }
    *ret_token = (struct flash_text){header.at + skip, header.len - skip};
    return true;
}

static const struct flash_claims *recall(const struct flash_request *request,
                                         struct flash_text token, int64_t now_s)
{
    const struct remembered *known = flash_request_slot(request);
    bool same = known && flash_jwt_same((struct flash_text){known->token, known->token_len}, token);
    bool live = same && now_s < known->claims.exp_s && now_s >= known->claims.nbf_s;
    return live ? &known->claims : NULL;
}

static enum flash_http_auth_outcome remember(struct flash_request *request, struct flash_text token,
                                             const struct flash_claims *claims,
                                             const struct flash_claims **ret_claims)
{
    struct remembered *known = malloc(sizeof(*known) + token.len);
    if (!known) {
        return FLASH_HTTP_AUTH_NO_MEMORY;
    }
    known->claims = *claims;
    known->token_len = token.len;
    if (token.len) {
        memcpy(known->token, token.at, token.len);
    }
    flash_request_set_slot(request, known, free);
    *ret_claims = &known->claims;
    return FLASH_HTTP_AUTH_KNOWN;
}

static enum flash_http_auth_outcome from_header(struct flash_request *request,
                                                const struct flash_claims **ret_claims)
{
    struct flash_text user = flash_request_header(request, "x-user-id");
    struct flash_claims claims = {.role = FLASH_ROLE_ADMIN};
    if (!user.at) {
        user = (struct flash_text){"", 0};
    } else if (!flash_user_valid(user)) {
        return FLASH_HTTP_AUTH_BAD_USER;
    }
    struct remembered *known = flash_request_slot(request);
    if (known) { /* who called before on this connection needs it no more */
        memcpy(known->claims.sub, user.at, user.len);
        known->claims.sub[user.len] = '\0';
        *ret_claims = &known->claims;
        return FLASH_HTTP_AUTH_KNOWN;
    }
    memcpy(claims.sub, user.at, user.len);
    return remember(request, (struct flash_text){"", 0}, &claims, ret_claims);
}

enum flash_http_auth_outcome flash_http_auth_claims(const struct flash_http_auth *auth,
                                                    struct flash_request *request,
                                                    const struct flash_claims **ret_claims)
{
    if (auth->mode == FLASH_AUTH_OFF) {
        return from_header(request, ret_claims);
    }
    struct flash_text token;
    struct flash_claims claims;
    struct flash_error err;
    struct flash_jwt_check check = {auth->keys, auth->key_count,
                                    (int64_t)(flash_time_wall_ms() / 1000)};
    if (!bearer(flash_request_header(request, "authorization"), &token)) {
        return FLASH_HTTP_AUTH_UNAUTHORIZED;
    }
    const struct flash_claims *known = recall(request, token, check.now_s);
    if (known) {
        *ret_claims = known;
        return FLASH_HTTP_AUTH_KNOWN;
    }
    if (!flash_jwt_verify(token, &check, &claims, &err)) {
        return FLASH_HTTP_AUTH_UNAUTHORIZED;
    }
    return remember(request, token, &claims, ret_claims);
}
