/* The queue and the clockwork of natural batching; see lane.h. */
#include "lane.h"

#include <assert.h>
#include <stddef.h>

void flash_rate_count(struct flash_rate *rate, uint64_t now_us)
{
    rate->count++;
    uint64_t elapsed_us = now_us - rate->since_us;
    if (elapsed_us < FLASH_LANE_SAMPLE_US) {
        return;
    }
    double latest = (double)rate->count / (double)elapsed_us;
    rate->per_us = elapsed_us > 10 * FLASH_LANE_SAMPLE_US ? latest : (rate->per_us + latest) / 2;
    rate->since_us = now_us;
    rate->count = 0;
}

void flash_lane_push(struct flash_lane *lane, struct flash_lane_item *item, uint64_t now_us)
{
    item->next = NULL;
    if (lane->tail) {
        lane->tail->next = item;
    } else {
        lane->head = item;
        lane->first_us = now_us;
    }
    lane->tail = item;
    lane->count++;
    flash_rate_count(&lane->rate, now_us);
}

bool flash_lane_due(const struct flash_lane *lane, uint64_t now_us, uint64_t window_us,
                    uint64_t *ret_wait_us)
{
    *ret_wait_us = 0;
    if (lane->count == 0) {
        return false;
    }
    if (lane->in_flight > 0) {
        return lane->in_flight < FLASH_LANE_CALLS && lane->count >= FLASH_LANE_FULL &&
               lane->count >= lane->sent;
    }
    uint64_t waited_us = now_us - lane->first_us;
    if (lane->count >= FLASH_LANE_FULL || waited_us >= window_us ||
        lane->rate.per_us * (double)window_us < FLASH_LANE_WORTH) {
        return true;
    }
    *ret_wait_us = window_us - waited_us;
    return false;
}

struct flash_lane_item *flash_lane_take(struct flash_lane *lane, int max, uint64_t now_us,
                                        int *ret_count)
{
    assert(max > 0);
    struct flash_lane_item *first = lane->head, *last = first;
    int count = lane->count < max ? lane->count : max;
    for (int i = 1; i < count; i++) {
        last = last->next;
    }
    if (last) {
        lane->head = last->next;
        last->next = NULL;
    }
    if (!lane->head) {
        lane->tail = NULL;
    }
    lane->first_us = now_us;
    lane->count -= count;
    lane->in_flight += count > 0;
    lane->sent = count;
    *ret_count = count;
    return first;
}

struct flash_lane_item *flash_lane_clear(struct flash_lane *lane)
{
    struct flash_lane_item *first = lane->head;
    lane->head = lane->tail = NULL;
    lane->count = 0;
    return first;
}

void flash_lane_done(struct flash_lane *lane)
{
    assert(lane->in_flight > 0);
    lane->in_flight--;
}
