/* One thread of a run: its loop over sending what is due and taking in what has come.
 *
 * Everything in a worker belongs to its thread, except `progress` (read by the main thread) and
 * what it borrows: the options, the writer and the tokens, which do not change, and `stop`. */
#ifndef FLASH_BENCH_WORKER_H
#define FLASH_BENCH_WORKER_H

#include <stdatomic.h>

#include "lane.h"
#include "record.h"
#include "source.h"
#include "tally.h"

enum flash_bench_stop {
    FLASH_BENCH_GO_ON,
    FLASH_BENCH_STOP_SENDING, /* what is open is still waited for */
    FLASH_BENCH_LEAVE,        /* at once */
};

/* What a run shares among its workers. */
struct flash_bench_shared {
    const struct flash_bench_options *options;
    struct flash_bench_peer peer;
    struct flash_bench_writer writer;
    int record_fd;
    _Atomic int stop; /* enum flash_bench_stop */
    /* Called at every tick of the only worker, which has the process's only thread; NULL when
     * another thread attends to signals and progress. */
    void (*attend)(void *arg);
    void *attend_arg;
};

/* Copies of a few counts, refreshed every tick. */
struct flash_bench_progress {
    _Atomic uint64_t requests, accepted, refused, errors, wrong, alive, followed_open;
};

struct flash_bench_worker {
    struct flash_bench_shared *shared; /* (borrowed) */
    int number, epoll_fd;
    struct flash_bench_lane buyers, pages;
    struct flash_bench_source source;
    struct flash_bench_known known;
    struct flash_bench_record record;
    struct flash_bench_tally tally;
    struct flash_bench_progress progress;
    uint64_t now_us, start_us, tick_us, leave_us; /* leave_us: UINT64_MAX while sending lasts */
    uint64_t random;
};

/* Makes worker `number` and opens its connections. Error kinds: CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_bench_worker_new(struct flash_bench_shared *shared, int number,
                                             struct flash_bench_worker **ret_worker,
                                             struct flash_error *err);
/* Sends from start_us (monotonic) on; returns when all is answered, settled or given up. */
void flash_bench_worker_run(struct flash_bench_worker *worker, uint64_t start_us);
void flash_bench_worker_free(struct flash_bench_worker *worker);

#endif
