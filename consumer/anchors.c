/* Messages kept in mind and read again; see anchors.h. */
#include "anchors.h"

#include <string.h>

#include "flash/log.h"
#include "pipeline_internal.h"

#define PAUSE_US 200000    /* between two questions, whichever partitions they are about */
#define GIVE_UP_US 5000000 /* an answer that has not come by then is asked for again */

void flash_anchors_init(struct flash_anchors *anchors)
{
    memset(anchors, 0, sizeof(*anchors));
    anchors->asked = -1;
}

void flash_anchors_begin(struct flash_pipeline *pipeline, int partition)
{
    struct flash_anchors *anchors = &pipeline->anchors;
    const struct flash_progress *progress = &pipeline->progress.partitions[partition];
    struct flash_anchor *anchor = &anchors->of[partition];
    if (!anchor->set || anchor->offset >= progress->acked) {
        *anchor = (struct flash_anchor){progress->acked > 0 && progress->has_acked_entry,
                                        progress->acked - 1, progress->acked_entry};
    }
    if (anchors->asked == partition) {
        anchors->asked = -1;
    }
}

/* What was read last of a partition; its anchor as it is, where that cannot be told. */
static struct flash_anchor newest(const struct flash_pipeline *pipeline, int partition)
{
    const struct flash_progress *progress = &pipeline->progress.partitions[partition];
    if (progress->applied == 0 || !progress->has_applied_entry) {
        return pipeline->anchors.of[partition];
    }
    return (struct flash_anchor){true, progress->applied - 1, progress->applied_entry};
}

/* The partition after the one asked about last that is ours and has an anchor; -1: none has. */
static int next_partition(struct flash_pipeline *pipeline)
{
    struct flash_anchors *anchors = &pipeline->anchors;
    for (int i = 1; i <= FLASH_BATCH_PARTITIONS; i++) {
        int partition = (anchors->last + i) % FLASH_BATCH_PARTITIONS;
        if (!pipeline->progress.partitions[partition].assigned) {
            continue;
        }
        if (anchors->of[partition].set) {
            return partition;
        }
        anchors->of[partition] = newest(pipeline, partition);
    }
    return -1;
}

static void ask(struct flash_pipeline *pipeline, uint64_t now_us)
{
    struct flash_anchors *anchors = &pipeline->anchors;
    struct flash_error err;
    int partition = next_partition(pipeline);
    anchors->due_us = now_us + PAUSE_US;
    if (partition < 0) {
        return;
    }
    anchors->last = partition;
    anchors->next = newest(pipeline, partition);
    if (!flash_probe_ask(pipeline->probe, partition, anchors->of[partition].offset, &err)) {
        FLASH_LOG(WARN, "consumer.not_probed", FLASH_TEXT("error", err.text));
        return;
    }
    anchors->asked = partition;
    anchors->due_us = now_us + GIVE_UP_US;
}

static void judge(struct flash_pipeline *pipeline, const struct flash_message *message)
{
    int partition = pipeline->anchors.asked;
    struct flash_anchor *anchor = &pipeline->anchors.of[partition];
    if (message->offset == anchor->offset &&
        flash_positions_same_entry(pipeline, message, &anchor->entry)) {
        *anchor = pipeline->anchors.next;
    } else {
        flash_positions_set_back(pipeline, partition, 0, "another message where one was read");
    }
}

static void hear(struct flash_pipeline *pipeline, uint64_t now_us)
{
    struct flash_anchors *anchors = &pipeline->anchors;
    struct flash_message message;
    enum flash_probe_answer answer = flash_probe_hear(pipeline->probe, &message);
    if (answer == FLASH_PROBE_NOTHING && now_us < anchors->due_us) {
        return;
    }
    if (answer == FLASH_PROBE_MESSAGE) {
        judge(pipeline, &message);
        flash_message_free(&message);
    } else if (answer == FLASH_PROBE_ABSENT) { /* deleted by age; of a shorter log poll tells us */
        anchors->of[anchors->asked] = anchors->next;
    }
    anchors->asked = -1;
    anchors->due_us = now_us + PAUSE_US;
}

void flash_anchors_turn(struct flash_pipeline *pipeline, uint64_t now_us)
{
    struct flash_anchors *anchors = &pipeline->anchors;
    if (anchors->asked >= 0 && !pipeline->progress.partitions[anchors->asked].assigned) {
        anchors->asked = -1;
    }
    if (anchors->asked >= 0) {
        hear(pipeline, now_us);
    } else if (now_us >= anchors->due_us && !pipeline->reposition) {
        ask(pipeline, now_us);
    }
}
