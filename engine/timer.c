/* A timerfd whose edge the loop reports, so that nothing has to be read from it; see timer.h. */
#include "timer.h"

#include <event2/event.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct flash_timer *timer = arg;
    timer->at_us = 0;
    if (timer->done) {
        timer->done(timer->arg);
    }
}

bool flash_timer_init(struct flash_timer *timer, struct event_base *base)
{
    timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer->fd < 0) {
        return false;
    }
    timer->event = event_new(base, timer->fd, EV_READ | EV_PERSIST | EV_ET, over, timer);
    if (!timer->event) {
        close(timer->fd);
        return false;
    }
    return event_add(timer->event, NULL) == 0;
}

void flash_timer_finish(struct flash_timer *timer)
{
    if (timer->event) {
        event_free(timer->event);
        close(timer->fd);
    }
}

void flash_timer_at(struct flash_timer *timer, uint64_t at_us)
{
    if (timer->at_us && timer->at_us <= at_us) {
        return;
    }
    const struct itimerspec at = {.it_value = {.tv_sec = (time_t)(at_us / 1000000),
                                               .tv_nsec = (long)(at_us % 1000000) * 1000}};
    if (timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &at, NULL) == 0) {
        timer->at_us = at_us;
    }
}
