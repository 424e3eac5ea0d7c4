/* Passes that were asked for over HTTP: the requests that wait for one, and what they are told.
 *
 * POST /inventory/cleanup-expired belongs to the back office (API.md), but the pass is the
 * reconciler's: two daemons share no code above the adapters, and there is one pace and one
 * producer for expiry if one daemon does it. So the reconciler serves the pass on its own listener,
 * POST /v1/expiry/pass, role admin, and flash-admin hands its caller's request on. */
#ifndef RECONCILER_ASKS_H
#define RECONCILER_ASKS_H

#include "expiry.h"
#include "flash/http.h"
#include "flash/mailbox.h"

struct flash_asks;
struct flash_ask;

FLASH_MUST_CHECK bool flash_asks_new(struct event_base *base, struct flash_asks **ret_asks,
                                     struct flash_error *err);
/* On the loop's thread: request waits for a pass that begins after this. False: too many wait, or
 * none is run any more; the request is not touched. */
FLASH_MUST_CHECK bool flash_asks_add(struct flash_asks *asks, struct flash_request *request);
/* On the duty's thread, before a pass: all that wait, handed over; NULL: none. */
struct flash_ask *flash_asks_take(struct flash_asks *asks);
/* On the duty's thread, after it: they are answered from the loop. */
void flash_asks_answer(struct flash_asks *asks, struct flash_ask *taken,
                       const struct flash_expiry_done *done);
/* On the loop's thread, once no pass begins any more: answers those that wait. Repeats do nothing.
 */
void flash_asks_close(struct flash_asks *asks);
/* When the duty has ended. What was posted is answered. NULL is fine. */
void flash_asks_free(struct flash_asks *asks);

#endif
