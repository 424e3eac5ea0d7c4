/* Who is calling: a request's bearer token, verified once per connection, or X-User-Id where auth
 * is off (API.md, "Who calls").
 *
 * Verified claims are kept in the connection's slot, so the slot belongs to this module on
 * listeners that use it. What a role may do is the daemon's business, and so is the refusal: a
 * failure never says why to the caller. */
#ifndef FLASH_HTTP_AUTH_H
#define FLASH_HTTP_AUTH_H

#include "flash/http.h"
#include "flash/jwt.h"

/* Filled once from the configuration, then only read: from any thread. */
struct flash_http_auth {
    enum flash_auth_mode mode;
    struct flash_jwt_key keys[2];
    int key_count;
};

enum flash_http_auth_outcome {
    FLASH_HTTP_AUTH_KNOWN,        /* *ret_claims says who */
    FLASH_HTTP_AUTH_UNAUTHORIZED, /* no token, or none that holds: 401 */
    FLASH_HTTP_AUTH_BAD_USER,     /* auth is off, X-User-Id is no user id: 400 */
    FLASH_HTTP_AUTH_NO_MEMORY,    /* 503 */
};

void flash_http_auth_init(struct flash_http_auth *auth, const struct flash_config *config);

/* *ret_claims is borrowed until the request is answered. With auth off the role is admin and sub
 * what X-User-Id says, "" without one. Reads the clock. On the listener's thread. */
FLASH_MUST_CHECK enum flash_http_auth_outcome
flash_http_auth_claims(const struct flash_http_auth *auth, struct flash_request *request,
                       const struct flash_claims **ret_claims);

#endif
