/* A pass' desk: Redis, Kafka and the ledger of a test, and one SKU, 7, whose journal has one entry
 * of one order of two units, a hundred seconds old. Thresholds are a millisecond, but for giving
 * up: a minute. */
#ifndef TESTS_RECONCILER_RECONCILE_DESK_H
#define TESTS_RECONCILER_RECONCILE_DESK_H

#include "../../reconciler/reconcile.h"
#include "fake_kafka.h"
#include "fake_ledger.h"
#include "fake_redis_sync.h"

#define NOW "1763718100000000" /* by Redis' clock */
#define ID "019a9999-0000-7000-8000-000000000001"
#define STREAM "1763718000000001-9223372036854775809"

struct desk {
    struct flash_config config;
    struct flash_producer *producer;
    struct flash_reconcile *reconcile;
    struct flash_redis_sync *redis;
    struct flash_reconcile_done done;
    struct flash_finding last; /* that was told */
    char entry[512];
    struct flash_uuid id;
};

int open_desk(void **state);
/* Also: Redis was asked for everything the test had an answer for. */
int close_desk(void **state);
/* The entry is a transition of this type, of the order's row of version 1. */
void make_transition(struct desk *desk, const char *type);

/* Redis' next answer is the journal with the entry. */
void journal_has_it(struct desk *desk);
/* A pass; the test has said what Redis answers. */
void pass_at(struct desk *desk, enum flash_reconcile_depth depth);
/* An acting pass that finds the entry in the journal. */
void pass(struct desk *desk);
/* One in which Redis is told something, and takes it. */
void pass_with_settle(struct desk *desk);
/* Passes until Kafka was given so many messages. */
void pass_until_sent(struct desk *desk, int messages);
/* The index-th message is a marker of the SKU; the ledger has it now. */
void marker_is_met(struct desk *desk, int index);
/* Lost, sent again, lost again: the next pass would give it up. */
void lose_twice(struct desk *desk);

/* Redis was told this last: the arguments of lua/settle. */
void assert_settle(struct desk *desk, const char *expected);
bool nothing_settled(struct desk *desk);

#endif
