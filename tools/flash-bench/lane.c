/* Sending and receiving on a lane's connections; see lane.h. */
#include "lane.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "outcome.h"
#include "worker.h"

#define CONNECT_TIMEOUT_US 5000000u
#define BURST_US 10000.0 /* a pace may catch up with so much of missed time */

static void list(struct flash_bench_connection *connection)
{
    struct flash_bench_lane *lane = connection->lane;
    if (!connection->listed && connection->link == FLASH_BENCH_LINK_OPEN &&
        connection->count < connection->depth) {
        lane->ring[(lane->ring_first + lane->ring_count++) % lane->count] = connection;
        connection->listed = true;
    }
}

static struct flash_bench_connection *take_listed(struct flash_bench_lane *lane)
{
    struct flash_bench_connection *connection = lane->ring[lane->ring_first];
    lane->ring_first = (lane->ring_first + 1) % lane->count;
    lane->ring_count--;
    connection->listed = false;
    return connection;
}

/* One that is closed must not be chosen: the ring is rebuilt without it. */
static void unlist(struct flash_bench_connection *connection)
{
    struct flash_bench_lane *lane = connection->lane;
    for (int left = lane->ring_count; connection->listed && left > 0; left--) {
        struct flash_bench_connection *other = take_listed(lane);
        if (other != connection) {
            list(other);
        }
    }
}

static bool allocate(struct flash_bench_lane *lane, const struct flash_bench_lane_size *size,
                     struct flash_error *err)
{
    size_t count = (size_t)size->connections, depth = (size_t)size->depth;
    lane->connections = calloc(count, sizeof(*lane->connections));
    lane->ring = calloc(count, sizeof(struct flash_bench_connection *));
    lane->touched = calloc(count, sizeof(struct flash_bench_connection *));
    lane->places = calloc(count * depth, sizeof(struct flash_bench_op *));
    if (lane->connections == NULL || lane->ring == NULL || lane->touched == NULL ||
        lane->places == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "no memory for %zu connections", count);
    }
    for (size_t i = 0; i < count; i++) {
        lane->connections[i] = (struct flash_bench_connection){
            .fd = -1,
            .epoll_fd = lane->worker->epoll_fd,
            .lane = lane,
            .inflight = lane->places + i * depth,
            .depth = size->depth,
            .ins = &lane->ins,
            .outs = &lane->outs,
        };
    }
    return flash_bench_spares_init(&lane->ins, count, FLASH_BENCH_INPUT_MAX, err) &&
           flash_bench_spares_init(&lane->outs, count, depth * FLASH_BENCH_REQUEST_MAX, err) &&
           flash_bench_pool_init(&lane->pool, size->operations, err) &&
           flash_bench_waiting_init(&lane->waiting, size->operations, err);
}

bool flash_bench_lane_init(struct flash_bench_lane *lane, struct flash_bench_worker *worker,
                           const struct flash_bench_lane_size *size, struct flash_error *err)
{
    *lane = (struct flash_bench_lane){.worker = worker};
    lane->gap_us = size->per_second > 0 ? 1e6 / size->per_second : 0;
    if (!allocate(lane, size, err)) {
        return false;
    }
    for (lane->count = 0; lane->count < size->connections; lane->count++) {
        if (!flash_bench_connection_open(&lane->connections[lane->count], &worker->shared->peer,
                                         err)) {
            return false;
        }
    }
    for (int i = 0; i < lane->count; i++) {
        list(&lane->connections[i]);
    }
    return true;
}

bool flash_bench_lane_can_send(const struct flash_bench_lane *lane, uint64_t now_us)
{
    return lane->ring_count > 0 && lane->paced_us <= (double)now_us;
}

/* Closes a failed connection and gives back what was in flight: the first by `word`, the rest as
 * lost with it. */
static void lose(struct flash_bench_connection *connection, const char *word)
{
    struct flash_bench_worker *worker = connection->lane->worker;
    struct flash_bench_op *op;
    uint64_t delay_us = 0;
    if (connection->link == FLASH_BENCH_LINK_CONNECTING) {
        flash_bench_words_add(&worker->tally.errors, word, 1);
        delay_us = flash_bench_retry_delay_us(++connection->failures, -1,
                                              flash_bench_random(&worker->random));
    }
    flash_bench_connection_close(connection, worker->now_us + delay_us);
    unlist(connection);
    while ((op = flash_bench_connection_pop(connection)) != NULL) {
        flash_bench_outcome_lost(worker, op, word);
        word = "connection-lost";
    }
}

static void write_out(struct flash_bench_connection *connection)
{
    if (!flash_bench_connection_flush(connection)) {
        lose(connection, "connection-lost");
    }
}

static bool is_held(const struct flash_bench_op *op, const struct flash_bench_options *options)
{
    return op->kind == FLASH_BENCH_WAIT || (op->kind == FLASH_BENCH_PAGE && options->poll_wait);
}

void flash_bench_lane_send(struct flash_bench_lane *lane, struct flash_bench_op *op)
{
    struct flash_bench_worker *worker = lane->worker;
    const struct flash_bench_options *options = worker->shared->options;
    struct flash_bench_connection *connection = take_listed(lane);
    double held_s = is_held(op, options) ? (double)options->wait_s : 0;

    op->deadline_us = worker->now_us + (uint64_t)((options->timeout_s + held_s) * 1e6);
    op->attempts++;
    flash_bench_connection_put(connection, &worker->shared->writer, op);
    list(connection);
    if (!connection->listed) {
        write_out(connection);
    } else if (!connection->touched) {
        connection->touched = true;
        lane->touched[lane->touched_count++] = connection;
    }
    if (lane->gap_us > 0) {
        double earliest_us = (double)worker->now_us - BURST_US;
        lane->paced_us =
            (lane->paced_us > earliest_us ? lane->paced_us : earliest_us) + lane->gap_us;
    }
    worker->tally.counts.requests++;
}

void flash_bench_lane_flush(struct flash_bench_lane *lane)
{
    for (int i = 0; i < lane->touched_count; i++) {
        struct flash_bench_connection *connection = lane->touched[i];
        connection->touched = false;
        if (connection->link == FLASH_BENCH_LINK_OPEN) {
            write_out(connection);
        }
    }
    lane->touched_count = 0;
}

/* Takes every whole answer out of the connection's bytes. NULL if it can go on, else how it failed.
 */
static const char *take_answers(struct flash_bench_connection *connection)
{
    struct flash_bench_worker *worker = connection->lane->worker;
    struct flash_bench_response response = {.close = false};
    size_t done = 0;
    while (done < connection->in_len && !response.close) {
        struct flash_text rest = {connection->in + done, connection->in_len - done};
        enum flash_bench_framing framing = flash_bench_response_read(rest, &response);
        bool full = connection->in_len == FLASH_BENCH_INPUT_MAX && done == 0;
        if (framing == FLASH_BENCH_PARTIAL && !full) {
            break;
        }
        if (framing != FLASH_BENCH_WHOLE) {
            flash_bench_outcome_stray(worker, "an answer that is not HTTP/1.1 as expected");
            return "broken-framing";
        }
        struct flash_bench_op *op = flash_bench_connection_pop(connection);
        if (op == NULL) {
            flash_bench_outcome_stray(worker, "an answer that nobody asked for");
            return "broken-framing";
        }
        flash_bench_outcome_answer(worker, op, &response);
        done += response.size;
    }
    flash_bench_connection_consume(connection, done);
    return response.close ? "connection-lost" : NULL;
}

/* Reads and takes until the socket is empty, which one read mostly finds out. As take_answers(). */
static const char *receive(struct flash_bench_connection *connection, uint32_t events)
{
    const char *failure = NULL;
    bool more = true;
    while (failure == NULL && more) {
        failure = flash_bench_connection_fill(connection, &more) ? take_answers(connection)
                                                                 : "connection-lost";
    }
    bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    return failure == NULL && ended ? "connection-lost" : failure;
}

void flash_bench_lane_event(struct flash_bench_connection *connection, uint32_t events)
{
    const char *failure = NULL;
    if (connection->link == FLASH_BENCH_LINK_CLOSED) {
        return; /* closed by an event before this one in the same batch */
    }
    if (connection->link == FLASH_BENCH_LINK_CONNECTING) {
        if (!flash_bench_connection_complete(connection)) {
            lose(connection, "connect-failed");
            return;
        }
        connection->failures = 0;
        connection->lane->worker->tally.counts.reconnects++;
    } else if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        failure = receive(connection, events);
    }
    if (failure == NULL && (events & EPOLLOUT) && !flash_bench_connection_flush(connection)) {
        failure = "connection-lost";
    }
    if (failure != NULL) {
        lose(connection, failure);
    } else {
        list(connection);
    }
}

static void tick_connection(struct flash_bench_connection *connection)
{
    struct flash_bench_worker *worker = connection->lane->worker;
    uint64_t now_us = worker->now_us;
    switch (connection->link) {
    case FLASH_BENCH_LINK_CLOSED:
        if (connection->reopen_us <= now_us) {
            bool begun = flash_bench_connection_begin(connection, &worker->shared->peer);
            connection->reopen_us = now_us + CONNECT_TIMEOUT_US;
            if (!begun) {
                flash_bench_words_add(&worker->tally.errors, "connect-failed", 1);
                connection->reopen_us =
                    now_us + flash_bench_retry_delay_us(++connection->failures, -1,
                                                        flash_bench_random(&worker->random));
            }
        }
        break;
    case FLASH_BENCH_LINK_CONNECTING:
        if (connection->reopen_us <= now_us) {
            lose(connection, "connect-failed");
        }
        break;
    case FLASH_BENCH_LINK_OPEN:
        if (connection->count > 0 &&
            connection->inflight[connection->first]->deadline_us <= now_us) {
            lose(connection, "timeout");
        }
        break;
    }
}

void flash_bench_lane_tick(struct flash_bench_lane *lane)
{
    for (int i = 0; i < lane->count; i++) {
        tick_connection(&lane->connections[i]);
    }
}

uint64_t flash_bench_lane_wake_us(const struct flash_bench_lane *lane, uint64_t due_us)
{
    if (lane->ring_count == 0) {
        return UINT64_MAX;
    }
    uint64_t waiting_us = flash_bench_waiting_due_us(&lane->waiting);
    uint64_t wake_us = waiting_us < due_us ? waiting_us : due_us;
    uint64_t paced_us = (uint64_t)lane->paced_us;
    return wake_us > paced_us ? wake_us : paced_us + 1;
}

void flash_bench_lane_abandon(struct flash_bench_lane *lane)
{
    struct flash_bench_op *op;
    for (int i = 0; i < lane->count; i++) {
        while ((op = flash_bench_connection_pop(&lane->connections[i])) != NULL) {
            flash_bench_outcome_abandon(lane->worker, op, true);
        }
    }
    while (lane->waiting.count > 0) {
        flash_bench_outcome_abandon(lane->worker, flash_bench_waiting_pop(&lane->waiting), false);
    }
}

void flash_bench_lane_destroy(struct flash_bench_lane *lane)
{
    for (int i = 0; i < lane->count; i++) {
        flash_bench_connection_close(&lane->connections[i], 0);
    }
    free(lane->connections);
    free(lane->ring);
    free(lane->touched);
    free(lane->places);
    flash_bench_spares_destroy(&lane->ins);
    flash_bench_spares_destroy(&lane->outs);
    flash_bench_pool_destroy(&lane->pool);
    flash_bench_waiting_destroy(&lane->waiting);
}
