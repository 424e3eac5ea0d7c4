/* A timer of the kernel's own, which wakes an event loop: exact, and without a system call a turn.
 *
 * libevent's precise timers are set anew before every wait of the loop while any is pending, one
 * system call for each two orders at 12,000 a second; its others are late by some milliseconds,
 * which is too much for a gather window. One thread. */
#ifndef ENGINE_TIMER_H
#define ENGINE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;

struct flash_timer {
    struct event *event; /* owned; NULL: not open */
    int fd;
    uint64_t at_us;          /* when it goes off, monotonic; 0: it is not set */
    void (*done)(void *arg); /* NULL: waking the loop is all */
    void *arg;
};

/* False: no descriptor or no memory. */
bool flash_timer_init(struct flash_timer *timer, struct event_base *base);
/* Fine for one that is all zeros. */
void flash_timer_finish(struct flash_timer *timer);
/* Wakes the loop at at_us (monotonic microseconds), once, or before: one that is set sooner is left
 * alone. */
void flash_timer_at(struct flash_timer *timer, uint64_t at_us);

#endif
