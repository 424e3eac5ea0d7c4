/* A lane: a call in flight; what arrives meanwhile goes out together (natural batching, DESIGN §5).
 *
 * Pure: no clock, no client. A second call follows the first only when it is as large: Redis then
 * goes from one to the next without a pause, and has as few of them (ADR 0011). Between idle and
 * flooded a gather window holds a small batch back for a moment, only while so many arrive that
 * waiting pays: it is judged by the arrivals expected within the window. */
#ifndef ENGINE_LANE_H
#define ENGINE_LANE_H

#include <stdbool.h>
#include <stdint.h>

/* The head of whatever waits in a lane; embedded as first member. */
struct flash_lane_item {
    struct flash_lane_item *next;
};

/* How fast something arrives. */
struct flash_rate {
    uint64_t since_us;
    int count;     /* arrivals since then */
    double per_us; /* arrivals per microsecond, smoothed */
};

struct flash_lane {
    struct flash_lane_item *head, *tail;
    int count;         /* waiting, not in flight */
    int in_flight;     /* calls that are out */
    int sent;          /* items of the latest of them */
    uint64_t first_us; /* when the oldest waiting item came */
    struct flash_rate rate;
};

#define FLASH_LANE_CALLS 2   /* in flight at most */
#define FLASH_LANE_FULL 16   /* waiting items that go out without gathering */
#define FLASH_LANE_WORTH 4.0 /* arrivals expected in the window that make it worth waiting */
#define FLASH_LANE_SAMPLE_US 4000

/* One has arrived. */
void flash_rate_count(struct flash_rate *rate, uint64_t now_us);

void flash_lane_push(struct flash_lane *lane, struct flash_lane_item *item, uint64_t now_us);

/* Whether a call should go out now. If not and only the window holds it back, *ret_wait_us is how
 * long to wait, else 0. window_us 0: no gathering. */
bool flash_lane_due(const struct flash_lane *lane, uint64_t now_us, uint64_t window_us,
                    uint64_t *ret_wait_us);

/* Takes up to max items for a call and counts it as in flight; returns a list linked by next,
 * *ret_count long. */
struct flash_lane_item *flash_lane_take(struct flash_lane *lane, int max, uint64_t now_us,
                                        int *ret_count);
/* Takes all that waits, not for a call: to be refused, in the order it came. */
struct flash_lane_item *flash_lane_clear(struct flash_lane *lane);
/* A call has completed; they complete in the order they were taken. */
void flash_lane_done(struct flash_lane *lane);

#endif
