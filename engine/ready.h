/* What the engine says of its parts: readiness with a reason each, and the gauges that are sums
 * over workers. */
#ifndef ENGINE_READY_H
#define ENGINE_READY_H

#include "flash/http_ops.h"

struct flash_engine;

/* A flash_ready_fill; arg is the struct flash_worker that is asked, on its thread: it knows why. */
int flash_ready_parts(struct flash_ready_part *parts, int max, void *arg);
/* Sets the gauges that are read from the workers. Any thread. */
void flash_ready_gauges(struct flash_engine *engine);

#endif
