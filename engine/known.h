/* What a worker knows of a SKU before it sells it: whether Redis has it, in which generation, and
 * whether its gate is open on the server the worker is connected to (DESIGN §5.1). */
#ifndef ENGINE_KNOWN_H
#define ENGINE_KNOWN_H

#include "worker.h"

#define FLASH_STATUS_HEAD 6 /* of its answer: OK, now, journal length, oldest, generation, sale */

/* Redis has no such SKU, but had it before, or has it behind a closed gate: what it does not know
 * it may have forgotten. */
bool flash_known_lost(const struct flash_sku *sku);

/* Whether sku's gate was found closed a moment ago. */
bool flash_known_closed(const struct flash_worker *worker, const struct flash_sku *sku);

/* Whether sku's generation is known, and its gate open; if not, asks for them (or refuses what
 * waits, when Redis has no such SKU or its gate is closed). */
bool flash_known_ask(struct flash_worker *worker, struct flash_sku *sku);

/* Takes over what a status call answered, which was asked for the sale or not. */
void flash_known_learn(struct flash_worker *worker, struct flash_sku *sku, bool with_sale,
                       const struct flash_redis_reply *reply);

#endif
