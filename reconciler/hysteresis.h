/* When a reading that comes and goes is a change worth telling: it must have lasted. Pure. */
#ifndef RECONCILER_HYSTERESIS_H
#define RECONCILER_HYSTERESIS_H

#include <stdbool.h>
#include <stdint.h>

enum flash_hysteresis_state {
    FLASH_HYSTERESIS_UNSURE, /* nothing has lasted yet: what an earlier process said stands */
    FLASH_HYSTERESIS_CLEAR,
    FLASH_HYSTERESIS_RAISED,
};

struct flash_hysteresis {
    enum flash_hysteresis_state state; /* begin with all zero */
    bool read, bad;                    /* whether there was a reading, and the last one */
    int64_t since_ms;                  /* it has been like that since */
};

struct flash_hysteresis_limits {
    int64_t raise_after_ms, clear_after_ms; /* 0: at once */
};

/* Takes a reading at now_ms (of any clock that does not go back). True: the state has changed just
 * now, from UNSURE too. */
bool flash_hysteresis_step(struct flash_hysteresis *hysteresis,
                           const struct flash_hysteresis_limits *limits, bool bad, int64_t now_ms);

#endif
