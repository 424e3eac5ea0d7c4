/* One pass over the SKUs of interest; see repair.h.
 *
 * Of interest are those never loaded and those whose sale is not long over; every so often, and
 * while something is lost, all of them. Pages of rows are read from the ledger without a lock,
 * asked for in Redis in one pipeline, and only what differs is pushed, by the same code that serves
 * requests. */
#include "repair.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "close.h"
#include "flash/log.h"
#include "flash/time.h"
#include "ledger.h"
#include "metrics.h"

#define PAGE 200         /* some ms of the ledger and Redis */
#define PAUSE_MS 10      /* after a page */
#define INTERVAL_MS 2000 /* after a pass */
#define FULL_EVERY 30    /* passes */
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
    struct flash_repair_walk *walk; /* (borrowed) that it is of */
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
    const struct flash_value params[] = {
        flash_value_int(page->walk->after_sku), flash_value_int(page->walk->ended_after_ms),
        flash_value_int(page->walk->ended_after_ms), flash_value_int(PAGE)};
    const struct flash_query query = {
        .sql = "SELECT s.sku, s.loaded_generation, COALESCE(v.version, 0), g.generation, "
               "s.threshold_version, COALESCE(v.closed = 1 AND v.settled_at_ms IS NULL, 0) "
               "FROM stock s JOIN generation g ON g.id = 1 LEFT JOIN sale v ON v.sku = s.sku "
               "WHERE s.sku > ? AND (s.loaded_generation = 0 OR v.ends_at_ms > ? OR ? < 0) "
               "ORDER BY s.sku LIMIT ?",
        .params = params,
        .param_count = 4,
        .column_count = 6,
        .row = take_suspect,
        .arg = page};
    page->count = 0;
    return flash_mysql_query(mysql, &query, err);
}

static void lost(struct page *page, int64_t sku)
{
    page->walk->lost++;
    page->walk->lost_sku = sku;
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
static void publish(struct flash_repair *repair)
{
    const struct flash_repair_walk *walk = &repair->walk;
    if (walk->lost != repair->lost_said) {
        FLASH_LOG(WARN, walk->lost ? "admin.needs_recovery" : "admin.recovered",
                  FLASH_INT("skus", walk->lost), FLASH_INT("one_of_them", walk->lost_sku));
        repair->lost_said = walk->lost;
    }
    repair->lost_sku = walk->lost_sku;
    repair->lost = walk->lost;
    flash_metric_set(&flash_admin_metrics[METRIC_NEEDS_RECOVERY], walk->lost);
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

enum pass { PASS_GOES_ON, PASS_WHOLE, PASS_BROKEN_OFF, PASS_NO_LEDGER };

static enum pass walk_page(struct flash_stores *stores, struct page *page, struct flash_error *err)
{
    if (!read_page(stores->mysql, page, err)) {
        return PASS_NO_LEDGER;
    }
    if (!repair_page(stores, page, err)) {
        return PASS_BROKEN_OFF;
    }
    if (page->count < PAGE) {
        return PASS_WHOLE;
    }
    page->walk->after_sku = page->suspects[page->count - 1].sku;
    return PASS_GOES_ON;
}

/* A page, or all that are left where readiness waits for them. */
static enum pass walk_on(struct flash_stores *stores, struct flash_repair *repair,
                         struct flash_error *err)
{
    struct page page = {.walk = &repair->walk};
    bool hurry = !repair->looked || repair->lost > 0;
    enum pass pass;
    do {
        pass = walk_page(stores, &page, err);
    } while (pass == PASS_GOES_ON && hurry);
    return pass;
}

static void walk_begin(struct flash_repair *repair)
{
    bool full = repair->passes++ % FULL_EVERY == 0 || repair->lost > 0;
    repair->walk = (struct flash_repair_walk){
        .ended_after_ms = full ? -1 : (int64_t)flash_time_wall_ms() - AFTER_MS};
}

/* Only to hear whether it answers. */
static bool ledger_answers(struct flash_stores *stores, struct flash_error *err)
{
    struct flash_repair_walk behind_all = {.after_sku = INT64_MAX};
    struct page page = {.walk = &behind_all};
    return read_page(stores->mysql, &page, err);
}

static void run(struct flash_job *job, struct flash_stores *stores)
{
    struct flash_repair *repair = job->form.repair;
    struct flash_error redis_err = {0}, ledger_err = {0};
    if (!repair->walk.going) {
        walk_begin(repair);
    }
    bool redis = flash_redis_sync_ping(stores->redis, &redis_err), ledger = true;
    enum pass pass = redis ? walk_on(stores, repair, &ledger_err) : PASS_BROKEN_OFF;
    repair->walk.going = pass == PASS_GOES_ON;
    if (repair->walk.going) {
        return;
    }
    if (pass == PASS_WHOLE) {
        publish(repair);
    }
    if (redis) {
        ledger = pass != PASS_NO_LEDGER;
        redis = pass != PASS_BROKEN_OFF || flash_redis_sync_ping(stores->redis, &redis_err);
    } else {
        ledger = ledger_answers(stores, &ledger_err);
    }
    tell_change(repair->redis_ready || !repair->looked, redis, "redis", &redis_err);
    tell_change(repair->ledger_ready || !repair->looked, ledger, "ledger", &ledger_err);
    repair->redis_ready = redis;
    repair->ledger_ready = ledger;
    repair->looked = true;
}

/* ---- when ---- */

static void wait_ms(struct flash_repair *repair, int ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};
    if (!repair->stopped) {
        (void)event_add(repair->timer, &delay); /* fails for lack of memory only, at the first */
    }
}

static void over(struct flash_job *job)
{
    struct flash_repair *repair = job->form.repair;
    wait_ms(repair, repair->walk.going ? PAUSE_MS : INTERVAL_MS);
}

static void due(evutil_socket_t fd, short what, void *arg)
{
    struct flash_repair *repair = arg;
    (void)fd;
    (void)what;
    if (!flash_workers_submit(repair->workers, &repair->job)) {
        wait_ms(repair, INTERVAL_MS); /* they have more to do than they can */
    }
}

bool flash_repair_start(struct flash_repair *repair, struct event_base *base,
                        struct flash_workers *workers, struct flash_error *err)
{
    static const struct timeval now = {0, 0};
    repair->job.run = run;
    repair->job.over = over;
    repair->job.form.repair = repair;
    snprintf(repair->job.caller.operator, sizeof(repair->job.caller.operator), "flash-admin");
    repair->workers = workers;
    repair->timer = event_new(base, -1, 0, due, repair);
    if (!repair->timer || event_add(repair->timer, &now) != 0) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "no event for repairs");
    }
    return true;
}

void flash_repair_stop(struct flash_repair *repair)
{
    repair->stopped = true;
    (void)event_del(repair->timer);
}

void flash_repair_free(struct flash_repair *repair)
{
    if (repair->timer) {
        event_free(repair->timer);
        repair->timer = NULL;
    }
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
