/* Says in Redis that this worker is there, and tells a recovery when nothing of what was accepted
 * before it asked is on its way to Kafka any more (DESIGN §5.1 rule 16; docs/FORMATS.md, Engines).
 *
 * Replies come in order on the worker's connection: when the question is read, the entry of every
 * earlier call has been handed to the producer, or its reply is lost and nobody publishes it. So
 * once the producer holds nothing, the worker can answer. Under a load on other SKUs that moment
 * may not be seen; then the recovery waits for its window instead. */
#ifndef ENGINE_PRESENCE_H
#define ENGINE_PRESENCE_H

#include "worker.h"

/* Gives the worker its name. Error kind: RETRY. */
FLASH_MUST_CHECK bool flash_presence_init(struct flash_worker *worker, struct flash_error *err);
/* Every tick: looks whether the producer holds something, and calls Redis where that is due. */
void flash_presence_tick(struct flash_worker *worker);

#endif
