/* Jobs go to the workers' threads and come back to the loop, each exactly once; a full queue says
 * so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "../../admin/workers.h"

#define JOBS 2000
#define QUICK 200

static _Atomic int runs, slow_now, slow_most;
static int overs, stopped;
static pthread_t loop_thread;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER, slow_gate = PTHREAD_MUTEX_INITIALIZER;
static struct flash_config config;

static void run(struct flash_job *job, struct flash_stores *stores)
{
    assert_non_null(stores->mysql);
    assert_non_null(stores->redis);
    assert_false(pthread_equal(pthread_self(), loop_thread));
    pthread_mutex_lock(&gate); /* held by a test that wants its jobs to wait */
    pthread_mutex_unlock(&gate);
    job->answer.status = 200;
    runs++;
}

static void over(struct flash_job *job)
{
    assert_true(pthread_equal(pthread_self(), loop_thread));
    overs++;
    stopped += job->answer.refusal == FLASH_REFUSE_STOPPING;
    assert_true(job->answer.status == 200 || job->answer.refusal == FLASH_REFUSE_STOPPING);
}

static struct flash_workers *start(struct event_base *base)
{
    struct flash_workers *workers = NULL;
    struct flash_error err = {0};
    runs = 0;
    overs = stopped = 0;
    loop_thread = pthread_self();
    snprintf(config.mysql.host, sizeof(config.mysql.host), "127.0.0.1");
    snprintf(config.mysql.user, sizeof(config.mysql.user), "nobody");
    snprintf(config.mysql.database, sizeof(config.mysql.database), "nothing");
    snprintf(config.redis.host, sizeof(config.redis.host), "127.0.0.1");
    config.mysql.port = config.redis.port = 1; /* nobody connects */
    config.mysql.connect_timeout_ms = config.mysql.query_timeout_ms = 1000;
    config.redis.connect_timeout_ms = config.redis.reply_timeout_ms = 1000;
    const struct flash_workers_parts parts = {.config = &config};
    if (!flash_workers_new(base, &parts, &workers, &err)) {
        fail_msg("%s", err.text);
    }
    return workers;
}

static void test_every_job_comes_back(void **state)
{
    (void)state;
    struct event_base *base = event_base_new();
    struct flash_workers *workers = start(base);
    static struct flash_job jobs[JOBS];
    memset(jobs, 0, sizeof(jobs));
    for (int i = 0; i < JOBS;) {
        jobs[i].run = run;
        jobs[i].over = over;
        if (flash_workers_submit(workers, &jobs[i])) {
            i++;
        } else {
            event_base_loop(base, EVLOOP_ONCE);
        }
    }
    while (overs < JOBS) {
        event_base_loop(base, EVLOOP_ONCE);
    }
    assert_int_equal(runs, JOBS);
    flash_workers_free(workers);
    assert_int_equal(overs, JOBS);
    assert_int_equal(stopped, 0);
    event_base_free(base);
}

static void test_full_queue_and_stop(void **state)
{
    (void)state;
    struct event_base *base = event_base_new();
    struct flash_workers *workers = start(base);
    static struct flash_job jobs[JOBS];
    int taken = 0;
    memset(jobs, 0, sizeof(jobs));
    pthread_mutex_lock(&gate);
    do {
        jobs[taken].run = run;
        jobs[taken].over = over;
    } while (flash_workers_submit(workers, &jobs[taken]) && ++taken < JOBS);
    assert_in_range(taken, 100, JOBS - 1);
    pthread_mutex_unlock(&gate);
    flash_workers_free(workers);
    assert_int_equal(overs, taken);
    assert_int_equal(runs + stopped, taken);
    event_base_free(base);
}

/* Runs until the test lets it go, as a job does that waits for somebody else. */
static void run_slow(struct flash_job *job, struct flash_stores *stores)
{
    slow_now++;
    if (slow_now > slow_most) {
        slow_most = slow_now;
    }
    pthread_mutex_lock(&slow_gate);
    pthread_mutex_unlock(&slow_gate);
    slow_now--;
    run(job, stores);
}

static void test_slow_jobs_leave_room(void **state)
{
    (void)state;
    struct event_base *base = event_base_new();
    struct flash_workers *workers = start(base);
    static struct flash_job slow[JOBS], quick[QUICK];
    int taken = 0;
    memset(slow, 0, sizeof(slow));
    memset(quick, 0, sizeof(quick));
    slow_most = 0;
    pthread_mutex_lock(&slow_gate);
    do {
        slow[taken] = (struct flash_job){.run = run_slow, .over = over, .slow = true};
    } while (flash_workers_submit(workers, &slow[taken]) && ++taken < JOBS);
    assert_in_range(taken, 2, 20);
    for (int i = 0; i < QUICK; i++) {
        quick[i] = (struct flash_job){.run = run, .over = over};
        assert_true(flash_workers_submit(workers, &quick[i]));
    }
    while (overs < QUICK) {
        event_base_loop(base, EVLOOP_ONCE);
    }
    pthread_mutex_unlock(&slow_gate);
    while (overs < QUICK + taken) {
        event_base_loop(base, EVLOOP_ONCE);
    }
    assert_int_equal(slow_most, 1);
    flash_workers_free(workers);
    assert_int_equal(overs, QUICK + taken);
    assert_int_equal(stopped, 0);
    event_base_free(base);
}

/* Its first half is quick. */
static void run_first(struct flash_job *job, struct flash_stores *stores)
{
    run(job, stores);
    job->then = run_slow;
}

/* A second half waits in the slow lane; where that is full, or the daemon stops, the first counts.
 */
static void test_second_halves(void **state)
{
    (void)state;
    struct event_base *base = event_base_new();
    struct flash_workers *workers = start(base);
    static struct flash_job jobs[QUICK];
    pthread_mutex_lock(&slow_gate);
    for (int i = 0; i < QUICK; i++) {
        jobs[i] = (struct flash_job){.run = run_first, .over = over};
        while (!flash_workers_submit(workers, &jobs[i])) {
            event_base_loop(base, EVLOOP_ONCE);
        }
    }
    while (runs < QUICK) {
        sched_yield();
    }
    pthread_mutex_unlock(&slow_gate);
    flash_workers_free(workers);
    assert_int_equal(overs, QUICK);
    assert_int_equal(stopped, 0);
    assert_true(runs > QUICK && runs < 2 * QUICK);
    event_base_free(base);
}

/* Waits as a slow job must: only for as long as nobody is in a hurry. */
static void run_patient(struct flash_job *job, struct flash_stores *stores)
{
    slow_now++;
    while (!*stores->hurry) {
        sched_yield();
    }
    job->answer.refusal = FLASH_REFUSE_STOPPING;
}

static void test_hurry(void **state)
{
    (void)state;
    struct event_base *base = event_base_new();
    struct flash_workers *workers = start(base);
    struct flash_job jobs[2];
    slow_now = 0;
    for (int i = 0; i < 2; i++) {
        jobs[i] = (struct flash_job){.run = run_patient, .over = over, .slow = true};
        assert_true(flash_workers_submit(workers, &jobs[i]));
    }
    while (slow_now == 0) {
        sched_yield();
    }
    flash_workers_hurry(workers);
    while (overs < 2) {
        event_base_loop(base, EVLOOP_ONCE);
    }
    assert_int_equal(stopped, 2);
    flash_workers_free(workers);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_job_comes_back),
        cmocka_unit_test(test_full_queue_and_stop),
        cmocka_unit_test(test_slow_jobs_leave_room),
        cmocka_unit_test(test_second_halves),
        cmocka_unit_test(test_hurry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
