/* A set of connections that serves one sort of operations: buyers' requests in one lane, order
 * pages in another.
 *
 *      source ─▶ pool ──▶ put on a connection with a free place ──▶ answer or loss ──▶ outcome.c
 * ──▶ pool ▲                                                            │ └────────────── waiting,
 * until due_us ◀──────────────────────┘
 *
 * Held requests have a lane of their own because one that the server holds blocks its connection.
 * Connections take turns, so that all are used at every rate. Belongs to one thread. */
#ifndef FLASH_BENCH_LANE_H
#define FLASH_BENCH_LANE_H

#include "connection.h"
#include "operation.h"

struct flash_bench_worker;

struct flash_bench_lane {
    struct flash_bench_worker *worker; /* (borrowed) */
    struct flash_bench_connection *connections;
    int count;
    struct flash_bench_connection **ring; /* those open with a free place, in turn */
    int ring_first, ring_count;
    struct flash_bench_connection **touched; /* those with bytes to write and a free place */
    int touched_count;
    struct flash_bench_op **places; /* the connections' inflight rings, in one piece */
    struct flash_bench_spares ins, outs;
    struct flash_bench_pool pool;
    struct flash_bench_waiting waiting;
    double gap_us;   /* between two requests at least; 0: none */
    double paced_us; /* the next may be sent then */
};

struct flash_bench_lane_size {
    int connections, depth;
    size_t operations;
    double per_second; /* requests at most; 0: no bound */
};

/* Allocates and opens every connection. Error kinds: CONFIG, RETRY (the server cannot be reached).
 * To be destroyed also when it failed. */
FLASH_MUST_CHECK bool flash_bench_lane_init(struct flash_bench_lane *lane,
                                            struct flash_bench_worker *worker,
                                            const struct flash_bench_lane_size *size,
                                            struct flash_error *err);
/* Whether a request may be sent at now_us: a place is free and the pace allows it. */
bool flash_bench_lane_can_send(const struct flash_bench_lane *lane, uint64_t now_us);
/* Puts op on the next connection, and writes when no place is left on it. Only when it can send. */
void flash_bench_lane_send(struct flash_bench_lane *lane, struct flash_bench_op *op);
/* Writes what was put since the last flush and is not written yet. */
void flash_bench_lane_flush(struct flash_bench_lane *lane);
/* What epoll said about a connection of some lane. */
void flash_bench_lane_event(struct flash_bench_connection *connection, uint32_t events);
/* Now and then: opens closed connections again, closes those whose answer is overdue. */
void flash_bench_lane_tick(struct flash_bench_lane *lane);
/* When the lane wants to be called to send something that is due at due_us; UINT64_MAX while no
 * place is free. */
uint64_t flash_bench_lane_wake_us(const struct flash_bench_lane *lane, uint64_t due_us);
/* Gives every operation left, in flight or waiting, to the outcome. */
void flash_bench_lane_abandon(struct flash_bench_lane *lane);
void flash_bench_lane_destroy(struct flash_bench_lane *lane);

#endif
