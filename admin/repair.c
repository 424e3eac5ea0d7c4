/* One pass over the SKUs of interest; see repair.h.
 *
 * Of interest are those never loaded and those whose sale is not long over; every so often, and
 * while something is lost, all of them. Pages of rows are read from the ledger without a lock,
 * asked for in Redis in one pipeline, and only what differs is pushed, by the same code that serves
 * requests. */
#include "repair.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "close.h"
#include "flash/log.h"
#include "flash/time.h"
#include "ledger.h"
#include "metrics.h"

#define PAGE 500
#define FULL_EVERY 30 /* passes */
#define AFTER_MS                                                                                   \
    3600000LL /* a sale that ended longer ago than this is looked at in full passes only */

struct suspect {
    int64_t sku, loaded_generation, sale_version, threshold_version;
    bool unsettled; /* its sale is closed, and its last order was not seen settled yet */
};

struct page {
    struct suspect suspects[PAGE];
    int count;
    int64_t generation;
    int64_t after_sku, ended_after_ms; /* what is asked for; ended_after_ms < 0: all */
    int64_t lost, lost_sku;            /* over all pages */
};

static bool take_suspect(const struct flash_value *cells, int count, void *arg)
{
    struct page *page = arg;
    (void)count;
    page->suspects[page->count++] = (struct suspect){
        cells[0].number, cells[1].number, cells[2].number, cells[4].number, cells[5].number != 0};
    page->generation = cells[3].number;
    return page->count < PAGE;
}

static bool read_page(struct flash_mysql *mysql, struct page *page, struct flash_error *err)
{
    const struct flash_value params[] = {flash_value_int(page->after_sku),
                                         flash_value_int(page->ended_after_ms),
                                         flash_value_int(page->ended_after_ms)};
    const struct flash_query query = {
        .sql = "SELECT s.sku, s.loaded_generation, COALESCE(v.version, 0), g.generation, "
               "s.threshold_version, COALESCE(v.closed = 1 AND v.settled_at_ms IS NULL, 0) "
               "FROM stock s JOIN generation g ON g.id = 1 LEFT JOIN sale v ON v.sku = s.sku "
               "WHERE s.sku > ? AND (s.loaded_generation = 0 OR v.ends_at_ms > ? OR ? < 0) "
               "ORDER BY s.sku LIMIT 500",
        .params = params,
        .param_count = 3,
        .column_count = 6,
        .row = take_suspect,
        .arg = page};
    page->count = 0;
    return flash_mysql_query(mysql, &query, err);
}

static void lost(struct page *page, int64_t sku)
{
    page->lost++;
    page->lost_sku = sku;
}

static bool push(struct flash_stores *stores, struct page *page, int64_t sku,
                 struct flash_error *err)
{
    switch (flash_push_sku(stores, sku, err)) {
    case FLASH_PUSH_DONE:
        FLASH_LOG(INFO, "admin.repaired", FLASH_INT("sku", sku));
        return true;
    case FLASH_PUSH_NEEDS_RECOVERY:
        lost(page, sku);
        return true;
    case FLASH_PUSH_BROKEN:
        FLASH_LOG(ERROR, "admin.push_refused", FLASH_TEXT("error", err->text),
                  FLASH_INT("sku", sku));
        lost(page, sku);
        return true;
    case FLASH_PUSH_REDIS_AWAY:
    case FLASH_PUSH_LEDGER_AWAY:
        break;
    }
    return false;
}

/* Asks Redis about every suspect that was loaded, in one pipeline; behind[i]: to be pushed. */
static bool compare(struct flash_redis_sync *redis, struct page *page, bool behind[PAGE],
                    struct flash_error *err)
{
    for (int i = 0; i < page->count; i++) {
        const struct flash_redis_call question = flash_push_question(page->suspects[i].sku);
        if (!flash_redis_sync_queue(redis, &question, err)) {
            return false;
        }
    }
    bool ok = true;
    for (int i = 0; i < page->count; i++) {
        const struct suspect *suspect = &page->suspects[i];
        struct flash_redis_reply *status = NULL;
        if (!flash_redis_sync_take(redis, &status, err)) {
            ok = false;
            if (err->kind == FLASH_ERROR_UNKNOWN) {
                return false; /* the rest of the pipeline is gone */
            }
            continue;
        }
        const struct flash_push_versions ledger = {page->generation, suspect->sale_version,
                                                   suspect->threshold_version};
        enum flash_push_look look = flash_push_judge(status, &ledger);
        flash_redis_reply_free(status);
        behind[i] = suspect->loaded_generation == 0 || look == FLASH_PUSH_BEHIND;
        if (!behind[i] && look == FLASH_PUSH_LOST) {
            lost(page, suspect->sku);
        }
    }
    return ok;
}

/* So that the time is told at which the last order of a closed sale settled, whoever asks later. */
static void look_at_closed(struct flash_stores *stores, int64_t sku)
{
    struct flash_sku_row row;
    struct flash_error err = {0};
    if (flash_sku_row_read(stores->mysql, sku, &row, &err) && row.found) {
        flash_close_look(stores, &row);
    }
}

static bool repair_page(struct flash_stores *stores, struct page *page, struct flash_error *err)
{
    bool behind[PAGE] = {false};
    if (!compare(stores->redis, page, behind, err)) {
        return false;
    }
    for (int i = 0; i < page->count; i++) {
        if (behind[i] && !push(stores, page, page->suspects[i].sku, err)) {
            return false;
        }
        if (page->suspects[i].unsettled) {
            look_at_closed(stores, page->suspects[i].sku);
        }
    }
    return true;
}

/* What the whole pass has found becomes what readiness says. */
static void publish(struct flash_repair *repair, const struct page *page)
{
    if (page->lost != repair->lost_said) {
        FLASH_LOG(WARN, page->lost ? "admin.needs_recovery" : "admin.recovered",
                  FLASH_INT("skus", page->lost), FLASH_INT("one_of_them", page->lost_sku));
        repair->lost_said = page->lost;
    }
    repair->lost_sku = page->lost_sku;
    repair->lost = page->lost;
    flash_metric_set(&flash_admin_metrics[METRIC_NEEDS_RECOVERY], page->lost);
}

static void tell_change(bool before, bool now, const char *part, const struct flash_error *err)
{
    if (before && !now) {
        FLASH_LOG(WARN, "admin.part_away", FLASH_TEXT("part", part),
                  FLASH_TEXT("error", err->text));
    } else if (!before && now) {
        FLASH_LOG(INFO, "admin.part_back", FLASH_TEXT("part", part));
    }
}

enum pass { PASS_WHOLE, PASS_BROKEN_OFF, PASS_NO_LEDGER };

static enum pass walk(struct flash_stores *stores, struct page *page, struct flash_error *err)
{
    do {
        if (!read_page(stores->mysql, page, err)) {
            return PASS_NO_LEDGER;
        }
        if (!repair_page(stores, page, err)) {
            return PASS_BROKEN_OFF;
        }
        page->after_sku = page->count ? page->suspects[page->count - 1].sku : page->after_sku;
    } while (page->count == PAGE);
    return PASS_WHOLE;
}

static void run(struct flash_job *job, struct flash_stores *stores)
{
    struct flash_repair *repair = job->form.repair;
    struct page page = {.count = 0};
    struct flash_error redis_err = {0}, ledger_err = {0};
    bool full = repair->passes++ % FULL_EVERY == 0 || repair->lost > 0;
    page.ended_after_ms = full ? -1 : (int64_t)flash_time_wall_ms() - AFTER_MS;
    bool redis = flash_redis_sync_ping(stores->redis, &redis_err);
    bool ledger = true;
    if (redis) {
        enum pass pass = walk(stores, &page, &ledger_err);
        ledger = pass != PASS_NO_LEDGER;
        if (pass == PASS_WHOLE) {
            publish(repair, &page);
        }
        redis = pass != PASS_BROKEN_OFF || flash_redis_sync_ping(stores->redis, &redis_err);
    } else {
        page.after_sku = INT64_MAX; /* only to hear whether it answers */
        ledger = read_page(stores->mysql, &page, &ledger_err);
    }
    tell_change(repair->redis_ready || !repair->looked, redis, "redis", &redis_err);
    tell_change(repair->ledger_ready || !repair->looked, ledger, "ledger", &ledger_err);
    repair->redis_ready = redis;
    repair->ledger_ready = ledger;
    repair->looked = true;
}

static void over(struct flash_job *job)
{
    job->form.repair->running = false;
}

void flash_repair_init(struct flash_repair *repair)
{
    memset(repair, 0, sizeof(*repair));
    repair->job.run = run;
    repair->job.over = over;
    repair->job.form.repair = repair;
    snprintf(repair->job.caller.operator, sizeof(repair->job.caller.operator), "flash-admin");
}

int flash_repair_parts(struct flash_ready_part *parts, int max, void *arg)
{
    struct flash_repair *repair = arg;
    char reason[sizeof(parts->reason)];
    int64_t lost_count = repair->lost;
    const char *away = repair->looked ? "does not answer" : "was not asked yet";
    snprintf(reason, sizeof(reason),
             "%" PRId64 " SKUs that were loaded are not in Redis, e.g. %" PRId64
             ": only a recovery may load them again",
             lost_count, (int64_t)repair->lost_sku);
    const struct flash_ready_row rows[] = {
        {"ledger", repair->ledger_ready, away},
        {"redis", repair->redis_ready, away},
        {"recovery", lost_count == 0, reason},
    };
    return flash_ready_fill_rows(parts, max, rows, sizeof(rows) / sizeof(rows[0]));
}
