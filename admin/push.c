/* From the ledger to Redis; see push.h.
 *
 *     never loaded ──lua/load──▶ in Redis ──COMMIT──▶ marked as loaded ──lua/sale──▶ on sale
 *          ▲                        │ crash, or the COMMIT failed
 *          └────────────────────────┘ load again: LIVE, or LOADED if Redis lost it; nothing was
 * sold
 *
 * The stock row stays locked from the look at its mark to the COMMIT, so two back offices cannot
 * both find it unmarked. */
#include "push.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flash/log.h"
#include "inflow.h"
#include "ledger.h"
#include "metrics.h"

#define ARGS_MAX 8
#define NUMBER_TEXT 24

/* A script call in the making; numbers are kept as text. */
struct arguments {
    enum flash_script script;
    int64_t sku;
    char numbers[ARGS_MAX][NUMBER_TEXT];
    const char *argv[ARGS_MAX];
    size_t len[ARGS_MAX];
    int count;
};

static void add_text(struct arguments *arguments, const char *text)
{
    arguments->argv[arguments->count] = text;
    arguments->len[arguments->count++] = strlen(text);
}

static void add_number(struct arguments *arguments, int64_t number)
{
    char *text = arguments->numbers[arguments->count];
    snprintf(text, NUMBER_TEXT, "%" PRId64, number);
    add_text(arguments, text);
}

static bool call(struct flash_redis_sync *redis, const struct arguments *arguments,
                 struct flash_redis_reply **ret_reply, struct flash_error *err)
{
    const struct flash_redis_call request = {.script = arguments->script,
                                             .sku = arguments->sku,
                                             .argc = arguments->count,
                                             .argv = arguments->argv,
                                             .argv_len = arguments->len};
    return flash_redis_sync_call(redis, &request, ret_reply, err);
}

static bool answered(const struct flash_redis_reply *reply, const char *word)
{
    return flash_redis_reply_is(flash_redis_reply_at(reply, 0), word);
}

static enum flash_push unexpected(const struct flash_redis_reply *reply, int64_t sku,
                                  struct flash_error *err)
{
    struct flash_text word = flash_redis_reply_text(flash_redis_reply_at(reply, 0));
    struct flash_text what = flash_redis_reply_text(flash_redis_reply_at(reply, 1));
    flash_error_set(err, FLASH_ERROR_BUG, "redis answers %.*s %.*s for SKU %" PRId64, (int)word.len,
                    word.at, (int)what.len, what.at, sku);
    bool other = answered(reply, "GENERATION") || answered(reply, "ABSENT");
    return other ? FLASH_PUSH_NEEDS_RECOVERY : FLASH_PUSH_BROKEN;
}

/* ---- load ---- */

struct loading {
    struct flash_stores *stores;
    int64_t sku;
    enum flash_push push; /* DONE, or why the work left */
};

static enum flash_push load_in_redis(struct flash_redis_sync *redis,
                                     const struct flash_sku_row *row, struct flash_error *err)
{
    struct arguments arguments = {.script = FLASH_SCRIPT_LOAD, .sku = row->sku};
    struct flash_redis_reply *reply = NULL;
    add_number(&arguments, row->generation);
    add_number(&arguments, row->base);
    add_number(&arguments, row->version);
    add_text(&arguments, row->title);
    add_number(&arguments, row->threshold);
    if (!flash_redis_sync_ping(redis, err)) {
        return FLASH_PUSH_REDIS_AWAY;
    }
    add_text(&arguments, flash_redis_sync_run_id(redis)); /* a new SKU has lost nothing: open */
    if (!call(redis, &arguments, &reply, err)) {
        return FLASH_PUSH_REDIS_AWAY;
    }
    enum flash_push push = FLASH_PUSH_DONE;
    if (answered(reply, "LOADED")) {
        flash_admin_count(METRIC_LOADS, 1);
    } else if (!answered(reply, "LIVE") && !answered(reply, "RAISED")) {
        push = unexpected(reply, row->sku, err);
    }
    flash_redis_reply_free(reply);
    return push;
}

static enum flash_work load_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct loading *loading = arg;
    struct flash_sku_row row;
    loading->push = FLASH_PUSH_DONE;
    if (!flash_sku_row_lock(mysql, loading->sku, &row, err)) {
        return FLASH_WORK_FAILED;
    }
    if (!row.found || row.loaded_generation > 0) {
        return FLASH_WORK_LEAVE;
    }
    if (row.available != row.base) { /* it has orders: the mark is wrong, a restored ledger maybe */
        flash_error_set(err, FLASH_ERROR_BUG, "SKU %" PRId64 " was sold but never loaded", row.sku);
        loading->push = FLASH_PUSH_NEEDS_RECOVERY;
        return FLASH_WORK_LEAVE;
    }
    loading->push = load_in_redis(loading->stores->redis, &row, err);
    if (loading->push != FLASH_PUSH_DONE) {
        return FLASH_WORK_LEAVE;
    }
    const struct flash_value mark[] = {flash_value_int(row.generation), flash_value_int(row.sku)};
    bool marked = flash_mysql_exec(mysql, "UPDATE stock SET loaded_generation = ? WHERE sku = ?",
                                   mark, 2, NULL, err);
    return marked ? FLASH_WORK_COMMIT : FLASH_WORK_FAILED;
}

static enum flash_push load(struct flash_stores *stores, int64_t sku, struct flash_error *err)
{
    struct loading loading = {.stores = stores, .sku = sku};
    switch (flash_ledger_run(stores->mysql, load_work, &loading, err)) {
    case FLASH_LEDGER_COMMITTED:
    case FLASH_LEDGER_LEFT:
        return loading.push;
    case FLASH_LEDGER_AWAY:
    case FLASH_LEDGER_UNKNOWN:
        return FLASH_PUSH_LEDGER_AWAY;
    case FLASH_LEDGER_BROKEN:
        break;
    }
    return FLASH_PUSH_BROKEN;
}

/* ---- the sale and the threshold ---- */

/* Calls a script that sets what is newer. */
static enum flash_push set(struct flash_redis_sync *redis, const struct arguments *arguments,
                           struct flash_error *err)
{
    struct flash_redis_reply *reply = NULL;
    if (!call(redis, arguments, &reply, err)) {
        return FLASH_PUSH_REDIS_AWAY;
    }
    enum flash_push push = FLASH_PUSH_DONE;
    if (answered(reply, "SET")) {
        flash_admin_count(
            arguments->script == FLASH_SCRIPT_SALE ? METRIC_SALES_SET : METRIC_THRESHOLDS_SET, 1);
    } else if (!answered(reply, "OLD")) {
        push = unexpected(reply, arguments->sku, err);
    }
    flash_redis_reply_free(reply);
    return push;
}

static enum flash_push set_sale(struct flash_redis_sync *redis, const struct flash_sku_row *row,
                                struct flash_error *err)
{
    struct arguments arguments = {.script = FLASH_SCRIPT_SALE, .sku = row->sku};
    add_number(&arguments, row->generation);
    add_number(&arguments, row->sale_version);
    add_number(&arguments, row->starts_ms);
    add_number(&arguments, row->ends_ms);
    add_number(&arguments, row->limit);
    add_number(&arguments, row->hold_s);
    return set(redis, &arguments, err);
}

static enum flash_push set_threshold(struct flash_redis_sync *redis,
                                     const struct flash_sku_row *row, struct flash_error *err)
{
    struct arguments arguments = {.script = FLASH_SCRIPT_THRESHOLD, .sku = row->sku};
    add_number(&arguments, row->generation);
    add_number(&arguments, row->threshold_version);
    add_number(&arguments, row->threshold);
    return set(redis, &arguments, err);
}

struct flash_redis_call flash_push_question(int64_t sku)
{
    static const char *const argv[] = {"1"};
    static const size_t len[] = {1};
    return (struct flash_redis_call){
        .script = FLASH_SCRIPT_STATUS, .sku = sku, .argc = 1, .argv = argv, .argv_len = len};
}

enum flash_push_look flash_push_judge(const struct flash_redis_reply *status,
                                      const struct flash_push_versions *ledger)
{
    enum {
        GENERATION = 4,
        SALE = 5,
        SALE_VERSION = 6,
        THRESHOLD_VERSION = 10
    }; /* docs/FORMATS.md, status */
    const struct flash_redis_reply *sale = flash_redis_reply_at(status, SALE);
    if (!answered(status, "OK") ||
        flash_redis_reply_int(flash_redis_reply_at(status, GENERATION)) != ledger->generation) {
        return FLASH_PUSH_LOST;
    }
    struct flash_text version =
        flash_redis_reply_text(flash_redis_reply_at(sale, THRESHOLD_VERSION));
    int64_t threshold =
        version.len ? flash_redis_reply_int(flash_redis_reply_at(sale, THRESHOLD_VERSION)) : 1;
    int64_t here = flash_redis_reply_int(flash_redis_reply_at(sale, SALE_VERSION));
    return here < ledger->sale || threshold < ledger->threshold ? FLASH_PUSH_BEHIND
                                                                : FLASH_PUSH_UP_TO_DATE;
}

static enum flash_push bring_up_to_date(struct flash_stores *stores,
                                        const struct flash_sku_row *row, struct flash_error *err)
{
    const struct flash_redis_call question = flash_push_question(row->sku);
    const struct flash_push_versions versions = {row->generation, row->sale_version,
                                                 row->threshold_version};
    struct flash_redis_reply *status = NULL;
    if (!flash_redis_sync_call(stores->redis, &question, &status, err)) {
        return FLASH_PUSH_REDIS_AWAY;
    }
    enum flash_push_look look = flash_push_judge(status, &versions);
    flash_redis_reply_free(status);
    if (look == FLASH_PUSH_LOST) {
        flash_error_set(err, FLASH_ERROR_DATA,
                        "SKU %" PRId64 " was loaded and is not in Redis in generation %" PRId64,
                        row->sku, row->generation);
        return FLASH_PUSH_NEEDS_RECOVERY;
    }
    if (look == FLASH_PUSH_UP_TO_DATE) {
        return FLASH_PUSH_DONE;
    }
    enum flash_push sale = row->sale_version ? set_sale(stores->redis, row, err) : FLASH_PUSH_DONE;
    return sale == FLASH_PUSH_DONE ? set_threshold(stores->redis, row, err) : sale;
}

enum flash_push flash_push_sku(struct flash_stores *stores, int64_t sku, struct flash_error *err)
{
    struct flash_sku_row row;
    bool read = flash_sku_row_read(stores->mysql, sku, &row, err);
    if (read && row.found && row.loaded_generation == 0) {
        enum flash_push loaded = load(stores, sku, err);
        if (loaded != FLASH_PUSH_DONE) {
            return loaded;
        }
        read = flash_sku_row_read(stores->mysql, sku, &row, err);
    }
    if (!read) {
        bool later = flash_mysql_last_class(stores->mysql) == FLASH_MYSQL_RETRY;
        return later ? FLASH_PUSH_LEDGER_AWAY : FLASH_PUSH_BROKEN;
    }
    if (!row.found) {
        return FLASH_PUSH_DONE;
    }
    enum flash_push push = bring_up_to_date(stores, &row, err);
    return push == FLASH_PUSH_DONE ? flash_inflow_push(stores, &row, err) : push;
}

enum flash_refusal flash_push_refusal(enum flash_push push, const struct flash_job *job,
                                      const struct flash_error *err)
{
    static const struct {
        enum flash_refusal refusal;
        const char *event;
    } rows[] = {
        [FLASH_PUSH_DONE] = {FLASH_REFUSE_NOTHING, NULL},
        [FLASH_PUSH_REDIS_AWAY] = {FLASH_REFUSE_NOT_APPLIED_YET, "admin.redis_away"},
        [FLASH_PUSH_NEEDS_RECOVERY] = {FLASH_REFUSE_NEEDS_RECOVERY, "admin.needs_recovery"},
        [FLASH_PUSH_LEDGER_AWAY] = {FLASH_REFUSE_NOT_APPLIED_YET, "admin.ledger_away"},
        [FLASH_PUSH_BROKEN] = {FLASH_REFUSE_INTERNAL, "admin.push_refused"},
    };
    if (rows[push].event) {
        FLASH_LOG(WARN, rows[push].event, FLASH_TEXT("error", err->text),
                  FLASH_TEXT("request_id", job->caller.request_id), FLASH_INT("sku", job->sku));
    }
    return rows[push].refusal;
}

bool flash_push_change(struct flash_job *job, struct flash_stores *stores,
                       enum flash_refusal refusal)
{
    struct flash_error err = {0};
    if (refusal == FLASH_REFUSE_NOTHING) {
        refusal = flash_push_refusal(flash_push_sku(stores, job->sku, &err), job, &err);
    }
    job->answer.refusal = refusal;
    return refusal == FLASH_REFUSE_NOTHING;
}
