/* What the files of the pass share; see reconcile.h. */
#ifndef RECONCILER_RECONCILE_INTERNAL_H
#define RECONCILER_RECONCILE_INTERNAL_H

#include "adopt.h"
#include "compensate.h"
#include "fence.h"
#include "lease.h"
#include "marker.h"
#include "page.h"
#include "proof.h"
#include "reconcile.h"

struct flash_reconcile {
    const struct flash_config *config;
    struct flash_producer *producer; /* NULL: passes only look */
    struct flash_redis_sync *redis;
    struct flash_mysql *mysql;
    struct flash_lease *lease;
    struct flash_proof *proof;
    struct flash_markers *markers;
    struct flash_adopter *adopter;
    struct flash_compensation *compensation;
    struct flash_page page;
    int64_t *skus;
    size_t sku_count, sku_capacity;
    int64_t topic_asked_ms;         /* when the topic's settings were asked for; 0: never */
    struct flash_error topic;       /* kind NONE: they allow a proof */
    int64_t dead_said, parked_said; /* an acting pass tells of younger ones only */
    uint64_t looked_until_us;       /* likewise of unreadable entries; by Redis' clock */
};

struct flash_pass {
    struct flash_reconcile *reconcile;
    const struct flash_reconcile_options *options;
    struct flash_reconcile_done *done;
    int64_t settle_after_ms;
    bool provable; /* Kafka takes messages, and the topic's settings allow a proof */
    bool writable; /* the ledger takes writes */
    int late_said;
    uint64_t looked_until_us; /* for the object, once the pass is complete; 0: as it was */
    uint64_t step_us;         /* when the step in hand began */
};

static inline bool flash_pass_acts(const struct flash_pass *pass)
{
    return pass->options->depth == FLASH_RECONCILE_ACT;
}

/* For every step of long work. False: the pass has ended, done->end says how. */
FLASH_MUST_CHECK bool flash_pass_keep_lease(struct flash_pass *pass);
/* reconcile_sku.c: compares one SKU's journal. False: the pass has ended, done->end says how. */
FLASH_MUST_CHECK bool flash_pass_sku(struct flash_pass *pass, int64_t sku);
/* reconcile_find.c: tells of something. */
void flash_pass_found(struct flash_pass *pass, const struct flash_finding *finding);
/* Of an entry of sku: the caller adds what it knows. */
struct flash_finding flash_pass_finding(int64_t sku, const struct flash_page_entry *entry,
                                        enum flash_cause cause);
/* For flash_adopt_work: arg is the pass. */
void flash_pass_relay(const struct flash_finding *finding, void *pass);
/* Tells of dead letters and parked lines. Error kinds: of flash_mysql_query. */
FLASH_MUST_CHECK bool flash_pass_leftovers(struct flash_pass *pass, struct flash_error *err);

#endif
