/* A batch: the messages of one ledger transaction, decoded, with what became of each line (DESIGN §7).
 *
 * Filled by the poll loop, judged by plan.c, written by ledger.c, settled by settle.c. Fixed arrays, sized at start; one batch is
 * reused for ever. Texts of entries and lines point into the messages, which the batch keeps until it is reset. */
#ifndef CONSUMER_BATCH_H
#define CONSUMER_BATCH_H

#include "flash/entry.h"
#include "flash/kafka.h"
#include "flash/state.h"

#define FLASH_BATCH_PARTITIONS 256 /* partitions one consumer can hold */

enum flash_entry_fate {
    FLASH_FATE_APPLY,     /* first seen here: its verdict is ours to write */
    FLASH_FATE_DUPLICATE, /* the ledger has its verdict already */
    FLASH_FATE_REPEATED,  /* another copy stands earlier in this batch: nothing to do */
    FLASH_FATE_MARKER,    /* a marker: its place is noted */
    FLASH_FATE_DEAD,      /* undecodable or impossible: dead letter */
};

struct flash_batch_entry {
    enum flash_entry_fate fate;
    enum flash_entry_type type;
    struct flash_uuid id;
    int64_t sku;
    int64_t generation;
    uint64_t stream_us, stream_r;
    int64_t due_s;
    int first_line, line_count;
    int message;      /* index in messages */
    bool clean;       /* the verdict: every line took effect by this very entry (§5.1 rules 1, 4) */
    bool fenced;      /* DUPLICATE: the verdict met is FENCED */
    int64_t before, after; /* APPLY: the SKU's available around it */
    char reason[160]; /* DEAD */
};

struct flash_batch_line {
    char order_id[FLASH_ORDER_ID_MAX + 1]; /* "<sku>.<ref>" */
    uint8_t order_id_len, ref_at;          /* ref_at: where the ref begins in order_id */
    int entry;                             /* index in entries */
    bool existed; /* the order had a row before this entry: the line changes nothing */
    int same_as;  /* an earlier line of the batch makes that row, or -1 */
    /* The ledger's row, as Redis is to adopt it. */
    enum flash_state state; /* NONE: no row was found */
    int version, quantity;
    int64_t due_s;
    uint8_t user_len;
    char user[FLASH_USER_MAX];
};

struct flash_batch {
    struct flash_message *messages;
    struct flash_batch_entry *entries; /* one per message */
    struct flash_batch_line *lines;
    int message_count, line_count;
    int message_max, line_max, line_aim; /* closes at line_aim lines; one more entry always fits */
    struct flash_entry *scratch;
};

/* False when memory is short. */
bool flash_batch_init(struct flash_batch *batch, int line_aim);
void flash_batch_finish(struct flash_batch *batch);
/* Decodes message into the batch, which owns it from now on. */
void flash_batch_add(struct flash_batch *batch, const struct flash_message *message);
bool flash_batch_full(const struct flash_batch *batch);
/* Decodes all messages anew: before a transaction is tried again. */
void flash_batch_again(struct flash_batch *batch);
/* Frees the messages and empties the batch. */
void flash_batch_reset(struct flash_batch *batch);
/* Makes entry i a dead letter. Its lines count no more. */
void flash_batch_condemn(struct flash_batch *batch, int i, const char *reason);

#endif
