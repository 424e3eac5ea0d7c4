/* A model of one SKU: entries are made in Redis, applied in the ledger and settled, in any order
 * that the protocol allows, inflows come; and the way the audit reads it. */
#ifndef TESTS_RECONCILER_AUDIT_MODEL_H
#define TESTS_RECONCILER_AUDIT_MODEL_H

#include "../../reconciler/audit_judge.h"

#define BASE 1000
#define ORDERS 200
#define ENTRIES 1000

struct entry {
    enum flash_entry_type type;
    int order; /* of an order, or -1: an inflow's number is `units` */
    int64_t units;
    uint64_t us;
    bool late, applied, settled;
    int64_t logged, log_id;
};

struct order {
    int64_t units;
    char redis, ledger; /* letters; ledger 0: no row */
    int version, row_version;
    bool open; /* an entry of its last change is not settled */
};

struct model {
    struct order orders[ORDERS];
    int order_count;
    struct entry entries[ENTRIES];
    int entry_count;
    int64_t redis_available, redis_base, redis_inflow, available, base, reserved, inflows;
    int64_t inflow_units[ENTRIES];
    int64_t log_id, log_after;
    uint64_t us;
    unsigned seed;
};

/* A new sale; the same seed, the same history. */
void model_begin(struct model *model, unsigned seed);
/* Below `of`, at random. */
unsigned model_pick(struct model *model, unsigned of);
/* So many things happen, or are tried. */
void model_go_on(struct model *model, unsigned steps);
/* names: which entry each of the look's is. */
void model_read_redis(const struct model *model, struct flash_audit_look *look, int *names);
/* mark: model->log_id before Redis was read. */
void model_read_ledger(const struct model *model, int64_t mark, struct flash_audit_look *look,
                       const int *names);

#endif
