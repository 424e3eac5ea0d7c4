/* Passes over the SKUs' last inflows; see inflow.h.
 *
 *     ledger: last row of each SKU, a page ──▶ those not known to be in Redis ──lua/inflow, one
 * pipeline──▶ known GAP ──▶ flash_inflow_replay ──▶ known
 *
 * `known` is in the order of SKUs, as the pages are, so a pass walks both side by side. */
#include "inflow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/inflow_replay.h"
#include "flash/inflow_rows.h"
#include "flash/time.h"
#include "inflow_finding.h"
#include "metrics.h"

#define PAGE 500
#define FORGET_US 60000000 /* then all SKUs are asked for again */
#define KNOWN_MIN 512
#define RUN_ID_TEXT 64

struct known {
    int64_t sku, number;
};

struct known_list {
    struct known *items;
    size_t count, capacity;
};

struct suspect {
    int64_t sku;
    struct flash_inflow last;
    bool known; /* in Redis, by an earlier pass or by this one */
    bool gap;   /* more than the last is missing */
};

struct flash_inflows {
    struct flash_mysql *mysql;
    struct flash_redis_sync *redis;
    flash_found found;
    void *arg;
    struct known_list known, next;
    size_t known_at;    /* the walk through known */
    int64_t generation; /* that known is of */
    char run_id[RUN_ID_TEXT];
    uint64_t forget_us;
    struct suspect suspects[PAGE];
    int suspect_count;
    int64_t replayed_sku;            /* that read_rows and tell are about */
    struct flash_inflows_done *done; /* of the pass in hand */
};

bool flash_inflows_new(const struct flash_inflows_parts *parts, struct flash_inflows **ret_inflows,
                       struct flash_error *err)
{
    struct flash_inflows *inflows = calloc(1, sizeof(*inflows));
    if (!inflows) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "inflows: out of memory");
    }
    inflows->found = parts->found;
    inflows->arg = parts->arg;
    if (!flash_mysql_new(parts->config, &inflows->mysql, err) ||
        !flash_redis_sync_new(parts->config, &inflows->redis, err)) {
        flash_inflows_free(inflows);
        return false;
    }
    *ret_inflows = inflows;
    return true;
}

void flash_inflows_free(struct flash_inflows *inflows)
{
    if (inflows) {
        flash_mysql_free(inflows->mysql);
        flash_redis_sync_free(inflows->redis);
        free(inflows->known.items);
        free(inflows->next.items);
        free(inflows);
    }
}

/* ---- what is known to be in Redis ---- */

/* Without room a SKU is not remembered, and is asked for again. */
static void remember(struct known_list *list, int64_t sku, int64_t number)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : KNOWN_MIN;
        struct known *items = reallocarray(list->items, capacity, sizeof(*items));
        if (!items) {
            return;
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = (struct known){sku, number};
}

static bool is_known(struct flash_inflows *inflows, int64_t sku, int64_t number)
{
    const struct known_list *list = &inflows->known;
    while (inflows->known_at < list->count && list->items[inflows->known_at].sku < sku) {
        inflows->known_at++;
    }
    return inflows->known_at < list->count && list->items[inflows->known_at].sku == sku &&
           list->items[inflows->known_at].number == number;
}

/* Another server, or a long time: whatever is known may not be true any more. */
static void forget_what_is_old(struct flash_inflows *inflows)
{
    const char *run_id = flash_redis_sync_run_id(inflows->redis);
    uint64_t now_us = flash_time_monotonic_us();
    if (strcmp(run_id, inflows->run_id) != 0 || now_us >= inflows->forget_us) {
        inflows->known.count = 0;
        inflows->forget_us = now_us + FORGET_US;
        snprintf(inflows->run_id, sizeof(inflows->run_id), "%s", run_id);
    }
}

/* ---- the ledger's rows ---- */

static bool take_suspect(const struct flash_value *cells, int count, void *arg)
{
    enum { SKU, GENERATION, ROW };
    struct flash_inflows *inflows = arg;
    struct suspect *suspect = &inflows->suspects[inflows->suspect_count++];
    (void)count;
    inflows->done->generation = cells[GENERATION].number;
    *suspect = (struct suspect){.sku = cells[SKU].number, .last = flash_inflow_row(cells + ROW)};
    return inflows->suspect_count < PAGE;
}

static bool read_suspects(struct flash_inflows *inflows, int64_t after_sku, struct flash_error *err)
{
    const struct flash_value after = {.type = FLASH_COLUMN_INT, .number = after_sku};
    const struct flash_query query = {
        .sql = "SELECT s.sku, g.generation, " FLASH_INFLOW_COLUMNS
               " FROM stock s JOIN generation g ON g.id = 1 "
               "JOIN inflow i ON i.sku = s.sku AND i.number = s.version "
               "WHERE s.sku > ? AND s.loaded_generation > 0 ORDER BY s.sku LIMIT 500",
        .params = &after,
        .param_count = 1,
        .column_count = 2 + FLASH_INFLOW_COLUMN_COUNT,
        .row = take_suspect,
        .arg = inflows,
    };
    inflows->suspect_count = 0;
    return flash_mysql_connect(inflows->mysql, err) &&
           flash_mysql_query(inflows->mysql, &query, err);
}

static bool read_rows(struct flash_inflow_page *page, void *arg, struct flash_error *err)
{
    const struct flash_inflows *inflows = arg;
    return flash_inflow_rows_read(inflows->mysql, inflows->replayed_sku, page, err);
}

/* ---- into Redis ---- */

static void tell(const struct flash_inflow *row, int64_t moved, void *arg)
{
    struct flash_inflows *inflows = arg;
    struct flash_finding finding;
    inflows->done->applied++;
    flash_reconciler_count(METRIC_INFLOWS, 1);
    if (inflows->found && flash_inflow_finding(inflows->replayed_sku, row, moved, &finding)) {
        inflows->found(&finding, inflows->arg);
    }
}

static struct flash_inflow_replay replay_of(struct flash_inflows *inflows,
                                            const struct suspect *suspect)
{
    inflows->replayed_sku = suspect->sku;
    return (struct flash_inflow_replay){.sku = suspect->sku,
                                        .generation = inflows->done->generation,
                                        .last = &suspect->last,
                                        .read = read_rows,
                                        .applied = tell,
                                        .arg = inflows};
}

/* False: the pass cannot go on. */
static bool note(struct flash_inflows *inflows, struct suspect *suspect,
                 enum flash_inflow_outcome outcome, const struct flash_error *err)
{
    switch (outcome) {
    case FLASH_INFLOW_UP_TO_DATE:
        suspect->known = true;
        return true;
    case FLASH_INFLOW_LOST:
        return true;
    case FLASH_INFLOW_GAP:
    case FLASH_INFLOW_CORRUPT:
        inflows->done->broken++;
        inflows->done->broken_sku = suspect->sku;
        inflows->done->err = *err;
        return true;
    case FLASH_INFLOW_AWAY:
    case FLASH_INFLOW_UNREAD:
        break;
    }
    inflows->done->err = *err;
    return false;
}

/* The last row of each, in one pipeline. */
static bool try_last(struct flash_inflows *inflows)
{
    struct flash_error err = {0};
    for (int i = 0; i < inflows->suspect_count; i++) {
        const struct suspect *suspect = &inflows->suspects[i];
        const struct flash_inflow_replay replay = replay_of(inflows, suspect);
        if (!suspect->known && !flash_inflow_queue(inflows->redis, &replay, &err)) {
            return note(inflows, &inflows->suspects[i], FLASH_INFLOW_AWAY, &err);
        }
    }
    bool ok = true;
    for (int i = 0; i < inflows->suspect_count; i++) {
        struct suspect *suspect = &inflows->suspects[i];
        const struct flash_inflow_replay replay = replay_of(inflows, suspect);
        if (suspect->known) {
            continue;
        }
        enum flash_inflow_outcome outcome = flash_inflow_take(inflows->redis, &replay, &err);
        suspect->gap = outcome == FLASH_INFLOW_GAP;
        ok = (suspect->gap || note(inflows, suspect, outcome, &err)) && ok;
        if (outcome == FLASH_INFLOW_AWAY && err.kind == FLASH_ERROR_UNKNOWN) {
            return false; /* the rest of the pipeline is gone */
        }
    }
    return ok;
}

static bool replay_gaps(struct flash_inflows *inflows)
{
    for (int i = 0; i < inflows->suspect_count; i++) {
        struct suspect *suspect = &inflows->suspects[i];
        const struct flash_inflow_replay replay = replay_of(inflows, suspect);
        struct flash_error err = {0};
        if (suspect->gap &&
            !note(inflows, suspect, flash_inflow_replay(inflows->redis, &replay, &err), &err)) {
            return false;
        }
    }
    return true;
}

static bool do_page(struct flash_inflows *inflows)
{
    for (int i = 0; i < inflows->suspect_count; i++) {
        struct suspect *suspect = &inflows->suspects[i];
        suspect->known = inflows->done->generation == inflows->generation &&
                         is_known(inflows, suspect->sku, suspect->last.number);
    }
    bool ok = try_last(inflows) && replay_gaps(inflows);
    for (int i = 0; i < inflows->suspect_count; i++) {
        if (inflows->suspects[i].known) {
            remember(&inflows->next, inflows->suspects[i].sku, inflows->suspects[i].last.number);
        }
    }
    inflows->done->skus += inflows->suspect_count;
    return ok;
}

static bool walk(struct flash_inflows *inflows)
{
    int64_t after_sku = 0;
    do {
        if (!read_suspects(inflows, after_sku, &inflows->done->err) || !do_page(inflows)) {
            return false;
        }
        if (inflows->suspect_count > 0) {
            after_sku = inflows->suspects[inflows->suspect_count - 1].sku;
        }
    } while (inflows->suspect_count == PAGE);
    return true;
}

bool flash_inflows_pass(struct flash_inflows *inflows, struct flash_inflows_done *ret_done)
{
    *ret_done = (struct flash_inflows_done){0};
    inflows->done = ret_done;
    inflows->known_at = inflows->next.count = 0;
    if (!flash_redis_sync_ping(inflows->redis, &ret_done->err)) {
        return false;
    }
    forget_what_is_old(inflows);
    bool whole = walk(inflows);
    if (whole) {
        struct known_list old = inflows->known;
        inflows->known = inflows->next;
        inflows->next = old;
        inflows->generation = ret_done->generation;
    }
    flash_reconciler_count(METRIC_INFLOW_PASSES_BROKEN_OFF, !whole);
    flash_metric_set(&flash_reconciler_metrics[METRIC_INFLOWS_BROKEN], ret_done->broken);
    return whole;
}
