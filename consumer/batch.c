/* Collects and decodes messages; see batch.h. */
#include "batch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool flash_batch_init(struct flash_batch *batch, int line_aim)
{
    memset(batch, 0, sizeof(*batch));
    batch->line_aim = line_aim;
    batch->parked_line = -1;
    batch->line_max = line_aim + FLASH_BATCH_LINES;
    batch->message_max = line_aim;
    batch->messages = calloc((size_t)batch->message_max, sizeof(*batch->messages));
    batch->entries = calloc((size_t)batch->message_max, sizeof(*batch->entries));
    batch->lines = calloc((size_t)batch->line_max, sizeof(*batch->lines));
    batch->order = calloc((size_t)batch->line_max, sizeof(*batch->order));
    batch->scratch = malloc(sizeof(*batch->scratch));
    batch->arena_size = (size_t)batch->line_max * (FLASH_USER_MAX + FLASH_PAYMENT_ID_MAX);
    batch->arena = malloc(batch->arena_size);
    return batch->messages && batch->entries && batch->lines && batch->order && batch->scratch &&
           batch->arena;
}

void flash_batch_finish(struct flash_batch *batch)
{
    flash_batch_reset(batch);
    free(batch->messages);
    free(batch->entries);
    free(batch->lines);
    free(batch->order);
    free(batch->scratch);
    free(batch->arena);
}

void flash_batch_reset(struct flash_batch *batch)
{
    for (int i = 0; i < batch->message_count; i++) {
        flash_message_free(&batch->messages[i]);
    }
    batch->message_count = batch->line_count = 0;
    batch->parked_line = -1;
    batch->transitions = batch->takes = false;
    batch->arena_used = 0;
}

bool flash_batch_full(const struct flash_batch *batch)
{
    return batch->line_count >= batch->line_aim || batch->message_count == batch->message_max;
}

void flash_batch_condemn(struct flash_batch *batch, int i, const char *reason)
{
    struct flash_batch_entry *entry = &batch->entries[i];
    entry->fate = FLASH_FATE_DEAD;
    snprintf(entry->reason, sizeof(entry->reason), "%s", reason);
}

/* A take's reference may be spelt as an order's ref: the two get different ids. */
static void add_line(struct flash_batch *batch, int entry, const struct flash_entry *whole,
                     const struct flash_entry_line *from)
{
    struct flash_batch_line *line = &batch->lines[batch->line_count++];
    char mark = whole->type == FLASH_ENTRY_TAKE ? '-' : '.';
    int ref_at =
        snprintf(line->order_id, sizeof(line->order_id), "%lld%c", (long long)whole->sku, mark);
    memcpy(line->order_id + ref_at, from->ref.at, from->ref.len);
    line->ref_at = (uint8_t)ref_at;
    line->order_id_len = (uint8_t)((size_t)ref_at + from->ref.len);
    line->order_id[line->order_id_len] = '\0';
    line->entry = entry;
    line->quantity = from->quantity;
    line->from_version = from->from_version;
    line->user = from->user;
    line->payment = from->payment;
    line->reason = from->reason;
    line->fate = FLASH_LINE_NONE;
    line->refund = false;
    line->row_at = batch->line_count - 1;
    line->row = (struct flash_batch_row){.state = FLASH_STATE_NONE};
}

struct flash_text flash_batch_keep(struct flash_batch *batch, struct flash_text text)
{
    assert(batch->arena_used + text.len <= batch->arena_size);
    char *at = batch->arena + batch->arena_used;
    if (text.len) {
        memcpy(at, text.at, text.len);
    }
    batch->arena_used += text.len;
    return (struct flash_text){at, text.len};
}

/* Of a parked entry only the parked line counts. */
static void keep_line(struct flash_batch *batch, struct flash_batch_entry *entry, int line_no)
{
    if (line_no >= entry->line_count) {
        flash_batch_condemn(batch, 0, "the parked line is not in its entry");
        return;
    }
    batch->lines[0] = batch->lines[line_no];
    batch->lines[0].row_at = 0;
    batch->line_count = entry->line_count = 1;
    entry->fate = FLASH_FATE_UNPARKED;
}

static void take_entry(struct flash_batch *batch, int i, const struct flash_entry *from)
{
    struct flash_batch_entry *entry = &batch->entries[i];
    entry->fate = from->type == FLASH_ENTRY_MARKER ? FLASH_FATE_MARKER : FLASH_FATE_APPLY;
    entry->type = from->type;
    entry->id = from->id;
    entry->sku = from->sku;
    entry->generation = from->generation;
    entry->stream_us = from->stream_us;
    entry->stream_r = from->stream_r;
    entry->due_s = from->due_s;
    entry->line_count = from->line_count;
    for (int n = 0; n < from->line_count; n++) {
        add_line(batch, i, from, &from->lines[n]);
    }
    batch->takes |= from->type == FLASH_ENTRY_TAKE;
    batch->transitions |= from->type != FLASH_ENTRY_RESERVE && from->type != FLASH_ENTRY_MARKER;
}

static void decode(struct flash_batch *batch, int i)
{
    struct flash_error err;
    memset(&batch->entries[i], 0, sizeof(batch->entries[i]));
    batch->entries[i].partition = batch->messages[i].partition;
    batch->entries[i].offset = batch->messages[i].offset;
    batch->entries[i].first_line = batch->line_count;
    if (flash_entry_decode(batch->messages[i].value, batch->scratch, &err)) {
        take_entry(batch, i, batch->scratch);
        if (batch->parked_line >= 0) {
            keep_line(batch, &batch->entries[i], batch->parked_line);
        }
    } else {
        flash_batch_condemn(batch, i, err.text);
    }
}

void flash_batch_add(struct flash_batch *batch, const struct flash_message *message)
{
    assert(!flash_batch_full(batch));
    batch->messages[batch->message_count] = *message;
    decode(batch, batch->message_count++);
}

void flash_batch_set_parked(struct flash_batch *batch, const struct flash_message *message,
                            int line_no)
{
    flash_batch_reset(batch);
    batch->parked_line = line_no;
    flash_batch_add(batch, message);
}

void flash_batch_again(struct flash_batch *batch)
{
    batch->line_count = 0;
    batch->transitions = batch->takes = false;
    batch->arena_used = 0;
    for (int i = 0; i < batch->message_count; i++) {
        decode(batch, i);
    }
}
