/* The threads that may block: each takes jobs from one bounded queue, with connections of its own
 * to the ledger and to Redis, and hands them back to the loop by a mailbox. Slow jobs have a short
 * queue of their own and never more than one worker. */
#ifndef ADMIN_WORKERS_H
#define ADMIN_WORKERS_H

#include "job.h"

struct event_base;
struct flash_workers;

/* What all workers share, borrowed for as long as there are workers. */
struct flash_workers_parts {
    const struct flash_config *config;
    struct flash_producer *producer;
};

/* A few threads; over jobs come back on base's thread (job->over). Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_workers_new(struct event_base *base,
                                        const struct flash_workers_parts *parts,
                                        struct flash_workers **ret_workers,
                                        struct flash_error *err);
/* Hands job over; it comes back by job->over, exactly once, later. False: the queue is full, job is
 * still the caller's. On the loop's thread. */
FLASH_MUST_CHECK bool flash_workers_submit(struct flash_workers *workers, struct flash_job *job);
/* The daemon drains: slow jobs give up what they wait for, and are answered. */
void flash_workers_hurry(struct flash_workers *workers);
/* Waits for the jobs that run; those that were not begun come back with the refusal STOPPING. All
 * have come back when it returns. On the loop's thread. NULL is fine. */
void flash_workers_free(struct flash_workers *workers);

#endif
