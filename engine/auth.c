/* Authentication of a request, and the engine's refusal of those that fail; see auth.h. */
#include "auth.h"

#include "answer.h"

const struct flash_claims *flash_auth(struct flash_worker *worker, struct flash_request *request)
{
    static const enum flash_refusal refusals[] = {
        [FLASH_HTTP_AUTH_UNAUTHORIZED] = FLASH_REFUSE_UNAUTHORIZED,
        [FLASH_HTTP_AUTH_BAD_USER] = FLASH_REFUSE_BAD_USER,
        [FLASH_HTTP_AUTH_NO_MEMORY] = FLASH_REFUSE_UNAVAILABLE,
    };
    const struct flash_claims *claims = NULL;
    enum flash_http_auth_outcome outcome =
        flash_http_auth_claims(&worker->engine->auth, request, &claims);
    if (outcome != FLASH_HTTP_AUTH_KNOWN) {
        flash_answer_refuse(request, refusals[outcome], NULL);
    }
    return claims;
}
