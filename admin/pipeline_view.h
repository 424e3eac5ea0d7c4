/* How orders flow at one moment, as the three stores tell it: what GET /v1/pipeline shows.
 *
 * A view is written once, by one job, and then only read. What a store did not tell stays as the
 * view before had it (the ledger's), or is not known (the others'); the parts say which were away.
 */
#ifndef ADMIN_PIPELINE_VIEW_H
#define ADMIN_PIPELINE_VIEW_H

#include "flash/kafka_topic.h"
#include "job.h"
#include "sku.h"

#define FLASH_PIPELINE_SKUS 100
#define FLASH_PIPELINE_CAUSES 16
#define FLASH_PIPELINE_ALERTS 32
#define FLASH_PIPELINE_WORD_MAX 64

#define FLASH_PIPELINE_INTERVAL_MAX_US UINT64_C(60000000) /* no rate is over more */
#define FLASH_PIPELINE_UNKNOWN (-1)                       /* of a number that is never negative */

struct flash_pipeline_part {
    bool ready;
    char reason[160]; /* when not */
};

/* A sale that is on, comes, or was over less than an hour ago. */
struct flash_pipeline_sku {
    struct flash_sku_row row; /* what the ledger says */
    bool known;               /* Redis has told what follows */
    bool loaded;              /* it has the SKU */
    bool open;                /* its gate, on that very server */
    int64_t available, orders, journal;
    int64_t oldest_ms;     /* age of its oldest open entry; UNKNOWN: none is open */
    double accepted_per_s; /* orders; UNKNOWN without an earlier view to compare with */
    char gate_cause[FLASH_PIPELINE_WORD_MAX + 1]; /* why it was closed */
};

/* How far the consumer is with one partition. */
struct flash_pipeline_partition {
    int64_t applied, acked; /* UNKNOWN: it was never read */
    int64_t low, high;      /* UNKNOWN: the brokers did not say */
};

struct flash_pipeline_cause {
    char name[FLASH_PIPELINE_WORD_MAX + 1];
    int64_t count;
};

struct flash_pipeline_alert {
    char key[FLASH_PIPELINE_WORD_MAX + 1], severity[FLASH_PIPELINE_WORD_MAX + 1];
    char detail[256];
    int64_t since_ms;
};

struct flash_pipeline_audit {
    bool found;
    struct flash_uuid run;
    char state[FLASH_PIPELINE_WORD_MAX + 1];
    int64_t started_ms, ended_ms; /* ended: 0 while it runs */
    int64_t findings;
};

struct flash_pipeline_view {
    int64_t at_ms;       /* wall clock */
    uint64_t at_us;      /* monotonic */
    int64_t interval_ms; /* that the rates are over; UNKNOWN: nothing to compare with */
    struct flash_pipeline_part ledger, redis, kafka;
    uint64_t kafka_again_us; /* until then the brokers are not asked */
    int64_t generation;
    struct flash_pipeline_sku skus[FLASH_PIPELINE_SKUS];
    int sku_count;
    bool more_skus;
    double accepted_per_s, created_per_s;
    int64_t log_id;  /* the youngest row of stock_log; UNKNOWN: not asked yet */
    uint64_t log_us; /* and when it was: monotonic */
    struct flash_pipeline_partition partitions[FLASH_TOPIC_PARTITIONS_MAX];
    int partition_count;
    struct flash_pipeline_audit audit;
    struct flash_pipeline_cause causes[FLASH_PIPELINE_CAUSES]; /* of open findings */
    int cause_count;
    struct flash_pipeline_alert alerts[FLASH_PIPELINE_ALERTS]; /* raised */
    int alert_count;
};

/* Asks the stores, one snapshot of the ledger, one script a SKU of Redis, and two questions of the
 * brokers. before: the view before this one, or NULL. Blocks as long as the stores do. */
void flash_pipeline_read(struct flash_stores *stores, const struct flash_pipeline_view *before,
                         struct flash_pipeline_view *ret_view);
/* Its part of the ledger; false: ret_view has nothing new. For flash_pipeline_read. */
FLASH_MUST_CHECK bool flash_pipeline_read_ledger(struct flash_stores *stores,
                                                 struct flash_pipeline_view *ret_view,
                                                 struct flash_error *err);
/* As JSON; owned, NULL when memory is short. */
char *flash_pipeline_json(const struct flash_pipeline_view *view);

#endif
