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
#include <stdatomic.h>

#include "../../admin/workers.h"

#define JOBS 2000

static _Atomic int runs;
static int overs, stopped;
static pthread_t loop_thread;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
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
    if (!flash_workers_new(base, &config, &workers, &err)) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_job_comes_back),
        cmocka_unit_test(test_full_queue_and_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
