/* The thread of a duty; see duty.h. The lock guards all that is not the plan. */
#include "duty.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flash/time.h"

struct flash_duty {
    struct flash_duty_plan plan;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* by the monotonic clock */
    bool started, asked, stopping, stopped;
};

/* With the lock held: until then, or a change. */
static void wait_until(struct flash_duty *duty, uint64_t until_us)
{
    struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                             .tv_nsec = (long)(until_us % 1000000) * 1000};
    pthread_cond_timedwait(&duty->changed, &duty->lock, &until);
}

static void *serve(void *arg)
{
    struct flash_duty *duty = arg;
    uint64_t interval_us = (uint64_t)duty->plan.interval_ms * 1000;
    uint64_t next_us = flash_time_monotonic_us();
    pthread_mutex_lock(&duty->lock);
    while (!duty->stopping) {
        uint64_t now_us = flash_time_monotonic_us();
        if (!duty->asked && now_us < next_us) {
            wait_until(duty, next_us);
            continue;
        }
        next_us = now_us + interval_us;
        duty->asked = false;
        pthread_mutex_unlock(&duty->lock);
        duty->plan.run(duty, duty->plan.arg);
        pthread_mutex_lock(&duty->lock);
    }
    duty->stopped = true;
    pthread_mutex_unlock(&duty->lock);
    return NULL;
}

static int start_thread(struct flash_duty *duty)
{
    sigset_t all, before;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&duty->thread, NULL, serve, duty);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

bool flash_duty_new(const struct flash_duty_plan *plan, struct flash_duty **ret_duty,
                    struct flash_error *err)
{
    struct flash_duty *duty = calloc(1, sizeof(*duty));
    pthread_condattr_t monotonic;
    if (!duty) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "duty: out of memory");
    }
    duty->plan = *plan;
    pthread_mutex_init(&duty->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&duty->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int rc = start_thread(duty);
    if (rc != 0) {
        flash_duty_free(duty);
        return flash_error_set(err, FLASH_ERROR_RETRY, "duty: no thread: %s", strerror(rc));
    }
    duty->started = true;
    *ret_duty = duty;
    return true;
}

static void set(struct flash_duty *duty, bool *flag)
{
    pthread_mutex_lock(&duty->lock);
    *flag = true;
    pthread_cond_broadcast(&duty->changed);
    pthread_mutex_unlock(&duty->lock);
}

void flash_duty_ask(struct flash_duty *duty)
{
    if (duty) {
        set(duty, &duty->asked);
    }
}

bool flash_duty_pause(struct flash_duty *duty, uint64_t until_us)
{
    pthread_mutex_lock(&duty->lock);
    while (!duty->stopping && flash_time_monotonic_us() < until_us) {
        wait_until(duty, until_us);
    }
    bool goes_on = !duty->stopping;
    pthread_mutex_unlock(&duty->lock);
    return goes_on;
}

void flash_duty_stop(struct flash_duty *duty)
{
    if (duty) {
        set(duty, &duty->stopping);
    }
}

bool flash_duty_stopped(struct flash_duty *duty)
{
    if (!duty) {
        return true;
    }
    pthread_mutex_lock(&duty->lock);
    bool stopped = duty->stopped;
    pthread_mutex_unlock(&duty->lock);
    return stopped;
}

void flash_duty_free(struct flash_duty *duty)
{
    if (!duty) {
        return;
    }
    if (duty->started) {
        flash_duty_stop(duty);
        pthread_join(duty->thread, NULL);
    }
    pthread_cond_destroy(&duty->changed);
    pthread_mutex_destroy(&duty->lock);
    free(duty);
}
