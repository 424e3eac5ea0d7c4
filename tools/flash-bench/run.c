/* Threads, signals and progress of a run; see run.h. */
#include "run.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "flash/time.h"

#include "worker.h"

struct seen {
    uint64_t requests, accepted, refused, errors, wrong, alive, followed_open;
};

struct run {
    struct flash_bench_shared shared;
    struct flash_bench_tokens *tokens;
    struct flash_bench_worker *workers[FLASH_BENCH_THREADS_MAX];
    pthread_t threads[FLASH_BENCH_THREADS_MAX];
    int started; /* threads */
    uint64_t start_us;
    bool show; /* progress, each second */
    struct seen shown;
    uint64_t shown_us;
    int done_fd, signal_fd; /* eventfd counted up by each thread at its end; SIGINT and SIGTERM */
};

struct thread_argument {
    struct run *run;
    int number;
};

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool open_signals(struct run *run, struct flash_error *err)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    run->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    run->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (run->signal_fd < 0 || run->done_fd < 0) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "signals: %s", strerror(errno));
    }
    return true;
}

static bool prepare(struct run *run, const struct flash_bench_options *options,
                    struct flash_error *err)
{
    raise_file_limit();
    if (!open_signals(run, err)) {
        return false;
    }
    if (options->auth == FLASH_BENCH_AUTH_JWT &&
        !flash_bench_tokens_new(options, &run->tokens, err)) {
        return false;
    }
    run->shared.options = options;
    run->show = options->progress || isatty(STDERR_FILENO);
    flash_bench_writer_init(&run->shared.writer, options, run->tokens);
    if (!flash_bench_peer_resolve(flash_bench_options_target(options), &run->shared.peer, err) ||
        !flash_bench_record_open(options, &run->shared.record_fd, err)) {
        return false;
    }
    for (int i = 0; i < options->threads; i++) {
        if (!flash_bench_worker_new(&run->shared, i, &run->workers[i], err)) {
            return false;
        }
    }
    return true;
}

static void *thread_main(void *arg)
{
    struct thread_argument argument = *(struct thread_argument *)arg;
    uint64_t one = 1;
    free(arg);
    flash_bench_worker_run(argument.run->workers[argument.number], argument.run->start_us);
    (void)!write(argument.run->done_fd, &one, sizeof(one));
    return NULL;
}

static bool start(struct run *run, struct flash_error *err)
{
    int threads = (int)run->shared.options->threads;
    for (; run->started < threads; run->started++) {
        struct thread_argument *argument = malloc(sizeof(*argument));
        int rc = ENOMEM;
        if (argument != NULL) {
            *argument = (struct thread_argument){run, run->started};
            rc = pthread_create(&run->threads[run->started], NULL, thread_main, argument);
        }
        if (rc != 0) {
            free(argument);
            atomic_store(&run->shared.stop, FLASH_BENCH_LEAVE);
            return flash_error_set(err, FLASH_ERROR_CONFIG, "a thread: %s", strerror(rc));
        }
    }
    return true;
}

static struct seen look(const struct run *run)
{
    struct seen sum = {.requests = 0};
    for (int i = 0; i < run->started; i++) {
        const struct flash_bench_progress *progress = &run->workers[i]->progress;
        sum.requests += atomic_load_explicit(&progress->requests, memory_order_relaxed);
        sum.accepted += atomic_load_explicit(&progress->accepted, memory_order_relaxed);
        sum.refused += atomic_load_explicit(&progress->refused, memory_order_relaxed);
        sum.errors += atomic_load_explicit(&progress->errors, memory_order_relaxed);
        sum.wrong += atomic_load_explicit(&progress->wrong, memory_order_relaxed);
        sum.alive += atomic_load_explicit(&progress->alive, memory_order_relaxed);
        sum.followed_open += atomic_load_explicit(&progress->followed_open, memory_order_relaxed);
    }
    return sum;
}

static void show_progress(struct run *run)
{
    struct seen now = look(run);
    uint64_t now_us = flash_time_monotonic_us();
    double seconds = (double)(now_us - run->shown_us) / 1e6;
    fprintf(stderr,
            "%6.1f s  %8.0f requests/s  done %llu  refused %llu  errors %llu  wrong %llu  open "
            "%llu  unsettled %llu\n",
            (double)(now_us - run->start_us) / 1e6,
            (double)(now.requests - run->shown.requests) / seconds,
            (unsigned long long)now.accepted, (unsigned long long)now.refused,
            (unsigned long long)now.errors, (unsigned long long)now.wrong,
            (unsigned long long)now.alive, (unsigned long long)now.followed_open);
    run->shown = now;
    run->shown_us = now_us;
}

/* The first signal ends sending, the next one the run. */
static void take_signals(struct run *run)
{
    struct signalfd_siginfo info;
    while (read(run->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        int stop = atomic_load(&run->shared.stop);
        atomic_store(&run->shared.stop,
                     stop == FLASH_BENCH_GO_ON ? FLASH_BENCH_STOP_SENDING : FLASH_BENCH_LEAVE);
    }
}

/* Milliseconds until the next whole second of the run. */
static int until_next_line(const struct run *run)
{
    uint64_t into_us = (flash_time_monotonic_us() - run->start_us) % 1000000;
    return (int)((1000000 - into_us) / 1000) + 1;
}

static void wait_for_threads(struct run *run)
{
    uint64_t done = 0;
    struct pollfd fds[] = {{run->done_fd, POLLIN, 0}, {run->signal_fd, POLLIN, 0}};
    while (done < (uint64_t)run->started) {
        uint64_t more;
        int ready = poll(fds, 2, run->show ? until_next_line(run) : -1);
        take_signals(run);
        if (read(run->done_fd, &more, sizeof(more)) == sizeof(more)) {
            done += more;
        }
        if (ready == 0) {
            show_progress(run);
        }
    }
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static bool merge(const struct run *run, struct flash_bench_result *result, struct flash_error *err)
{
    int failed = 0;
    for (int i = 0; i < run->started; i++) {
        flash_bench_tally_merge(&result->tally, &run->workers[i]->tally, run->started);
        failed = failed != 0 ? failed : run->workers[i]->record.failed;
    }
    result->interrupted = atomic_load(&run->shared.stop) != FLASH_BENCH_GO_ON;
    return failed == 0 || flash_error_set(err, FLASH_ERROR_CONFIG, "--accepted %.150s: %s",
                                          run->shared.options->accepted_file, strerror(failed));
}

static void attend(void *arg)
{
    struct run *run = arg;
    take_signals(run);
    if (run->show && flash_time_monotonic_us() - run->shown_us >= 1000000) {
        show_progress(run);
    }
}

/* In a process without threads each call of the kernel is cheaper: nobody else can close its file,
 * and it is no point of cancellation. */
static void run_alone(struct run *run)
{
    run->started = 1;
    run->shared.attend = attend;
    run->shared.attend_arg = run;
    flash_bench_worker_run(run->workers[0], run->start_us);
}

static bool run_threads(struct run *run, struct flash_error *err)
{
    bool all_started = start(run, err);
    wait_for_threads(run);
    for (int i = 0; i < run->started; i++) {
        (void)pthread_join(run->threads[i], NULL);
    }
    return all_started;
}

static bool execute(struct run *run, struct flash_bench_result *result, struct flash_error *err)
{
    struct rusage before, after;
    result->started_ms = (int64_t)flash_time_wall_ms();
    (void)getrusage(RUSAGE_SELF, &before);
    bool all_started = true;
    run->start_us = run->shown_us = flash_time_monotonic_us();
    if (run->shared.options->threads == 1) {
        run_alone(run);
    } else {
        all_started = run_threads(run, err);
    }
    (void)getrusage(RUSAGE_SELF, &after);
    result->wall_s = (double)(flash_time_monotonic_us() - run->start_us) / 1e6;
    result->user_s = seconds_of(after.ru_utime) - seconds_of(before.ru_utime);
    result->system_s = seconds_of(after.ru_stime) - seconds_of(before.ru_stime);
    return all_started && merge(run, result, err);
}

static void release(struct run *run)
{
    int fds[] = {run->done_fd, run->signal_fd, run->shared.record_fd};
    for (int i = 0; i < FLASH_BENCH_THREADS_MAX; i++) {
        flash_bench_worker_free(run->workers[i]);
    }
    flash_bench_tokens_free(run->tokens);
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
}

bool flash_bench_run(const struct flash_bench_options *options,
                     struct flash_bench_result **ret_result, struct flash_error *err)
{
    struct run run = {.done_fd = -1, .signal_fd = -1, .shared.record_fd = -1};
    struct flash_bench_result *result = calloc(1, sizeof(*result));
    bool done = false;
    if (result == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "no memory for the result");
    }
    if (prepare(&run, options, err) && execute(&run, result, err)) {
        *ret_result = result;
        result = NULL;
        done = true;
    }
    release(&run);
    free(result);
    return done;
}
