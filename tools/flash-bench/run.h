/* A run: its threads from the first connection to the last answer, progress on stderr, signals. */
#ifndef FLASH_BENCH_RUN_H
#define FLASH_BENCH_RUN_H

#include "options.h"
#include "tally.h"

struct flash_bench_result {
    struct flash_bench_tally tally; /* of all threads */
    int64_t started_ms;             /* since the epoch */
    double wall_s;                  /* from the first request to the last answer */
    double user_s, system_s;        /* CPU of this process in that time */
    bool interrupted;               /* by a signal */
};

/* Connects, sends, waits for what is open and merges. *ret_result is malloc'd (it is large), the
 * caller frees it. Error kinds: CONFIG, RETRY (the server cannot be reached). SIGINT ends sending,
 * a second one the run. */
FLASH_MUST_CHECK bool flash_bench_run(const struct flash_bench_options *options,
                                      struct flash_bench_result **ret_result,
                                      struct flash_error *err);

#endif
