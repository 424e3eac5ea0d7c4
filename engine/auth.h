/* Who is calling: the bearer token of a request, verified once per connection, or X-User-Id where
 * auth is off. */
#ifndef ENGINE_AUTH_H
#define ENGINE_AUTH_H

#include "worker.h"

/* The caller's claims (borrowed until the request is answered), or NULL after having answered with
 * the refusal. */
const struct flash_claims *flash_auth(struct flash_worker *worker, struct flash_request *request);

#endif
