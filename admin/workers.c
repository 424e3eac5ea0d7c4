/* Worker threads behind two bounded lanes; see workers.h.
 *
 *     loop ──submit──▶ lane quick ──▶ any worker: run(job) ──────────▶ mailbox ──▶ loop: over(job)
 *                  └─▶ lane slow ───▶ a worker, if none is slow yet ─┘
 *
 * The lock guards the lanes, `slow_busy` and `stopping`; everything else belongs to one thread at a
 * time. */
#include "workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"

#define WORKERS 3
#define QUICK_MAX 256 /* jobs that wait, before 503 */
#define SLOW_MAX 8

_Static_assert(WORKERS > 2, "one may be slow, one may look at the pipeline");

struct lane {
    struct flash_letter *head, **tail; /* jobs, by their letters */
    int length, max;
};

struct worker {
    struct flash_workers *all;
    struct flash_stores stores;
    pthread_t thread;
    bool started;
};

struct flash_workers {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct lane quick, slow;
    bool slow_busy; /* a worker has a slow job */
    bool stopping;
    _Atomic bool hurry;
    struct flash_mailbox *mailbox;
    struct worker workers[WORKERS];
};

static void deliver(struct flash_letter *letter, void *arg)
{
    (void)arg;
    struct flash_job *job = (struct flash_job *)letter; /* its first member */
    job->over(job);
}

/* The lane that has a job for a worker who is free; NULL: none has. */
static struct lane *lane_due(struct flash_workers *workers)
{
    if (workers->quick.head) {
        return &workers->quick;
    }
    return workers->slow.head && !workers->slow_busy ? &workers->slow : NULL;
}

static void show_length(const struct flash_workers *workers)
{
    flash_metric_set(&flash_admin_metrics[METRIC_QUEUE],
                     workers->quick.length + workers->slow.length);
}

/* The next job, when there is one; NULL: stop. */
static struct flash_job *next_job(struct flash_workers *workers)
{
    struct flash_letter *letter = NULL;
    struct lane *lane;
    pthread_mutex_lock(&workers->lock);
    while (!(lane = lane_due(workers)) && !workers->stopping) {
        pthread_cond_wait(&workers->filled, &workers->lock);
    }
    if (!workers->stopping) {
        letter = lane->head;
        lane->head = letter->next;
        lane->tail = lane->head ? lane->tail : &lane->head;
        lane->length--;
        workers->slow_busy |= lane == &workers->slow;
        show_length(workers);
    }
    pthread_mutex_unlock(&workers->lock);
    return (struct flash_job *)letter;
}

static void slow_done(struct flash_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->slow_busy = false;
    pthread_cond_signal(&workers->filled);
    pthread_mutex_unlock(&workers->lock);
}

/* Whether it has a second half, and there is room for it. */
static bool goes_on(struct flash_workers *workers, struct flash_job *job)
{
    if (!job->then) {
        return false;
    }
    job->run = job->then;
    job->then = NULL;
    job->slow = true;
    return flash_workers_submit(workers, job);
}

static void *run(void *arg)
{
    struct worker *worker = arg;
    struct flash_job *job;
    while ((job = next_job(worker->all))) {
        bool slow = job->slow;
        job->run(job, &worker->stores);
        if (!goes_on(worker->all, job)) {
            flash_mailbox_post(worker->all->mailbox, &job->letter);
        }
        if (slow) {
            slow_done(worker->all);
        }
    }
    return NULL;
}

static bool start(struct worker *worker, const struct flash_workers_parts *parts,
                  struct flash_error *err)
{
    sigset_t all, before;
    const struct flash_config *config = parts->config;
    worker->stores.config = config;
    worker->stores.producer = parts->producer;
    worker->stores.hurry = &worker->all->hurry;
    if (!flash_mysql_new(config, &worker->stores.mysql, err) ||
        !flash_redis_sync_new(config, &worker->stores.redis, err)) {
        return false;
    }
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&worker->thread, NULL, run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "workers: no thread: %s", strerror(rc));
    }
    worker->started = true;
    return true;
}

bool flash_workers_new(struct event_base *base, const struct flash_workers_parts *parts,
                       struct flash_workers **ret_workers, struct flash_error *err)
{
    struct flash_workers *workers = calloc(1, sizeof(*workers));
    if (!workers) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "workers: out of memory");
    }
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->filled, NULL);
    workers->quick = (struct lane){.tail = &workers->quick.head, .max = QUICK_MAX};
    workers->slow = (struct lane){.tail = &workers->slow.head, .max = SLOW_MAX};
    const struct flash_mailbox_reader reader = {.deliver = deliver};
    bool ok = flash_mailbox_new(base, &reader, &workers->mailbox, err);
    for (int i = 0; ok && i < WORKERS; i++) {
        workers->workers[i].all = workers;
        ok = start(&workers->workers[i], parts, err);
    }
    if (!ok) {
        flash_workers_free(workers);
        return false;
    }
    *ret_workers = workers;
    return true;
}

bool flash_workers_submit(struct flash_workers *workers, struct flash_job *job)
{
    struct lane *lane = job->slow ? &workers->slow : &workers->quick;
    pthread_mutex_lock(&workers->lock);
    bool room = lane->length < lane->max && !workers->stopping;
    if (room) {
        job->letter.next = NULL;
        *lane->tail = &job->letter;
        lane->tail = &job->letter.next;
        lane->length++;
        show_length(workers);
        pthread_cond_signal(&workers->filled);
    }
    pthread_mutex_unlock(&workers->lock);
    return room;
}

void flash_workers_hurry(struct flash_workers *workers)
{
    workers->hurry = true;
}

static void stop(struct flash_workers *workers)
{
    flash_workers_hurry(workers);
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->filled);
    pthread_mutex_unlock(&workers->lock);
    for (int i = 0; i < WORKERS; i++) {
        struct worker *worker = &workers->workers[i];
        if (worker->started) {
            pthread_join(worker->thread, NULL);
        }
        flash_mysql_free(worker->stores.mysql);
        flash_redis_sync_free(worker->stores.redis);
    }
}

/* Those that were not begun; one whose second half was not has its answer. */
static void send_back(struct lane *lane)
{
    for (struct flash_letter *letter = lane->head; letter;) {
        struct flash_job *job = (struct flash_job *)letter;
        letter = letter->next;
        if (job->answer.status == 0) {
            job->answer.refusal = FLASH_REFUSE_STOPPING;
        }
        job->over(job);
    }
}

void flash_workers_free(struct flash_workers *workers)
{
    if (!workers) {
        return;
    }
    stop(workers);
    flash_mailbox_free(workers->mailbox); /* delivers what was done */
    send_back(&workers->quick);
    send_back(&workers->slow);
    pthread_cond_destroy(&workers->filled);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}
