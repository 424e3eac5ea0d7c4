/* The entry: one journal record and, byte for byte, one Kafka message (DESIGN §6, docs/FORMATS.md).
 *
 * Lua writes it, the engine passes it on untouched, consumer and reconciler decode it. The decoder
 * is strict: it takes exactly what lua/ writes, in that order and without white space, and anything
 * else is DATA for the dead letters. */
#ifndef FLASH_ENTRY_H
#define FLASH_ENTRY_H

#include "flash/ids.h"

enum flash_entry_type {
    FLASH_ENTRY_RESERVE = 1, /* units leave stock for orders */
    FLASH_ENTRY_PAY,
    FLASH_ENTRY_CANCEL,
    FLASH_ENTRY_EXPIRE,
    FLASH_ENTRY_RETURN,
    FLASH_ENTRY_TAKE,   /* negative adjustment */
    FLASH_ENTRY_MARKER, /* proves how far the consumer has come (DESIGN §9.1); no lines */
    FLASH_ENTRY_TYPE_COUNT,
};

struct flash_entry_line {
    struct flash_text ref; /* borrowed from the decoded bytes */
    struct flash_text
        user; /* the buyer, as the record has it; take: the operator (and ref is its reference) */
    int quantity;              /* 1..FLASH_QUANTITY_MAX; take: 1..FLASH_BASE_MAX */
    int from_version;          /* row version a transition starts from; 0 for reserve and take */
    struct flash_text payment; /* pay: the payment id; else empty */
    struct flash_text reason;  /* take: why; else empty */
};

struct flash_entry {
    enum flash_entry_type type;
    struct flash_uuid id;
    int64_t sku;
    int64_t generation;
    uint64_t stream_us; /* first half of the stream id: microseconds by Redis' clock */
    uint64_t stream_r;  /* second half: the UUID's low 64 bits */
    int64_t due_s;      /* reserve: deadline to pay, seconds since the epoch; else 0 */
    int line_count; /* 1..FLASH_BATCH_LINES; 0 for a marker, which has nothing but type and id */
    struct flash_entry_line
        lines[FLASH_BATCH_LINES]; /* those past line_count are not set; refs are distinct, except of
                                     pay: payments of one order, each from the version before it */
};

/* Decodes value into *ret_entry, whose texts point into value. Error kind: DATA; the text says at
 * which byte and what was expected there, and quotes nothing of value. Numbers that Lua wrote are
 * below 2^53. */
FLASH_MUST_CHECK bool flash_entry_decode(struct flash_text value, struct flash_entry *ret_entry,
                                         struct flash_error *err);

/* What a script that makes an entry is given to name it: its UUID, and the second half of its
 * stream id. */
struct flash_entry_name {
    char uuid[FLASH_UUID_TEXT + 1];
    char low[24];
};
/* A new one, from the clock and the kernel's randomness. Error kind: RETRY. */
FLASH_MUST_CHECK bool flash_entry_name_new(struct flash_entry_name *ret_name,
                                           struct flash_error *err);

/* "reserve", "pay", …. Static. */
const char *flash_entry_type_name(enum flash_entry_type type);

/* Writes the JSON of one reserve line, ["ref","user",quantity], without NUL; returns its length
 * (≤ FLASH_LINE_BYTES). All three must be valid already. */
size_t flash_entry_line_write(char out[FLASH_LINE_BYTES], struct flash_text ref,
                              struct flash_text user, int quantity);

#endif
