/* A page of a SKU's open entries, and what the ledger says about each (DESIGN §9.1). */
#ifndef RECONCILER_PAGE_H
#define RECONCILER_PAGE_H

#include "flash/entry.h"
#include "flash/mysql.h"
#include "flash/redis_sync.h"

#define FLASH_PAGE_ENTRIES 1000

enum flash_page_verdict {
    FLASH_PAGE_NONE, /* the ledger has not judged it: not yet, or never */
    FLASH_PAGE_APPLIED,
    FLASH_PAGE_FENCED,
};

struct flash_page_entry {
    bool readable;           /* false: nothing below but stream id and value means anything */
    uint64_t us, r;          /* its stream id */
    struct flash_text value; /* as the journal has it (borrowed from the page) */
    struct flash_uuid id;
    enum flash_entry_type type;
    int64_t generation;
    int line_count;
    int64_t units; /* of all its lines */
    enum flash_page_verdict verdict;
    bool clean; /* APPLIED: every line took effect by this very entry */
};

struct flash_page {
    int64_t sku;
    uint64_t now_us;    /* by Redis' clock */
    int64_t generation; /* of the SKU in Redis; 0: it is not there */
    bool more;          /* read on behind the last entry */
    int count;
    struct flash_page_entry entries[FLASH_PAGE_ENTRIES];
    struct flash_redis_reply *reply; /* what the texts point into */
    struct flash_redis_reply *next;  /* the page behind it, not read yet; NULL: none */
    int walk_pause;                  /* pages until walking along the ledger's key is tried again */
    struct flash_entry scratch;
    int order[FLASH_PAGE_ENTRIES]; /* readable entries by id, while verdicts are looked up */
};

/* All zero is an empty page; end with this. */
void flash_page_finish(struct flash_page *page);

struct flash_page_place {
    int64_t sku;
    int64_t age_ms;    /* younger entries are left out */
    const char *after; /* a stream id, or "" for the oldest (borrowed) */
    int most;          /* entries, 1 to FLASH_PAGE_ENTRIES */
};
/* Asks Redis for a page; it is made ready while the caller does something else. Error kinds: RETRY,
 * UNKNOWN (Redis is away). */
FLASH_MUST_CHECK bool flash_page_ask(struct flash_redis_sync *redis,
                                     const struct flash_page_place *place, struct flash_error *err);
/* Takes what was asked for and lays it behind the page in hand, which stays as it is. Error kinds:
 * RETRY (refused: this SKU cannot be read now), UNKNOWN (Redis is away). */
FLASH_MUST_CHECK bool flash_page_take(struct flash_page *page, struct flash_redis_sync *redis,
                                      struct flash_error *err);
/* Reads the page that was taken in place of the one that was there; no verdict is known yet. Error
 * kind: RETRY (not understood: this SKU cannot be read now). */
FLASH_MUST_CHECK bool flash_page_turn(struct flash_page *page, int64_t sku,
                                      struct flash_error *err);
/* The three in one. */
FLASH_MUST_CHECK bool flash_page_read(struct flash_page *page, struct flash_redis_sync *redis,
                                      const struct flash_page_place *place,
                                      struct flash_error *err);
/* The last entry's stream id, to go on behind. */
void flash_page_last(const struct flash_page *page, char ret_id[FLASH_STREAM_ID_TEXT + 1]);
/* Asks the ledger for the verdicts of all entries. False: nothing is known of any. Error kinds: of
 * flash_mysql_query_in. */
FLASH_MUST_CHECK bool flash_page_judge(struct flash_page *page, struct flash_mysql *mysql,
                                       struct flash_error *err);
/* By Redis' clock, 0 at least. */
int64_t flash_page_age_ms(const struct flash_page *page, const struct flash_page_entry *entry);

#endif
