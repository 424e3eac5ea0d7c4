/* consumer/ledger.h without a database: batches are judged as the real one has them judged, and
 * verdicts and progress are kept, so that replays, zombies and data that cannot go in meet what
 * they would meet. Every SKU has FAKE_LEDGER_UNITS in stock, except those below.
 *
 * Compiled into a test, it takes the place of the ledger*.c of flash_consumer. */
#ifndef FLASH_TESTS_CONSUMER_FAKE_LEDGER_H
#define FLASH_TESTS_CONSUMER_FAKE_LEDGER_H

#include "../../consumer/ledger.h"

#define FAKE_LEDGER_UNITS 1000
#define FAKE_LEDGER_NO_SKU 404 /* has no stock row */
#define FAKE_LEDGER_POISON 666 /* the database refuses what names it, except as a dead letter */
#define FAKE_LEDGER_PARTITIONS 4

struct fake_ledger_row { /* of consumer_progress */
    int64_t applied, acked;
    bool has_acked_entry;
    struct flash_uuid acked_entry;
};

struct fake_ledger_write {
    enum flash_ledger_outcome outcome;
    int messages, dead, duplicates;
    size_t bytes; /* of the first message's value */
    bool careful;
    char reason[160]; /* of the last dead letter */
};

struct flash_ledger {
    int64_t generation;
    bool away;      /* nothing can be read */
    size_t longest; /* of a value it takes, as a dead letter too; 0: any */
    struct fake_ledger_row rows[FAKE_LEDGER_PARTITIONS];
    struct flash_uuid verdicts[64];
    int verdict_count;
    enum flash_ledger_outcome next[16]; /* outcomes of the next writes; past them: as it comes */
    int next_count, next_used;
    void (*wrote)(void *arg); /* after each write, or NULL */
    void *arg;
    struct fake_ledger_write writes[64]; /* what was tried */
    int write_count;
    int compared;                  /* how often its progress was */
    const char *parked[64];        /* the values of parked lines; NULL: none here, or no more */
    int parked_count, parked_page; /* parked_page: most lines of a page; 0: FLASH_PARKED_PAGE */
};

/* The one made last and not freed. */
struct flash_ledger *fake_ledger_last(void);
/* The next write ends so. */
void fake_ledger_next(struct flash_ledger *ledger, enum flash_ledger_outcome outcome);
/* A line is parked, behind the others; value stays the caller's. */
void fake_ledger_park(struct flash_ledger *ledger, const char *value);
void fake_ledger_set_row(struct flash_ledger *ledger, int partition, int64_t offset,
                         const struct flash_uuid *last);

#endif
