/* How fast a pass may go: so many orders a second, evenly, whatever was missed before.
 *
 * Pure. A call's orders take their time from the moment the call began; time that went unused is
 * not saved up, so there is never a burst. A pass shares Redis with the buyers, and what it takes
 * at once they wait for. */
#ifndef RECONCILER_PACE_H
#define RECONCILER_PACE_H

#include <stdint.h>

struct flash_pace {
    int64_t rate;     /* orders a second, at least 1 */
    uint64_t next_us; /* the next call is not due before */
};

void flash_pace_init(struct flash_pace *pace, int64_t rate);

/* The most orders one call should take: what the rate allows in a 64th of a second, 1 to
 * FLASH_BATCH_LINES. */
int flash_pace_portion(const struct flash_pace *pace);

/* A call that began at began_us has cost as much as so many orders. Returns when the next may
 * begin. */
uint64_t flash_pace_charge(struct flash_pace *pace, uint64_t began_us, int64_t orders);

#endif
