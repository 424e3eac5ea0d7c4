/* The loop of one thread; see worker.h. */
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "flash/time.h"

#define EVENTS 512
#define TICK_US 20000u
#define PAGES_MAX 1048576 /* order pages open at once, of the whole run */

static bool init_lanes(struct flash_bench_worker *worker, struct flash_error *err)
{
    const struct flash_bench_options *options = worker->shared->options;
    int64_t threads = options->threads;
    /* Uneven shares: the first threads have one more. */
    struct flash_bench_lane_size buyers = {
        .connections = (int)((options->connections + threads - 1 - worker->number) / threads),
        .depth = (int)options->depth,
    };
    buyers.operations = (size_t)buyers.connections * (size_t)buyers.depth;
    if (options->mode == FLASH_BENCH_RATE) {
        buyers.operations = (size_t)((options->outstanding + threads - 1) / threads);
    }
    if (!flash_bench_lane_init(&worker->buyers, worker, &buyers, err)) {
        return false;
    }
    struct flash_bench_lane_size pages = {
        .connections = (int)((options->poll_connections + threads - 1 - worker->number) / threads),
        .depth = 1,
        .operations = (size_t)(PAGES_MAX / threads),
        .per_second = options->poll_rate / (double)threads,
    };
    return !options->poll || flash_bench_lane_init(&worker->pages, worker, &pages, err);
}

bool flash_bench_worker_new(struct flash_bench_shared *shared, int number,
                            struct flash_bench_worker **ret_worker, struct flash_error *err)
{
    struct flash_bench_worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "no memory for a thread");
    }
    worker->shared = shared;
    worker->number = number;
    worker->random = (uint64_t)shared->options->seed ^ ((uint64_t)(number + 1) << 32);
    worker->leave_us = UINT64_MAX;
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (worker->epoll_fd < 0) {
        flash_error_set(err, FLASH_ERROR_CONFIG, "epoll: %s", strerror(errno));
    } else if (flash_bench_known_init(&worker->known, shared->options, number, err) &&
               flash_bench_record_init(&worker->record, &shared->writer, shared->record_fd, err) &&
               init_lanes(worker, err)) {
        *ret_worker = worker;
        return true;
    }
    flash_bench_worker_free(worker);
    return false;
}

/* When the source wants to begin something and an operation is there for it. */
static uint64_t source_due_us(const struct flash_bench_worker *worker)
{
    const struct flash_bench_pool *pool = &worker->buyers.pool;
    bool over = worker->leave_us != UINT64_MAX;
    return over || pool->alive == pool->size ? UINT64_MAX
                                             : flash_bench_source_due_us(&worker->source);
}

static struct flash_bench_op *begin_next(struct flash_bench_worker *worker)
{
    bool closed = worker->shared->options->mode == FLASH_BENCH_CLOSED;
    struct flash_bench_op *op = flash_bench_pool_take(&worker->buyers.pool);
    uint64_t now_us = closed ? flash_time_monotonic_us() : worker->now_us;
    flash_bench_source_take(&worker->source, &worker->known, now_us, op);
    worker->tally.counts.orders += op->kind == FLASH_BENCH_ORDER;
    worker->tally.counts.changes += flash_bench_kind_changes(op->kind);
    if (!closed) {
        flash_bench_histogram_add(&worker->tally.series[FLASH_BENCH_SERIES_LATENESS],
                                  worker->now_us - op->intended_us);
    }
    return op;
}

/* Sends what is due, as far as there are places: first what has waited, then what is new. */
static void dispatch(struct flash_bench_worker *worker, struct flash_bench_lane *lane)
{
    while (flash_bench_lane_can_send(lane, worker->now_us)) {
        if (flash_bench_waiting_due_us(&lane->waiting) <= worker->now_us) {
            flash_bench_lane_send(lane, flash_bench_waiting_pop(&lane->waiting));
        } else if (lane == &worker->buyers && source_due_us(worker) <= worker->now_us) {
            flash_bench_lane_send(lane, begin_next(worker));
        } else {
            break;
        }
    }
    flash_bench_lane_flush(lane);
}

static void publish(struct flash_bench_worker *worker)
{
    const struct flash_bench_tally *tally = &worker->tally;
    struct flash_bench_progress *progress = &worker->progress;
    const struct {
        _Atomic uint64_t *to;
        uint64_t value;
    } rows[] = {
        {&progress->requests, tally->counts.requests},
        {&progress->accepted,
         tally->counts.accepted + tally->counts.paid + tally->counts.cancelled},
        {&progress->refused, flash_bench_words_sum(&tally->refused)},
        {&progress->errors, flash_bench_words_sum(&tally->errors)},
        {&progress->wrong, tally->counts.wrong},
        {&progress->alive, worker->buyers.pool.alive},
        {&progress->followed_open, worker->pages.pool.alive},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        atomic_store_explicit(rows[i].to, rows[i].value, memory_order_relaxed);
    }
}

static void tick(struct flash_bench_worker *worker)
{
    if (worker->now_us >= worker->tick_us) {
        worker->tick_us = worker->now_us + TICK_US;
        flash_bench_lane_tick(&worker->buyers);
        flash_bench_lane_tick(&worker->pages);
        publish(worker);
        if (worker->shared->attend != NULL) {
            worker->shared->attend(worker->shared->attend_arg);
        }
    }
}

/* Ends sending when its time is over, its orders are begun or somebody wants it to stop. */
static void end_sending_if_over(struct flash_bench_worker *worker)
{
    int stop = atomic_load_explicit(&worker->shared->stop, memory_order_relaxed);
    if (worker->leave_us != UINT64_MAX) {
        return;
    }
    if (stop != FLASH_BENCH_GO_ON || worker->now_us >= worker->source.end_us ||
        flash_bench_source_due_us(&worker->source) == UINT64_MAX) {
        worker->tally.counts.unsent += flash_bench_source_end(&worker->source, worker->now_us);
        worker->leave_us = worker->now_us + (uint64_t)(worker->shared->options->drain_s * 1e6);
        flash_bench_tally_close_window(&worker->tally,
                                       (double)(worker->now_us - worker->start_us) / 1e6);
    }
}

static bool is_over(const struct flash_bench_worker *worker)
{
    int stop = atomic_load_explicit(&worker->shared->stop, memory_order_relaxed);
    bool all_ended = worker->buyers.pool.alive == 0 && worker->pages.pool.alive == 0;
    return worker->leave_us != UINT64_MAX &&
           (all_ended || worker->now_us >= worker->leave_us || stop == FLASH_BENCH_LEAVE);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Waits for events until something is due. */
static int wait_events(struct flash_bench_worker *worker, struct epoll_event events[EVENTS])
{
    uint64_t wake_us =
        least(worker->tick_us, flash_bench_lane_wake_us(&worker->buyers, source_due_us(worker)));
    wake_us = least(wake_us, flash_bench_lane_wake_us(&worker->pages, UINT64_MAX));
    wake_us = least(wake_us, worker->leave_us);
    uint64_t now_us = flash_time_monotonic_us();
    uint64_t left_us = wake_us > now_us ? wake_us - now_us : 0;
    struct timespec limit = {.tv_sec = (time_t)(left_us / 1000000),
                             .tv_nsec = (long)(left_us % 1000000) * 1000};
    return epoll_pwait2(worker->epoll_fd, events, EVENTS, &limit, NULL);
}

void flash_bench_worker_run(struct flash_bench_worker *worker, uint64_t start_us)
{
    struct epoll_event events[EVENTS];
    (void)prctl(PR_SET_TIMERSLACK, 1ul); /* else a wake-up at a given time is 50 µs late */
    worker->start_us = start_us;
    flash_bench_source_init(&worker->source, worker->shared->options, worker->number, start_us);
    for (;;) {
        worker->now_us = flash_time_monotonic_us();
        tick(worker);
        dispatch(worker, &worker->buyers);
        dispatch(worker, &worker->pages);
        end_sending_if_over(worker);
        if (is_over(worker)) {
            break;
        }
        int count = wait_events(worker, events);
        worker->now_us = flash_time_monotonic_us();
        for (int i = 0; i < count; i++) {
            flash_bench_lane_event(events[i].data.ptr, events[i].events);
        }
    }
    flash_bench_lane_abandon(&worker->buyers);
    flash_bench_lane_abandon(&worker->pages);
    flash_bench_record_flush(&worker->record);
    publish(worker);
}

void flash_bench_worker_free(struct flash_bench_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    flash_bench_lane_destroy(&worker->buyers);
    flash_bench_lane_destroy(&worker->pages);
    flash_bench_known_destroy(&worker->known);
    flash_bench_record_destroy(&worker->record);
    if (worker->epoll_fd >= 0) {
        close(worker->epoll_fd);
    }
    free(worker);
}
