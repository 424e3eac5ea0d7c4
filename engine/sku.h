/* What one worker knows of each SKU: its generation, its sale as last read, its journal, and its
 * two lanes.
 *
 * A fixed pool, found by hash; an idle entry that Redis has never known is reused first. One that
 * was there stays: what Redis has lost must not turn into "no such SKU", and lines that wait for
 * Kafka point here. Not thread-safe: one per worker. */
#ifndef ENGINE_SKU_H
#define ENGINE_SKU_H

#include <sys/queue.h>

#include "flash/gate.h"
#include "flash/limits.h"
#include "lane.h"

#define FLASH_SKUS_MAX 65536 /* SKUs one worker can serve at a time */
/* For how long "no such SKU", a closed gate, or a lost SKU is believed. */
#define FLASH_SKU_BELIEVED_US 100000

enum flash_sku_known {
    FLASH_SKU_NEW,     /* nothing asked yet */
    FLASH_SKU_ASKING,  /* the first status call is out; orders wait */
    FLASH_SKU_PRESENT, /* generation and sale are those of the last answer */
    FLASH_SKU_CLOSED,  /* it is there, and its gate was closed at asked_us: nothing is sold or
                          changed */
    FLASH_SKU_ABSENT,  /* Redis had no such SKU at asked_us */
};

/* The transitions buyers and services ask for; each has its lane, as an entry's lines are of one
 * type. */
enum flash_change_kind {
    FLASH_CHANGE_PAY,
    FLASH_CHANGE_CANCEL,
    FLASH_CHANGE_RETURN,
    FLASH_CHANGE_COUNT,
};

struct flash_sale {
    int64_t available, base, starts_ms, ends_ms, limit, hold_s, version, threshold;
    char title[FLASH_TITLE_MAX + 1];
    uint64_t read_us;  /* monotonic; 0: never */
    int64_t server_us; /* Redis' clock at that reading */
};

struct flash_sku {
    int64_t id;
    enum flash_sku_known known;
    int64_t generation;
    char run_id[FLASH_GATE_RUN_ID + 1]; /* PRESENT: of the server whose gate was found open */
    uint64_t asked_us;
    struct flash_sale sale;
    int64_t journal_entries;                       /* by the last answer */
    int64_t journal_oldest_us;                     /* Redis' clock; 0: empty */
    int64_t journal_read_us;                       /* Redis' clock at that reading */
    struct flash_lane orders;                      /* struct flash_order_line */
    struct flash_lane changes[FLASH_CHANGE_COUNT]; /* struct flash_change */
    struct flash_lane reads;                       /* struct flash_read */
    bool dirty; /* in the worker's queue of SKUs to look at this turn, or the next */
    STAILQ_ENTRY(flash_sku) next_dirty;
    TAILQ_HEAD(flash_watcher_list, flash_watcher) watchers; /* the longest unread first */
    TAILQ_ENTRY(flash_sku) next_watched; /* in the worker's list, while there are any */
    int hasty_watchers; /* among them, those that make each tick read the list (watchers.c) */
    uint64_t used_us;
    struct flash_sku *next_in_bucket;
};

struct flash_sku_table;

/* NULL when memory is short. */
struct flash_sku_table *flash_sku_table_new(void);
void flash_sku_table_free(struct flash_sku_table *table);
/* The entry of sku, made if it is new; NULL when all are busy with other SKUs. */
struct flash_sku *flash_sku_find(struct flash_sku_table *table, int64_t sku, uint64_t now_us);
/* The i-th entry in use, NULL past the end; for per-second rounds. */
struct flash_sku *flash_sku_at(struct flash_sku_table *table, int i);

#endif
