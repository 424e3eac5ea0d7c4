/* A batch that the ledger refuses, taken apart: each message has a transaction of its own, and what
 * can never go in becomes a dead letter.
 *
 * All of them are committed, or the first that is not and those behind it are read again: `applied`
 * would step over them with the next commit. */
#include <stdint.h>
#include <stdio.h>

#include "pipeline_internal.h"

#define DEAD_BYTES 65536 /* kept of a value that is too long even as a dead letter */

/* Makes the message in single a dead letter: whole, or what the ledger takes of it. */
static enum flash_ledger_outcome bury(struct flash_pipeline *pipeline)
{
    static const size_t most[] = {SIZE_MAX, DEAD_BYTES, 0};
    struct flash_batch *single = &pipeline->single;
    struct flash_text whole = single->messages[0].value;
    enum flash_ledger_outcome outcome = FLASH_LEDGER_REFUSED;
    char reason[sizeof(single->entries[0].reason)] = "the ledger refuses its data";
    for (int i = 0; i < 3 && outcome == FLASH_LEDGER_REFUSED; i++) {
        if (whole.len > most[i]) {
            single->messages[0].value.len = most[i];
            snprintf(reason, sizeof(reason),
                     "the ledger refuses its data; kept are %zu of its %zu bytes", most[i],
                     whole.len);
        }
        flash_batch_again(single);
        outcome = flash_pipeline_write(pipeline, single, reason);
    }
    single->messages[0].value = whole; /* of which the topic gets a copy */
    return outcome;
}

/* One message alone; one that can never go in becomes a dead letter. False: it is not committed. */
static bool process_single(struct flash_pipeline *pipeline, const struct flash_message *message)
{
    struct flash_message borrowed = *message;
    borrowed.handle = NULL; /* the big batch frees it */
    flash_batch_reset(&pipeline->single);
    flash_batch_add(&pipeline->single, &borrowed);
    enum flash_ledger_outcome outcome = flash_pipeline_write(pipeline, &pipeline->single, NULL);
    if (outcome == FLASH_LEDGER_REFUSED) {
        outcome = bury(pipeline);
    }
    if (outcome != FLASH_LEDGER_COMMITTED) {
        flash_pipeline_give_up(pipeline, outcome);
        return false;
    }
    flash_dead_publish(pipeline->dead, &pipeline->single);
    flash_pipeline_settle(pipeline, &pipeline->single);
    return true;
}

void flash_apart_process(struct flash_pipeline *pipeline)
{
    struct flash_batch *batch = &pipeline->batch;
    int i = 0;
    while (i < batch->message_count && process_single(pipeline, &batch->messages[i])) {
        i++;
    }
}
