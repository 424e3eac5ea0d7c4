/* A run of the audit: every SKU's units first, then, if asked, all its rows; see audit.h.
 *
 *     look at each SKU ──▶ suspects ──pause──▶ look at theirs again ──pause──▶ again ──▶ found
 *     full: each SKU: books, orders, users, in the same way */
#include "audit.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit_internal.h"
#include "flash/time.h"

#define LOOKS 3           /* that must agree */
#define AGAIN_US 1000000  /* between them: twice as long as a settle takes, and more */
#define UNDECIDED_TRIES 3 /* at once, before a SKU is left for the next audit */
#define SKUS_MAX 100000

struct skus {
    int64_t *at;
    size_t count;
    bool cut;
};

bool flash_audit_new(const struct flash_config *config, struct flash_audit **ret_audit,
                     struct flash_error *err)
{
    struct flash_audit *audit = calloc(1, sizeof(*audit));
    if (!audit) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "audit: out of memory");
    }
    snprintf(audit->topic, sizeof(audit->topic), "%s", config->kafka.topic);
    flash_pace_init(&audit->pace, config->reconciler.audit_rate);
    audit->look.entries = calloc(FLASH_AUDIT_ENTRIES, sizeof(*audit->look.entries));
    audit->keys = calloc(FLASH_AUDIT_ENTRIES, sizeof(*audit->keys));
    audit->entry = calloc(1, sizeof(*audit->entry));
    bool ok = audit->look.entries && audit->keys && audit->entry;
    if (!ok) {
        flash_error_set(err, FLASH_ERROR_RETRY, "audit: out of memory");
    }
    if (!ok || !flash_redis_sync_new(config, &audit->redis, err) ||
        !flash_mysql_new(config, &audit->mysql, err)) {
        flash_audit_free(audit);
        return false;
    }
    *ret_audit = audit;
    return true;
}

void flash_audit_free(struct flash_audit *audit)
{
    if (audit) {
        flash_redis_sync_free(audit->redis);
        flash_mysql_free(audit->mysql);
        free(audit->look.entries);
        free(audit->keys);
        free(audit->entry);
        free(audit);
    }
}

/* ---- pauses ---- */

static bool pause_until(struct flash_audit *audit, uint64_t until_us)
{
    bool goes_on = audit->ask->pause(until_us, audit->ask->arg);
    audit->done->stopped |= !goes_on;
    return goes_on;
}

bool flash_audit_may_go_on(struct flash_audit *audit, int64_t orders)
{
    uint64_t next_us = audit->pace.next_us;
    flash_pace_charge(&audit->pace, flash_time_monotonic_us(), orders);
    return pause_until(audit, next_us);
}

/* ---- what is told ---- */

static void tell(struct flash_audit *audit, const struct flash_audit_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        audit->done->findings++;
        audit->done->by_cause[list->at[i].cause]++;
        if (audit->ask->found) {
            audit->ask->found(&list->at[i], audit->ask->arg);
        }
    }
}

/* ---- units ---- */

static bool look_once(struct flash_audit *audit, int64_t sku, struct flash_error *err)
{
    int64_t log_id;
    return flash_audit_mark_ledger(audit, sku, &log_id, err) &&
           flash_audit_read_redis(audit, sku, err) && flash_audit_read_ledger(audit, log_id, err);
}

/* Adds what one look finds; audit->decided: whether the units could be judged. */
static bool look(struct flash_audit *audit, int64_t sku, struct flash_audit_list *list,
                 struct flash_error *err)
{
    audit->decided = false;
    for (int i = 0; i < UNDECIDED_TRIES && !audit->decided; i++) {
        struct flash_audit_list found = {0};
        bool last = i == UNDECIDED_TRIES - 1;
        if (!look_once(audit, sku, err)) {
            return false;
        }
        audit->decided = flash_audit_judge(&audit->look, &found) == FLASH_AUDIT_GAP_NONE;
        for (size_t n = 0; (audit->decided || last) && n < found.count; n++) {
            flash_audit_list_add(list, &found.at[n], "%s", found.at[n].detail);
        }
        flash_audit_list_finish(&found);
    }
    return true;
}

static bool look_at_all(struct flash_audit *audit, const struct skus *skus,
                        struct flash_audit_list *list, struct flash_error *err)
{
    for (size_t i = 0; i < skus->count; i++) {
        if (!look(audit, skus->at[i], list, err)) {
            return false;
        }
        audit->done->skus++;
        audit->done->undecided += !audit->decided;
        if (!flash_audit_may_go_on(audit, 1)) {
            return true;
        }
    }
    return true;
}

/* Looks at the suspects' SKUs again; those that are not there again leave the list. */
static bool look_again(struct flash_audit *audit, const struct skus *skus,
                       struct flash_audit_list *list, struct flash_error *err)
{
    struct flash_audit_list again = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < skus->count; i++) {
        if (flash_audit_list_has(list, skus->at[i])) {
            ok = look(audit, skus->at[i], &again, err);
        }
    }
    size_t before = list->count;
    flash_audit_list_keep(list, &again);
    audit->done->gone += (int64_t)(before - list->count);
    flash_audit_list_finish(&again);
    return ok;
}

static bool audit_units(struct flash_audit *audit, const struct skus *skus, struct flash_error *err)
{
    struct flash_audit_list list = {0};
    bool ok = look_at_all(audit, skus, &list, err);
    for (int i = 1; ok && i < LOOKS && list.count > 0 && !audit->done->stopped; i++) {
        ok = !pause_until(audit, flash_time_monotonic_us() + AGAIN_US) ||
             look_again(audit, skus, &list, err);
    }
    if (ok && !audit->done->stopped) {
        tell(audit, &list);
    }
    flash_audit_list_finish(&list);
    return ok;
}

/* ---- all rows ---- */

typedef bool (*part_run)(struct flash_audit *audit, int64_t sku, struct flash_audit_list *list,
                         struct flash_error *err);

struct part {
    part_run run;
    bool twice; /* what it finds it must find again, as it does not look again itself */
};

static bool audit_part(struct flash_audit *audit, int64_t sku, const struct part *part,
                       struct flash_error *err)
{
    struct flash_audit_list list = {0}, again = {0};
    bool ok = part->run(audit, sku, &list, err);
    if (ok && part->twice && list.count > 0 &&
        pause_until(audit, flash_time_monotonic_us() + AGAIN_US)) {
        size_t before = list.count;
        ok = part->run(audit, sku, &again, err);
        flash_audit_list_keep(&list, &again);
        audit->done->gone += (int64_t)(before - list.count);
    }
    if (ok && !audit->done->stopped) {
        tell(audit, &list);
    }
    flash_audit_list_finish(&list);
    flash_audit_list_finish(&again);
    return ok;
}

/* Whether there is anything to compare: Redis has the SKU, in the ledger's generation. */
static bool is_there(const struct flash_audit_look *look)
{
    return !look->redis.absent && look->redis.generation == look->ledger.generation;
}

static bool audit_sku(struct flash_audit *audit, int64_t sku, struct flash_error *err)
{
    static const struct part parts[] = {{flash_audit_books, true}, {flash_audit_orders, false}};
    if (!look_once(audit, sku, err)) {
        return false;
    }
    size_t count = is_there(&audit->look) ? 2 : 1; /* else the ledger by itself */
    for (size_t i = 0; i < count && !audit->done->stopped; i++) {
        if (!audit_part(audit, sku, &parts[i], err)) {
            return false;
        }
    }
    return true;
}

/* Messages are of no SKU for sure: they are told under SKU 0. */
static bool audit_dead(struct flash_audit *audit, struct flash_error *err)
{
    struct flash_audit_list list = {0};
    bool ok = flash_audit_dead(audit, &list, err);
    if (ok) {
        tell(audit, &list);
    }
    flash_audit_list_finish(&list);
    return ok;
}

static bool audit_rows(struct flash_audit *audit, const struct skus *skus, struct flash_error *err)
{
    for (size_t i = 0; i < skus->count && !audit->done->stopped; i++) {
        if (!audit_sku(audit, skus->at[i], err)) {
            return false;
        }
    }
    return audit->ask->sku != 0 || audit->done->stopped || audit_dead(audit, err);
}

/* ---- the SKUs ---- */

static bool take_sku(const struct flash_value *cells, int count, void *arg)
{
    struct skus *skus = arg;
    (void)count;
    int64_t *at = reallocarray(skus->at, skus->count + 1, sizeof(*at));
    skus->cut = !at || skus->count == SKUS_MAX;
    if (at) {
        skus->at = at;
    }
    if (!skus->cut) {
        skus->at[skus->count++] = cells[0].number;
    }
    return !skus->cut;
}

static bool take_generation(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    *(int64_t *)arg = cells[0].number;
    return true;
}

static bool list_skus(struct flash_audit *audit, struct skus *skus, struct flash_error *err)
{
    const struct flash_value params[] = {flash_value_int(audit->ask->sku),
                                         flash_value_int(audit->ask->sku)};
    const struct flash_query loaded = {
        .sql = "SELECT sku FROM stock WHERE loaded_generation > 0 AND (? = 0 OR sku = ?) "
               "ORDER BY sku",
        .params = params,
        .param_count = 2,
        .column_count = 1,
        .row = take_sku,
        .arg = skus,
    };
    const struct flash_query generation = {
        .sql = "SELECT generation FROM generation WHERE id = 1",
        .column_count = 1,
        .row = take_generation,
        .arg = &audit->done->generation,
    };
    if (!flash_mysql_connect(audit->mysql, err) ||
        !flash_mysql_query(audit->mysql, &generation, err) ||
        !flash_mysql_query(audit->mysql, &loaded, err)) {
        return false;
    }
    return !skus->cut || flash_error_set(err, FLASH_ERROR_RETRY, "audit: too many SKUs");
}

bool flash_audit_run(struct flash_audit *audit, const struct flash_audit_ask *ask,
                     struct flash_audit_done *ret_done, struct flash_error *err)
{
    struct skus skus = {0};
    uint64_t began_us = flash_time_monotonic_us();
    *ret_done = (struct flash_audit_done){0};
    audit->ask = ask;
    audit->done = ret_done;
    bool ok = list_skus(audit, &skus, err) && flash_redis_sync_ping(audit->redis, err) &&
              audit_units(audit, &skus, err) &&
              (!ask->full || ret_done->stopped || audit_rows(audit, &skus, err));
    free(skus.at);
    ret_done->took_us = (int64_t)(flash_time_monotonic_us() - began_us);
    return ok;
}
