/* Plans in the ledger; see plan.h. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "flash/mysql_value.h"
#include "flash/time.h"

#define ITEMS_MIN 256
#define SAVE_ROWS 1000 /* of one transaction */
#define ATTEMPTS 3

const char *flash_plan_action(enum flash_cause cause)
{
    static const char *const actions[FLASH_CAUSE_COUNT] = {
        [FLASH_CAUSE_UNSETTLED] = "settle",
        [FLASH_CAUSE_LATE] = "prove, mend",
        [FLASH_CAUSE_LOST] = "prove, mend",
    };
    return actions[cause];
}

static bool text_is(struct flash_text text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

/* ---- reading ---- */

static bool take_number(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    *(int64_t *)arg = cells[0].number;
    return true;
}

bool flash_plan_generation(struct flash_mysql *mysql, int64_t *ret_generation,
                           struct flash_error *err)
{
    int64_t generation = 0;
    const struct flash_query query = {.sql = "SELECT generation FROM generation WHERE id = 1",
                                      .column_count = 1,
                                      .row = take_number,
                                      .arg = &generation};
    if (!flash_mysql_connect(mysql, err) || !flash_mysql_query(mysql, &query, err)) {
        return false;
    }
    *ret_generation = generation;
    return generation > 0 || flash_error_set(err, FLASH_ERROR_BUG, "the ledger has no generation");
}

struct loading {
    struct flash_plan *plan;
    bool found, full;
    bool unknown; /* a word that this version does not know */
};

static const char *cause_at(int i)
{
    return flash_cause_name((enum flash_cause)i);
}

static const char *finding_state_at(int i)
{
    return flash_finding_state_name((enum flash_finding_state)i);
}

static const char *run_state_at(int i)
{
    return flash_run_state_name((enum flash_run_state)i);
}

/* Which of count words it is; 0 for one that is none of them, and *ret_unknown. */
static int word_of(struct flash_text text, int count, const char *(*name_at)(int i),
                   bool *ret_unknown)
{
    for (int i = 0; i < count; i++) {
        if (text_is(text, name_at(i))) {
            return i;
        }
    }
    *ret_unknown = true;
    return 0;
}

static bool take_run(const struct flash_value *cells, int count, void *arg)
{
    struct loading *loading = arg;
    struct flash_plan *plan = loading->plan;
    (void)count;
    plan->is_plan = text_is(cells[0].bytes, flash_run_mode_name(FLASH_RUN_PLAN));
    plan->state = (enum flash_run_state)word_of(cells[1].bytes, FLASH_RUN_STATE_COUNT, run_state_at,
                                                &loading->unknown);
    plan->generation = cells[2].number;
    plan->sku = cells[3].null ? 0 : cells[3].number;
    plan->begun = cells[4].number > 0;
    loading->found = true;
    return true;
}

static bool reserve(struct flash_plan *plan)
{
    if (plan->count < plan->capacity) {
        return true;
    }
    size_t capacity = plan->capacity ? plan->capacity * 2 : ITEMS_MIN;
    struct flash_plan_item *items = reallocarray(plan->items, capacity, sizeof(*items));
    if (!items) {
        return false;
    }
    plan->items = items;
    plan->capacity = capacity;
    return true;
}

static bool take_item(const struct flash_value *cells, int count, void *arg)
{
    struct loading *loading = arg;
    struct flash_plan *plan = loading->plan;
    (void)count;
    loading->full = plan->count == FLASH_PLAN_ITEMS || !reserve(plan);
    if (loading->full) {
        return false;
    }
    struct flash_plan_item *item = &plan->items[plan->count];
    *item = (struct flash_plan_item){.id = cells[0].number, .sku = cells[3].number};
    item->cause =
        (enum flash_cause)word_of(cells[1].bytes, FLASH_CAUSE_COUNT, cause_at, &loading->unknown);
    item->state = (enum flash_finding_state)word_of(cells[2].bytes, FLASH_FINDING_STATE_COUNT,
                                                    finding_state_at, &loading->unknown);
    memcpy(item->entry.bytes, cells[4].bytes.at, sizeof(item->entry.bytes));
    plan->states[item->state]++;
    plan->count++;
    return true;
}

static int by_entry(const void *one, const void *other)
{
    const struct flash_plan_item *a = one, *b = other;
    return memcmp(a->entry.bytes, b->entry.bytes, sizeof(a->entry.bytes));
}

static bool read_rows(struct flash_mysql *mysql, struct loading *loading, struct flash_error *err)
{
    const struct flash_value id = flash_value_uuid(&loading->plan->id);
    const struct flash_query run = {
        .sql = "SELECT p.mode, p.state, p.generation, p.sku, (SELECT COUNT(*) FROM reconcile_run a "
               "WHERE a.plan_run_id = p.run_id) FROM reconcile_run p WHERE p.run_id = ?",
        .params = &id,
        .param_count = 1,
        .column_count = 5,
        .row = take_run,
        .arg = loading,
    };
    const struct flash_query items = {
        .sql = "SELECT id, cause, state, sku, entry_id FROM reconcile_finding "
               "WHERE run_id = ? AND state <> 'open' AND LENGTH(entry_id) = 16",
        .params = &id,
        .param_count = 1,
        .column_count = 5,
        .row = take_item,
        .arg = loading,
    };
    return flash_mysql_connect(mysql, err) && flash_mysql_query(mysql, &run, err) &&
           flash_mysql_query(mysql, &items, err);
}

bool flash_plan_load(struct flash_mysql *mysql, const struct flash_uuid *id,
                     struct flash_plan **ret_plan, struct flash_error *err)
{
    struct flash_plan *plan = calloc(1, sizeof(*plan));
    struct loading loading = {.plan = plan};
    if (!plan) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "plan: out of memory");
    }
    plan->id = *id;
    bool ok = read_rows(mysql, &loading, err);
    if (ok && loading.full) {
        ok = flash_error_set(err, FLASH_ERROR_DATA, "plan: more than it may have, or no memory");
    }
    if (ok && loading.unknown) {
        ok = flash_error_set(err, FLASH_ERROR_DATA,
                             "plan: a cause or state that is not known here: plan again");
    }
    if (ok && loading.found) {
        plan->unsaved = calloc(plan->count + 1, sizeof(struct flash_plan_item *));
        ok = plan->unsaved || flash_error_set(err, FLASH_ERROR_RETRY, "plan: out of memory");
    }
    if (!ok || !loading.found) {
        flash_plan_free(plan);
        plan = NULL;
    } else if (plan->count) {
        qsort(plan->items, plan->count, sizeof(plan->items[0]), by_entry);
    }
    if (ok) {
        *ret_plan = plan;
    }
    return ok;
}

void flash_plan_free(struct flash_plan *plan)
{
    if (plan) {
        free(plan->unsaved);
        free(plan->items);
        free(plan);
    }
}

/* ---- items ---- */

struct flash_plan_item *flash_plan_find(const struct flash_plan *plan,
                                        const struct flash_uuid *entry)
{
    const struct flash_plan_item key = {.entry = *entry};
    return plan->count ? bsearch(&key, plan->items, plan->count, sizeof(key), by_entry) : NULL;
}

void flash_plan_set(struct flash_plan *plan, struct flash_plan_item *item,
                    enum flash_finding_state state)
{
    if (item->state == FLASH_FINDING_PLANNED && state != FLASH_FINDING_PLANNED) {
        plan->states[item->state]--;
        plan->states[state]++;
        item->state = state;
        plan->unsaved[plan->unsaved_count++] = item; /* each at most once: there is room */
    }
}

/* ---- writing ---- */

/* One transaction of the last unsaved items. */
static bool save_some(struct flash_plan *plan, struct flash_mysql *mysql, struct flash_error *err)
{
    struct flash_text states[SAVE_ROWS];
    int64_t times[SAVE_ROWS], ids[SAVE_ROWS];
    size_t count = plan->unsaved_count < SAVE_ROWS ? plan->unsaved_count : SAVE_ROWS;
    for (size_t i = 0; i < count; i++) {
        const struct flash_plan_item *item = plan->unsaved[plan->unsaved_count - count + i];
        const char *word = flash_finding_state_name(item->state);
        states[i] = (struct flash_text){word, strlen(word)};
        times[i] = (int64_t)flash_time_wall_ms();
        ids[i] = item->id;
    }
    const struct flash_bulk_column columns[] = {
        {"state", FLASH_COLUMN_BYTES, .bytes = states},
        {"updated_at_ms", FLASH_COLUMN_INT, .numbers = times},
        {"id", FLASH_COLUMN_INT, .numbers = ids},
    };
    const struct flash_bulk update = {
        .columns = columns,
        .column_count = 3,
        .row_count = (int)count,
        .sql = "UPDATE reconcile_finding SET state = ?, updated_at_ms = ? WHERE id = ?"};
    bool ok = flash_mysql_begin(mysql, err) && flash_mysql_bulk_update(mysql, &update, err) &&
              flash_mysql_commit(mysql, err);
    plan->unsaved_count -= ok ? count : 0;
    return ok;
}

/* Setting a state again changes nothing, so whatever may help is tried again. */
bool flash_plan_save(struct flash_plan *plan, struct flash_mysql *mysql, struct flash_error *err)
{
    for (int failed = 0; plan->unsaved_count > 0;) {
        if (!save_some(plan, mysql, err)) {
            flash_mysql_rollback(mysql);
            if (++failed == ATTEMPTS) {
                return false;
            }
        }
    }
    return true;
}

bool flash_plan_close(struct flash_plan *plan, struct flash_mysql *mysql,
                      enum flash_run_state state, struct flash_error *err)
{
    const char *word = flash_run_state_name(state);
    const struct flash_value params[] = {flash_value_text(word), flash_value_uuid(&plan->id)};
    for (int attempt = 1;; attempt++) {
        if (flash_mysql_exec(mysql,
                             "UPDATE reconcile_run SET state = ? WHERE run_id = ? AND "
                             "state = 'planned'",
                             params, 2, NULL, err)) {
            plan->state = state;
            return true;
        }
        flash_mysql_rollback(mysql);
        if (attempt == ATTEMPTS) {
            return false;
        }
    }
}
