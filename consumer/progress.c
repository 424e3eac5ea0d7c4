/* The book-keeping of offsets; see progress.h. Pure. */
#include "progress.h"

void flash_progress_collect(struct flash_progress_table *table, const struct flash_batch *batch)
{
    for (int p = 0; p < FLASH_BATCH_PARTITIONS; p++) {
        table->partitions[p].next = 0;
    }
    for (int i = 0; batch->parked_line < 0 && i < batch->message_count; i++) {
        const struct flash_message *message = &batch->messages[i];
        struct flash_progress *progress = &table->partitions[message->partition];
        progress->next = message->offset + 1;
        progress->next_entry = batch->entries[i].id;
        progress->has_next_entry = batch->entries[i].fate != FLASH_FATE_DEAD;
    }
}

void flash_progress_applied(struct flash_progress_table *table)
{
    for (int p = 0; p < FLASH_BATCH_PARTITIONS; p++) {
        struct flash_progress *progress = &table->partitions[p];
        if (!progress->assigned) {
            continue;
        }
        if (progress->next > progress->applied) {
            progress->applied = progress->next;
            progress->applied_entry = progress->next_entry;
            progress->has_applied_entry = progress->has_next_entry;
        }
        if (progress->settled > progress->acked) {
            progress->acked = progress->settled;
            progress->acked_entry = progress->settled_entry;
            progress->has_acked_entry = progress->has_settled_entry;
        }
    }
}

void flash_progress_settled(struct flash_progress_table *table, bool accepted)
{
    for (int p = 0; p < FLASH_BATCH_PARTITIONS; p++) {
        struct flash_progress *progress = &table->partitions[p];
        if (!progress->assigned || !progress->next) {
            continue;
        }
        progress->behind |= !accepted;
        if (!progress->behind && progress->next > progress->settled) {
            progress->settled = progress->next;
            progress->settled_entry = progress->next_entry;
            progress->has_settled_entry = progress->has_next_entry;
        }
    }
}

bool flash_progress_behind(const struct flash_progress_table *table)
{
    for (int p = 0; p < FLASH_BATCH_PARTITIONS; p++) {
        if (table->partitions[p].assigned && table->partitions[p].behind) {
            return true;
        }
    }
    return false;
}

bool flash_progress_owes_ack(const struct flash_progress_table *table)
{
    for (int p = 0; p < FLASH_BATCH_PARTITIONS; p++) {
        const struct flash_progress *progress = &table->partitions[p];
        if (progress->assigned && progress->settled > progress->acked) {
            return true;
        }
    }
    return false;
}

bool flash_progress_replays(const struct flash_progress_table *table,
                            const struct flash_batch *batch)
{
    for (int i = 0; i < batch->message_count; i++) {
        const struct flash_message *message = &batch->messages[i];
        if (message->offset < table->partitions[message->partition].applied) {
            return true;
        }
    }
    return false;
}
