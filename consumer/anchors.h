/* Whether the topic that is being read is still the one that was read before.
 *
 * Of each partition one message that was read is kept in mind, its anchor, and read again from time
 * to time, by a probe beside the subscriber. Another message in its place means that the topic was
 * made anew and has grown past the position, of which Kafka itself says nothing (DESIGN §7).
 *
 *     anchor = a, asked again ──▶ the same: anchor becomes what was read last WHEN a WAS ASKED FOR
 *                             └─▶ another: the partition is read from its beginning
 *
 * So a new anchor is taken only from a log that was still the old one after it was read, or will be
 * found out by the next question: no moment of the exchange is missed. */
#ifndef CONSUMER_ANCHORS_H
#define CONSUMER_ANCHORS_H

#include "batch.h"

struct flash_pipeline;

struct flash_anchor {
    bool set;
    int64_t offset;
    struct flash_uuid entry;
};

struct flash_anchors {
    struct flash_anchor of[FLASH_BATCH_PARTITIONS];
    int asked;                /* the partition in question, -1: none is */
    int last;                 /* asked about last */
    struct flash_anchor next; /* what becomes asked's anchor */
    uint64_t due_us;          /* the question is given up, or the next one put */
};

void flash_anchors_init(struct flash_anchors *anchors);
/* The partition was given to us, again maybe, or set back: its anchor is what the ledger's row
 * says, unless we have an earlier one. That one stays: what was read since may be of the new topic
 * already. */
void flash_anchors_begin(struct flash_pipeline *pipeline, int partition);
/* Puts a question or hears its answer; never waits. Each turn of the pipeline; now_us is monotonic.
 */
void flash_anchors_turn(struct flash_pipeline *pipeline, uint64_t now_us);

#endif
