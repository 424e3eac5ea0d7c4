/* A batch: the messages of one ledger transaction, decoded, with what became of each line (DESIGN
 * §7).
 *
 * Filled by the poll loop, judged by plan.c, written by ledger.c, settled by settle.c. Fixed
 * arrays, sized at start; one batch is reused for ever. Texts of entries and lines point into the
 * messages, which the batch keeps until it is reset. */
#ifndef CONSUMER_BATCH_H
#define CONSUMER_BATCH_H

#include "flash/entry.h"
#include "flash/kafka_subscriber.h"
#include "flash/state.h"

#define FLASH_BATCH_PARTITIONS 256 /* partitions one consumer can hold */

enum flash_entry_fate {
    FLASH_FATE_APPLY,     /* first seen here: its verdict is ours to write */
    FLASH_FATE_DUPLICATE, /* the ledger has its verdict already */
    FLASH_FATE_REPEATED,  /* another copy stands earlier in this batch: nothing to do */
    FLASH_FATE_UNPARKED,  /* a parked line whose predecessor has come: its entry's verdict is there
                             already */
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
    int partition;
    int64_t offset;
    bool clean;  /* the verdict: every line took effect by this very entry (§5.1 rules 1, 4) */
    bool fenced; /* DUPLICATE: the verdict met is FENCED */
    int64_t before, after; /* APPLY, reserve: the SKU's available around it */
    char reason[160];      /* DEAD */
};

/* An order's row in the ledger, as it stands while the batch is judged; of a take's reference only
 * found and taken are used. */
struct flash_batch_row {
    bool found;             /* the ledger had it before this batch */
    bool taken;             /* a take: this batch inserts an inflow of its reference */
    bool made;              /* this batch inserts it */
    bool changed;           /* this batch updates it */
    enum flash_state state; /* NONE: there is no row */
    int version, quantity;
    int64_t due_s;
    struct flash_text user, payment; /* borrowed: of a message, or of the batch's arena */
    int made_by;                     /* made: the line that made it */
};

/* What became of a line. */
enum flash_line_fate {
    FLASH_LINE_NONE,    /* not judged: its entry was not ours to judge */
    FLASH_LINE_APPLIED, /* took effect */
    FLASH_LINE_REFUSED, /* shortage, a row that was there already, or a state that does not allow it
                         */
    FLASH_LINE_PARKED, /* its predecessor is not in the ledger yet: kept, and tried again (§5.1 rule
                          11) */
};

struct flash_batch_line {
    char order_id[FLASH_ORDER_ID_MAX + 1]; /* "<sku>.<ref>"; of a take "<sku>-<reference>" */
    uint8_t order_id_len, ref_at;          /* ref_at: where the ref begins in order_id */
    int entry;                             /* index in entries */
    int quantity, from_version;
    struct flash_text user, payment, reason; /* borrowed from the message */
    enum flash_line_fate fate;
    bool refund; /* a refused pay: its money goes back */
    int row_at;  /* the line that keeps this order's row: this one, or an earlier line of the same
                    order */
    struct flash_batch_row row; /* where row_at is this line */
};

struct flash_batch {
    struct flash_message *messages;
    struct flash_batch_entry *entries; /* one per message */
    struct flash_batch_line *lines;
    int *order; /* room to sort either */
    int message_count, line_count;
    int parked_line;  /* ≥ 0: this batch is one parked line, of that number */
    bool transitions; /* some entry moves orders that exist */
    bool takes;       /* some entry is a take */
    char *arena;      /* users and payments of rows that were found */
    size_t arena_used, arena_size;
    int message_max, line_max, line_aim; /* closes at line_aim lines; one more entry always fits */
    struct flash_entry *scratch;
};

/* False when memory is short. */
bool flash_batch_init(struct flash_batch *batch, int line_aim);
void flash_batch_finish(struct flash_batch *batch);
/* Decodes message into the batch, which owns it from now on. */
void flash_batch_add(struct flash_batch *batch, const struct flash_message *message);
bool flash_batch_full(const struct flash_batch *batch);
/* Makes the batch one parked line: line_no of the entry in message. */
void flash_batch_set_parked(struct flash_batch *batch, const struct flash_message *message,
                            int line_no);
/* Decodes all messages anew: before a transaction is tried again. */
void flash_batch_again(struct flash_batch *batch);
/* Frees the messages and empties the batch. */
void flash_batch_reset(struct flash_batch *batch);
/* Makes entry i a dead letter. Its lines count no more. */
void flash_batch_condemn(struct flash_batch *batch, int i, const char *reason);

/* The row of line i's order. */
static inline struct flash_batch_row *flash_batch_row(struct flash_batch *batch, int i)
{
    return &batch->lines[batch->lines[i].row_at].row;
}
/* Copies text into the batch's arena, which always has room for every line's row. */
struct flash_text flash_batch_keep(struct flash_batch *batch, struct flash_text text);

#endif
