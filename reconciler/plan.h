/* A plan: a run of mode plan with its findings, read back to be applied.
 *
 * What is planned is about entries of journals; a finding of the run that is not (state open) is no
 * part of the plan. An item's state goes from planned to applied, gone or refused, once. */
#ifndef RECONCILER_PLAN_H
#define RECONCILER_PLAN_H

#include "finding.h"
#include "flash/mysql.h"
#include "runs.h"

#define FLASH_PLAN_ITEMS 1000000 /* at most, of a plan */

struct flash_plan_item {
    int64_t id; /* reconcile_finding.id */
    struct flash_uuid entry;
    int64_t sku;
    enum flash_cause cause;
    enum flash_finding_state state;
    bool seen;    /* in the last look */
    bool changed; /* seen, for another cause than it was planned for */
};

struct flash_plan {
    struct flash_uuid id;
    bool is_plan; /* its run is of mode plan */
    enum flash_run_state state;
    int64_t generation, sku;       /* sku 0: of all */
    bool begun;                    /* an earlier apply has begun with it */
    struct flash_plan_item *items; /* by entry */
    size_t count, capacity;
    int64_t states[FLASH_FINDING_STATE_COUNT]; /* items of each */
    struct flash_plan_item **unsaved;          /* whose state is not in the ledger yet */
    size_t unsaved_count;
};

/* What is done about a finding of that cause, in a word or two; NULL: nothing, so it is not
 * planned. Static. */
const char *flash_plan_action(enum flash_cause cause);

/* The generation of the ledger. Error kinds: of flash_mysql_query, BUG. */
FLASH_MUST_CHECK bool flash_plan_generation(struct flash_mysql *mysql, int64_t *ret_generation,
                                            struct flash_error *err);

/* *ret_plan NULL: there is no such run. Error kinds: of flash_mysql_query, RETRY (no memory), DATA
 * (more items than a plan may have, or of a cause or state that is not known). */
FLASH_MUST_CHECK bool flash_plan_load(struct flash_mysql *mysql, const struct flash_uuid *id,
                                      struct flash_plan **ret_plan, struct flash_error *err);
/* NULL is fine. */
void flash_plan_free(struct flash_plan *plan);

/* The item about that entry, or NULL. */
struct flash_plan_item *flash_plan_find(const struct flash_plan *plan,
                                        const struct flash_uuid *entry);
/* Moves an item that is planned; others stay. */
void flash_plan_set(struct flash_plan *plan, struct flash_plan_item *item,
                    enum flash_finding_state state);
/* Writes the states that are not in the ledger yet. Error kinds: of flash_mysql_commit and exec;
 * what was not written stays unsaved. */
FLASH_MUST_CHECK bool flash_plan_save(struct flash_plan *plan, struct flash_mysql *mysql,
                                      struct flash_error *err);
/* Moves the plan's run from planned to applied or stale. */
FLASH_MUST_CHECK bool flash_plan_close(struct flash_plan *plan, struct flash_mysql *mysql,
                                       enum flash_run_state state, struct flash_error *err);

#endif
