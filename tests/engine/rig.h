/* A worker on fakes: its lanes, pools and mailbox are real, Redis, Kafka and HTTP are the test's.
 *
 * Nothing moves by itself: rig_turn sends what is due, the test answers the call, rig_kafka brings
 * acknowledgements back. Every request the rig made must have been answered, once, when it closes.
 */
#ifndef FLASH_TESTS_ENGINE_RIG_H
#define FLASH_TESTS_ENGINE_RIG_H

#include "../../engine/metrics.h"
#include "../../engine/reads.h"
#include "../../engine/reserve.h"
#include "../../engine/worker.h"
#include "fake_kafka.h"
#include "fake_redis.h"
#include "fake_request.h"

#define RIG_REQUESTS 1024
#define RIG_LINES 300   /* orders of the worker's pool */
#define RIG_WAITERS 280 /* held requests of the worker's pool */
#define RIG_STREAMS 3   /* streams of the worker's pool */
#define RIG_GENERATION 7
#define RIG_AT 1763718000123456LL /* µs: when everything happened, by Redis' clock */
#define RIG_DUE 1763719800LL      /* s: pay by */

struct rig {
    struct flash_config config;
    struct flash_engine engine;
    struct flash_worker worker;
    struct flash_redis *redis;
    struct flash_producer *producer;
    struct flash_request *requests[RIG_REQUESTS];
    int request_count;
    char gate[80]; /* what status answers say of it */
};

/* cmocka's setup and teardown; *state is the rig. */
int rig_open(void **state);
int rig_close(void **state);

/* A request of the rig's. */
struct flash_request *rig_request(struct rig *rig, const struct fake_request_head *head);
/* Submits an order of one unit of user "u-1". */
struct flash_request *rig_order(struct rig *rig, int64_t sku, const char *ref);
/* Asks for an order as user (NULL: anybody's). etag: If-None-Match, or NULL. */
struct rig_read {
    int64_t sku;
    const char *ref, *user, *etag;
    int64_t wait_us;
    bool events; /* etag is Last-Event-ID then */
};
struct flash_request *rig_read(struct rig *rig, const struct rig_read *read);

/* The SKU as the worker would know it after a status reply. */
struct flash_sku *rig_know(struct rig *rig, int64_t sku);
/* One turn of the loop: what is due goes out. */
void rig_turn(struct rig *rig);
/* One tick: waiters of sku are read again. Returns how many. */
int rig_tick(struct rig *rig, int64_t sku);
/* Runs the producer's reports and the worker's mailbox. */
void rig_kafka(struct rig *rig);

/* From now on status answers have this gate; it is open when the rig begins. */
void rig_gate(struct rig *rig, const char *word, int generation, const char *more);
/* Answers the oldest call, a reserve, with these words; NULL ends them. */
void rig_decide(struct rig *rig, const char *const *words);
/* Answers it with the same word for every one of its lines. */
void rig_decide_all(struct rig *rig, const char *word);
/* Answers the oldest call, a status: OK with these records; NULL ends them. */
void rig_status(struct rig *rig, const char *const *records);
void rig_absent(struct rig *rig);

/* The script of the open call with i older ones; -1: there are not so many. */
int rig_script(struct rig *rig, int i);
/* Its lines, when it is a reserve. */
int rig_lines(struct rig *rig, int i);
/* 0: still open. */
int rig_answered(const struct flash_request *request);
bool rig_refused(const struct flash_request *request, int status, const char *slug);
int64_t rig_metric(enum flash_engine_metric metric);

#endif
