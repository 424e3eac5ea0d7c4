/* Worker threads behind one bounded queue; see workers.h.
 *
 *     loop ──submit──▶ queue ──▶ worker: run(job) ──▶ mailbox ──▶ loop: over(job)
 *
 * The queue's lock guards its list, its length and `stopping`; everything else belongs to one
 * thread at a time. */
#include "workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"

#define WORKERS 2
#define QUEUE_MAX 256 /* jobs that wait, before 503 */

struct worker {
    struct flash_workers *all;
    struct flash_stores stores;
    pthread_t thread;
    bool started;
};

struct flash_workers {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct flash_letter *head, **tail; /* jobs, by their letters */
    int length;
    bool stopping;
    struct flash_mailbox *mailbox;
    struct worker workers[WORKERS];
};

static void deliver(struct flash_letter *letter, void *arg)
{
    (void)arg;
    struct flash_job *job = (struct flash_job *)letter; /* its first member */
    job->over(job);
}

/* The next job, when there is one; NULL: stop. */
static struct flash_job *next_job(struct flash_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    while (!workers->head && !workers->stopping) {
        pthread_cond_wait(&workers->filled, &workers->lock);
    }
    struct flash_letter *letter = workers->stopping ? NULL : workers->head;
    if (letter) {
        workers->head = letter->next;
        workers->tail = workers->head ? workers->tail : &workers->head;
        flash_metric_set(&flash_admin_metrics[METRIC_QUEUE], --workers->length);
    }
    pthread_mutex_unlock(&workers->lock);
    return (struct flash_job *)letter;
}

static void *run(void *arg)
{
    struct worker *worker = arg;
    struct flash_job *job;
    while ((job = next_job(worker->all))) {
        job->run(job, &worker->stores);
        flash_mailbox_post(worker->all->mailbox, &job->letter);
    }
    return NULL;
}

static bool start(struct worker *worker, const struct flash_config *config, struct flash_error *err)
{
    sigset_t all, before;
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

bool flash_workers_new(struct event_base *base, const struct flash_config *config,
                       struct flash_workers **ret_workers, struct flash_error *err)
{
    struct flash_workers *workers = calloc(1, sizeof(*workers));
    if (!workers) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "workers: out of memory");
    }
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->filled, NULL);
    workers->tail = &workers->head;
    const struct flash_mailbox_reader reader = {.deliver = deliver};
    bool ok = flash_mailbox_new(base, &reader, &workers->mailbox, err);
    for (int i = 0; ok && i < WORKERS; i++) {
        workers->workers[i].all = workers;
        ok = start(&workers->workers[i], config, err);
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
    pthread_mutex_lock(&workers->lock);
    bool room = workers->length < QUEUE_MAX && !workers->stopping;
    if (room) {
        job->letter.next = NULL;
        *workers->tail = &job->letter;
        workers->tail = &job->letter.next;
        flash_metric_set(&flash_admin_metrics[METRIC_QUEUE], ++workers->length);
        pthread_cond_signal(&workers->filled);
    }
    pthread_mutex_unlock(&workers->lock);
    return room;
}

static void stop(struct flash_workers *workers)
{
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

void flash_workers_free(struct flash_workers *workers)
{
    if (!workers) {
        return;
    }
    stop(workers);
    flash_mailbox_free(workers->mailbox); /* delivers what was done */
    for (struct flash_letter *letter = workers->head; letter;) {
        struct flash_job *job = (struct flash_job *)letter;
        letter = letter->next;
        job->answer.refusal = FLASH_REFUSE_STOPPING;
        job->over(job);
    }
    pthread_cond_destroy(&workers->filled);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}
