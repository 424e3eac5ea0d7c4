/* A call of lua/settle, built argument by argument: what Redis is told of the ledger's verdicts
 * (DESIGN §5.1, docs/FORMATS.md).
 *
 * One call is about one SKU. First the clean entries, by id alone, then the entries to adopt, each
 * with its lines as the ledger has them. A call has room for a set number of both; it is sent when
 * it is full, and begun anew. One per thread; nothing here talks to Redis. */
#ifndef FLASH_SETTLE_H
#define FLASH_SETTLE_H

#include "flash/redis.h"
#include "flash/state.h"

#define FLASH_SETTLE_CLEAN 1024 /* clean entries of a call */
#define FLASH_SETTLE_LINES 512  /* of a call: entries to adopt, and their lines, to begin with */

struct flash_settle_call;

/* An order's row as the ledger has it. */
struct flash_settle_line {
    struct flash_text ref;  /* (borrowed until the call is begun anew) */
    enum flash_state state; /* one that the ledger stores */
    int64_t version, quantity;
    struct flash_text user;    /* (borrowed likewise) */
    struct flash_text payment; /* the payment that paid it, else empty; copied */
    int64_t due_s;
};

/* Error kind: RETRY (no memory). */
FLASH_MUST_CHECK bool flash_settle_call_new(struct flash_settle_call **ret_call,
                                            struct flash_error *err);
/* NULL is fine. */
void flash_settle_call_free(struct flash_settle_call *call);

/* Empties the call: it is about sku, under generation. */
void flash_settle_call_begin(struct flash_settle_call *call, int64_t sku, int64_t generation);
/* A clean entry, by its stream id. Before the first flash_settle_call_begin_entry, at most
 * FLASH_SETTLE_CLEAN times. */
void flash_settle_call_add_clean(struct flash_settle_call *call, uint64_t us, uint64_t r);
/* An entry to adopt; while the call is not full. Its lines follow: none to FLASH_BATCH_LINES. */
void flash_settle_call_begin_entry(struct flash_settle_call *call, uint64_t us, uint64_t r);
void flash_settle_call_add_line(struct flash_settle_call *call,
                                const struct flash_settle_line *line);
/* Whether one more clean entry, or one more entry to adopt with all its lines, has no room. */
bool flash_settle_call_full(const struct flash_settle_call *call);
/* Entries added since begin, of both kinds. */
int flash_settle_call_entries(const struct flash_settle_call *call);

/* The finished call, for flash_redis_sync_queue or flash_redis_call (borrowed until the next
 * begin). With no entry it only asks whether Redis would take a settle. */
const struct flash_redis_call *flash_settle_call_finish(struct flash_settle_call *call);

/* Whether the answer to call is OK; then element 1 is the number of orders learnt and the ids of
 * clean entries that were not in the journal follow. Else fills err, kind RETRY: nothing was done
 * (another generation, or the SKU's hash is damaged). */
FLASH_MUST_CHECK bool flash_settle_accepted(const struct flash_redis_call *call,
                                            const struct flash_redis_reply *reply,
                                            struct flash_error *err);

#endif
