/* For an application that runs the event loop a turn at a time: the server then reads the clock
 * once a turn instead of once a request and once an answer. */
#ifndef FLASH_HTTP_TURN_H
#define FLASH_HTTP_TURN_H

#include "flash/http.h"

/* A turn of the loop is over, and all that the application did after it: what comes next reads the
 * clock. Called after every turn from the first one on, or never. Times of a request (when it was
 * received, its deadlines) are then those of its turn's first event; a turn that takes long makes
 * them too early, never too late. */
void flash_http_turned(struct flash_http *http);

#endif
