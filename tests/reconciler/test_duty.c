/* A duty runs at once, again after its interval, when asked, and ends when it is stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>

#include "../../reconciler/duty.h"
#include "flash/time.h"

#define HOUR_MS 3600000
#define HOUR_US 3600000000ULL

/* What the runs did, and a way to wait for it. */
struct seen {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int runs, pauses_cut;
    uint64_t pause_us; /* each run pauses so long; 0: not at all */
    int asks_left;     /* so many runs ask for another */
};

static void run(struct flash_duty *duty, void *arg)
{
    struct seen *seen = arg;
    pthread_mutex_lock(&seen->lock);
    seen->runs++;
    uint64_t pause_us = seen->pause_us;
    bool ask = seen->asks_left-- > 0;
    pthread_cond_broadcast(&seen->changed);
    pthread_mutex_unlock(&seen->lock);
    if (ask) {
        flash_duty_ask(duty);
    }
    if (pause_us > 0 && !flash_duty_pause(duty, flash_time_monotonic_us() + pause_us)) {
        pthread_mutex_lock(&seen->lock);
        seen->pauses_cut++;
        pthread_mutex_unlock(&seen->lock);
    }
}

static struct flash_duty *start(struct seen *seen, int64_t interval_ms)
{
    struct flash_duty *duty;
    struct flash_error err;
    pthread_mutex_init(&seen->lock, NULL);
    pthread_cond_init(&seen->changed, NULL);
    assert_true(flash_duty_new(&(struct flash_duty_plan){interval_ms, run, seen}, &duty, &err));
    return duty;
}

static void wait_for_runs(struct seen *seen, int runs)
{
    pthread_mutex_lock(&seen->lock);
    while (seen->runs < runs) {
        pthread_cond_wait(&seen->changed, &seen->lock);
    }
    pthread_mutex_unlock(&seen->lock);
}

static void it_runs_at_once_and_no_sooner_again(void **state)
{
    struct seen seen = {.runs = 0};
    struct flash_duty *duty = start(&seen, HOUR_MS);
    (void)state;
    wait_for_runs(&seen, 1);
    flash_duty_free(duty);
    assert_int_equal(seen.runs, 1);
}

static void it_runs_every_interval(void **state)
{
    struct seen seen = {.runs = 0};
    uint64_t start_us = flash_time_monotonic_us();
    struct flash_duty *duty = start(&seen, 20);
    (void)state;
    wait_for_runs(&seen, 4);
    assert_true(flash_time_monotonic_us() - start_us >= 60000);
    flash_duty_free(duty);
}

static void asking_brings_the_next_run(void **state)
{
    struct seen seen = {.runs = 0};
    struct flash_duty *duty = start(&seen, HOUR_MS);
    (void)state;
    wait_for_runs(&seen, 1);
    flash_duty_ask(duty);
    wait_for_runs(&seen, 2);
    flash_duty_free(duty);
}

static void a_run_may_ask_for_another(void **state)
{
    struct seen seen = {.asks_left = 3};
    struct flash_duty *duty = start(&seen, HOUR_MS);
    (void)state;
    wait_for_runs(&seen, 4);
    flash_duty_free(duty);
    assert_int_equal(seen.runs, 4);
}

static void a_stop_ends_a_pause(void **state)
{
    struct seen seen = {.pause_us = HOUR_US};
    struct flash_duty *duty = start(&seen, HOUR_MS);
    (void)state;
    wait_for_runs(&seen, 1);
    assert_false(flash_duty_stopped(duty));
    flash_duty_free(duty);
    assert_int_equal(seen.pauses_cut, 1);
}

static void no_run_begins_after_a_stop(void **state)
{
    struct seen seen = {.runs = 0};
    struct flash_duty *duty = start(&seen, HOUR_MS);
    (void)state;
    wait_for_runs(&seen, 1);
    flash_duty_stop(duty);
    flash_duty_ask(duty);
    flash_duty_free(duty);
    assert_int_equal(seen.runs, 1);
}

static void nothing_is_a_duty_too(void **state)
{
    (void)state;
    flash_duty_ask(NULL);
    flash_duty_stop(NULL);
    assert_true(flash_duty_stopped(NULL));
    flash_duty_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_runs_at_once_and_no_sooner_again),
        cmocka_unit_test(it_runs_every_interval),
        cmocka_unit_test(asking_brings_the_next_run),
        cmocka_unit_test(a_run_may_ask_for_another),
        cmocka_unit_test(a_stop_ends_a_pause),
        cmocka_unit_test(no_run_begins_after_a_stop),
        cmocka_unit_test(nothing_is_a_duty_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
