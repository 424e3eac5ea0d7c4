/* Readings and how long they lasted; see hysteresis.h. */
#include "hysteresis.h"

bool flash_hysteresis_step(struct flash_hysteresis *hysteresis,
                           const struct flash_hysteresis_limits *limits, bool bad, int64_t now_ms)
{
    enum flash_hysteresis_state to = bad ? FLASH_HYSTERESIS_RAISED : FLASH_HYSTERESIS_CLEAR;
    int64_t needed_ms = bad ? limits->raise_after_ms : limits->clear_after_ms;
    if (!hysteresis->read || hysteresis->bad != bad) {
        hysteresis->read = true;
        hysteresis->bad = bad;
        hysteresis->since_ms = now_ms;
    }
    if (hysteresis->state == to || now_ms - hysteresis->since_ms < needed_ms) {
        return false;
    }
    hysteresis->state = to;
    return true;
}
