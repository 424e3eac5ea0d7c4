/* What the pipeline's files share. */
#ifndef CONSUMER_PIPELINE_INTERNAL_H
#define CONSUMER_PIPELINE_INTERNAL_H

#include "anchors.h"
#include "dead.h"
#include "flash/kafka_probe.h"
#include "ledger.h"
#include "pipeline.h"
#include "settle.h"

struct flash_pipeline {
    const struct flash_config *config;
    const _Atomic bool *stop;
    struct flash_subscriber *subscriber;
    struct flash_probe *probe;
    struct flash_anchors anchors;
    struct flash_ledger *ledger;
    struct flash_settler *settler;
    struct flash_dead *dead;
    struct flash_batch batch;
    struct flash_batch single; /* one message, when a batch is taken apart */
    struct flash_plan plan;
    struct flash_progress_table progress;
    int64_t generation;        /* that all partitions were read under */
    bool no_position;          /* the ledger did not say one; it was logged */
    bool reposition;           /* ask the ledger anew where every partition stands */
    uint64_t compare_due_us;   /* 0: not begun */
    uint64_t looked_us;        /* at a Redis that had nothing to settle */
    uint64_t probed_us;        /* one that refused */
    uint64_t catch_up_wait_us; /* after the last time; grows while it comes to nothing */
    uint64_t catch_up_due_us;
    int64_t caught_up_from[FLASH_BATCH_PARTITIONS]; /* + 1, the last time; 0: it never was behind */
    uint64_t unpark_due_us;
    char unpark_from[FLASH_ORDER_ID_MAX + 1]; /* the order that the next page begins with */
    bool unpark_again;    /* the table has been gone through, and at once a second time */
    int64_t parked_count; /* when it was begun */
    struct flash_parked_page parked;
    uint64_t ack_due_us;
    uint64_t note_due_us;
    struct flash_pipeline_health health;
};

/* Writes the batch into the ledger: tries until it is committed, refused as data, too much to park,
 * or outrun, or the daemon is to stop. condemned: why its one message is to be a dead letter, else
 * NULL. */
enum flash_ledger_outcome flash_pipeline_write(struct flash_pipeline *pipeline,
                                               struct flash_batch *batch, const char *condemned);
enum flash_settled {
    FLASH_SETTLED_ALL,
    FLASH_SETTLED_NOT_ALL, /* Redis answers, and refuses some SKU */
    FLASH_SETTLED_AWAY,    /* nobody knows how much */
};
/* Tells Redis of a committed batch. */
enum flash_settled flash_pipeline_settle(struct flash_pipeline *pipeline,
                                         struct flash_batch *batch);

/* The ledger does not stand where we think: forget what is in hand and ask it where we stand. */
void flash_pipeline_start_over(struct flash_pipeline *pipeline);
/* What is in hand did not go in: the caller drops it, and it is read again, or `applied` would step
 * over it. */
void flash_pipeline_give_up(struct flash_pipeline *pipeline, enum flash_ledger_outcome outcome);

/* apart.c: writes and settles the messages of the batch one by one. */
void flash_apart_process(struct flash_pipeline *pipeline);

/* unpark.c: tries parked lines for a while, if it is time. */
void flash_unpark_turn(struct flash_pipeline *pipeline, uint64_t now_us);

/* positions.c: where to read from, and whether the topic is still the one that was read before. */

bool flash_positions_assigned(int partition, int64_t *ret_offset, void *arg);
void flash_positions_revoked(int partition, bool lost, void *arg);
/* Whether message belongs into the batch; false: it was freed (read only to verify, or out of
 * place). */
bool flash_positions_accept(struct flash_pipeline *pipeline, struct flash_message *message);
/* The partition is not the one that was read before: back to offset, and everything again. */
void flash_positions_set_back(struct flash_pipeline *pipeline, int partition, int64_t offset,
                              const char *what);
/* Whether message is the entry id. */
bool flash_positions_same_entry(struct flash_pipeline *pipeline,
                                const struct flash_message *message, const struct flash_uuid *id);
void flash_positions_out_of_range(struct flash_pipeline *pipeline, int partition);
/* Carries out a wanted reposition. */
void flash_positions_renew(struct flash_pipeline *pipeline);
/* Starts over if the ledger does not stand where we left it: it lost commits, or a recovery went
 * by, or another consumer has our partitions. Once a second, with no batch in hand; a busy
 * consumer's next batch would meet it too, an idle one's never comes. */
void flash_positions_compare(struct flash_pipeline *pipeline, uint64_t now_us);
/* While some partition is behind: has everything read again from acked on, once Redis takes settles
 * again. While none is, once a second: whether Redis is there. */
void flash_positions_catch_up(struct flash_pipeline *pipeline, uint64_t now_us);
/* Tells the group how far we are, twice a second at most; for monitoring only. */
void flash_positions_note(struct flash_pipeline *pipeline);

#endif
