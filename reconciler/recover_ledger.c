/* Statements of a recovery; see recover_ledger.h. */
#include "recover_ledger.h"

#include <assert.h>
#include <string.h>

#include "flash/mysql_value.h"
#include "flash/time.h"

#define PAGE 4096 /* verdicts of one look-up: a statement may take only so long */
#define PAGE_TEXT "4096"
#define ID_BYTES 16
#define RAISE_TRIES 5 /* a consumer in the middle of its transaction may be met */

static bool take_number(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    *(int64_t *)arg = cells[0].null ? 0 : cells[0].number;
    return true;
}

/* ---- reading ---- */

static bool take_generation(const struct flash_value *cells, int count, void *arg)
{
    struct flash_sight *sight = arg;
    (void)count;
    sight->generation = cells[0].number;
    sight->beacon = cells[1].number;
    return true;
}

static bool take_sku(const struct flash_value *cells, int count, void *arg)
{
    struct flash_sight_sku *sku = flash_sight_add(arg);
    (void)count;
    if (!sku) {
        ((struct flash_sight *)arg)->generation = 0;
        return false;
    }
    int64_t *const numbers[] = {&sku->sku,       &sku->base,  &sku->inflow,
                                &sku->threshold, &sku->sale,  &sku->starts_ms,
                                &sku->ends_ms,   &sku->limit, &sku->hold_s};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        *numbers[i] = cells[i].number;
    }
    size_t len = cells[9].bytes.len < FLASH_TITLE_MAX ? cells[9].bytes.len : FLASH_TITLE_MAX;
    memcpy(sku->title, cells[9].bytes.at, len);
    return true;
}

bool flash_recover_read(struct flash_mysql *mysql, struct flash_sight *sight,
                        struct flash_error *err)
{
    const struct flash_query generation = {
        .sql = "SELECT generation, beacon FROM generation WHERE id = 1",
        .column_count = 2,
        .row = take_generation,
        .arg = sight,
    };
    const struct flash_query skus = {
        .sql = "SELECT s.sku, s.base, s.version, s.low_stock_threshold, COALESCE(v.version, 0), "
               "COALESCE(v.starts_at_ms, 0), COALESCE(v.ends_at_ms, 0), "
               "COALESCE(v.per_user_limit, 0), COALESCE(v.hold_seconds, 0), s.title "
               "FROM stock s LEFT JOIN sale v ON v.sku = s.sku WHERE s.loaded_generation > 0 "
               "ORDER BY s.sku",
        .column_count = 10,
        .row = take_sku,
        .arg = sight,
    };
    sight->count = 0;
    sight->generation = 0;
    if (!flash_mysql_connect(mysql, err) || !flash_mysql_query(mysql, &generation, err) ||
        !flash_mysql_query(mysql, &skus, err)) {
        return false;
    }
    return sight->generation > 0 ||
           flash_error_set(err, FLASH_ERROR_RETRY, "recover: no generation, or out of memory");
}

struct lost {
    struct flash_sight *sight;
    int64_t window_ms;
    uint8_t after[ID_BYTES]; /* the last key of the page before */
    int count;               /* of the page */
};

static bool take_entry(const struct flash_value *cells, int count, void *arg)
{
    struct lost *lost = arg;
    (void)count;
    flash_sight_note_entry(lost->sight,
                           &(struct flash_sight_entry){.sku = cells[0].number,
                                                       .stream_us = cells[1].number,
                                                       .partition = (int)cells[2].number,
                                                       .offset = cells[3].number},
                           lost->window_ms);
    assert(cells[4].bytes.len == ID_BYTES);
    memcpy(lost->after, cells[4].bytes.at, ID_BYTES);
    lost->count++;
    return true;
}

/* Of the others nothing is replayed, so the verdicts of a whole sale need not be read. */
static bool any_restarted(const struct flash_sight *sight)
{
    bool any = false;
    for (size_t i = 0; i < sight->count; i++) {
        any |= sight->skus[i].need == FLASH_NEED_RESTARTED;
    }
    return any;
}

static bool read_lost_page(struct flash_mysql *mysql, struct lost *lost, struct flash_error *err)
{
    const struct flash_value param = flash_value_bytes(lost->after, ID_BYTES);
    const struct flash_query query = {
        .sql = "SELECT sku, stream_us, partition_no, kafka_offset, entry_id FROM verdict "
               "WHERE entry_id > ? ORDER BY entry_id LIMIT " PAGE_TEXT,
        .params = &param,
        .param_count = 1,
        .column_count = 5,
        .row = take_entry,
        .arg = lost,
    };
    lost->count = 0;
    return flash_mysql_query(mysql, &query, err);
}

bool flash_recover_read_lost(struct flash_mysql *mysql, struct flash_sight *sight,
                             int64_t window_ms, struct flash_error *err)
{
    if (!any_restarted(sight)) {
        return true;
    }
    /* Entry ids begin with the engine's clock in ms; the window is for clocks that differ. */
    int64_t now_us = (int64_t)flash_time_wall_ms() * 1000;
    int64_t from_ms = flash_sight_safe_us(sight, now_us) / 1000 - window_ms;
    uint64_t ms = from_ms > 0 ? (uint64_t)from_ms : 0;
    struct lost lost = {.sight = sight, .window_ms = window_ms, .count = PAGE};
    for (int i = 0; i < 6; i++) {
        lost.after[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    while (lost.count == PAGE) { /* what is committed meanwhile is not acked: it is read again */
        if (!read_lost_page(mysql, &lost, err)) {
            return false;
        }
    }
    return true;
}

/* ---- the raise ---- */

static bool set_back(struct flash_mysql *mysql, const struct flash_sight_sku *sku,
                     const char *topic, struct flash_error *err)
{
    const struct flash_value params[] = {flash_value_int(sku->offset), flash_value_text(topic),
                                         flash_value_int(sku->partition),
                                         flash_value_int(sku->offset)};
    return flash_mysql_exec(mysql,
                            "UPDATE consumer_progress SET acked = ?, acked_entry = NULL "
                            "WHERE topic = ? AND partition_no = ? AND acked > ?",
                            params, 4, NULL, err);
}

struct raise {
    struct flash_mysql *mysql;
    const struct flash_sight *sight;
    const char *topic;
    int64_t generation, beacon; /* the new ones */
};

static bool take_over(const struct raise *raise, struct flash_error *err)
{
    struct flash_mysql *mysql = raise->mysql;
    const struct flash_sight *sight = raise->sight;
    const char *topic = raise->topic;
    const struct flash_value over[] = {flash_value_int(raise->generation), flash_value_text(topic)};
    if (!flash_mysql_exec(mysql,
                          "UPDATE consumer_progress SET generation = ?, "
                          "updated_at_ms = updated_at_ms + 1 WHERE topic = ?",
                          over, 2, NULL, err)) {
        return false;
    }
    for (size_t i = 0; i < sight->count; i++) {
        const struct flash_sight_sku *sku = &sight->skus[i];
        if (sku->lost > 0 && sku->partition >= 0 && !set_back(mysql, sku, topic, err)) {
            return false;
        }
    }
    return true;
}

static enum flash_recover_raised raise_once(const struct raise *raise, struct flash_error *err)
{
    struct flash_mysql *mysql = raise->mysql;
    int64_t changed = 0;
    const struct flash_value up[] = {flash_value_int(raise->generation),
                                     flash_value_int(raise->beacon),
                                     flash_value_int(raise->sight->generation)};
    if (!flash_mysql_begin(mysql, err) ||
        !flash_mysql_exec(mysql,
                          "UPDATE generation SET generation = ?, beacon = ? "
                          "WHERE id = 1 AND generation = ?",
                          up, 3, &changed, err)) {
        return FLASH_RECOVER_FAILED;
    }
    if (changed != 1) {
        return FLASH_RECOVER_OUTRUN;
    }
    bool done = take_over(raise, err) && flash_mysql_commit(mysql, err);
    return done ? FLASH_RECOVER_RAISED : FLASH_RECOVER_FAILED;
}

enum flash_recover_raised flash_recover_raise(struct flash_mysql *mysql, struct flash_sight *sight,
                                              const char *topic, struct flash_error *err)
{
    enum flash_recover_raised raised = FLASH_RECOVER_FAILED;
    int64_t wall_us =
        (int64_t)flash_time_wall_ms() * 1000 + (int64_t)(flash_time_monotonic_us() % 1000);
    const struct raise raise = {mysql, sight, topic, flash_sight_next_generation(sight, wall_us),
                                flash_sight_next_beacon(sight)};
    for (int i = 0; i < RAISE_TRIES && raised == FLASH_RECOVER_FAILED; i++) {
        raised = raise_once(&raise, err);
        if (raised != FLASH_RECOVER_RAISED) {
            flash_mysql_rollback(mysql);
        }
        if (raised == FLASH_RECOVER_FAILED && err->kind != FLASH_ERROR_RETRY) {
            return raised;
        }
    }
    if (raised == FLASH_RECOVER_RAISED) {
        sight->generation = raise.generation;
        sight->beacon = raise.beacon;
    }
    return raised;
}

bool flash_recover_beat(struct flash_mysql *mysql, int64_t beacon, bool *ret_beaten,
                        struct flash_error *err)
{
    const struct flash_value params[] = {flash_value_int(beacon + 1), flash_value_int(beacon)};
    int64_t changed = 0;
    if (!flash_mysql_exec(mysql, "UPDATE generation SET beacon = ? WHERE id = 1 AND beacon = ?",
                          params, 2, &changed, err)) {
        return false;
    }
    *ret_beaten = changed == 1;
    return true;
}

/* ---- waiting ---- */

static bool take_inflow(const struct flash_value *cells, int count, void *arg)
{
    struct flash_sight_sku *sku = flash_sight_find(arg, cells[0].number);
    (void)count;
    if (sku) {
        sku->last_inflow = cells[1].number;
    }
    return true;
}

bool flash_recover_read_inflows(struct flash_mysql *mysql, struct flash_sight *sight,
                                struct flash_error *err)
{
    int64_t first = 0, last = 0;
    for (size_t i = 0; i < sight->count; i++) {
        if (flash_sight_waits(&sight->skus[i])) {
            last = sight->skus[i].sku;
            first = first ? first : last;
        }
    }
    const struct flash_value params[] = {flash_value_int(first), flash_value_int(last)};
    const struct flash_query query = {
        .sql = "SELECT sku, version FROM stock WHERE sku BETWEEN ? AND ?",
        .params = params,
        .param_count = 2,
        .column_count = 2,
        .row = take_inflow,
        .arg = sight,
    };
    return flash_mysql_query(mysql, &query, err);
}

static bool take_partition(const struct flash_value *cells, int count, void *arg)
{
    struct flash_recover_progress *progress = arg;
    (void)count;
    progress->partitions[progress->count].number = (int)cells[0].number;
    progress->partitions[progress->count++].acked = cells[1].number;
    return progress->count < FLASH_RECOVER_PARTITIONS;
}

bool flash_recover_read_progress(struct flash_mysql *mysql, struct flash_recover_progress *progress,
                                 struct flash_error *err)
{
    const struct flash_value param = flash_value_text(progress->topic);
    const struct flash_query query = {
        .sql = "SELECT partition_no, acked FROM consumer_progress WHERE topic = ? "
               "ORDER BY partition_no",
        .params = &param,
        .param_count = 1,
        .column_count = 2,
        .row = take_partition,
        .arg = progress,
    };
    progress->count = 0;
    return flash_mysql_query(mysql, &query, err);
}

bool flash_recover_read_marker(struct flash_mysql *mysql, const struct flash_uuid *nonce,
                               int64_t *ret_offset, struct flash_error *err)
{
    int64_t offset = -1;
    const struct flash_value param = flash_value_uuid(nonce);
    const struct flash_query query = {.sql = "SELECT kafka_offset FROM marker WHERE nonce = ?",
                                      .params = &param,
                                      .param_count = 1,
                                      .column_count = 1,
                                      .row = take_number,
                                      .arg = &offset};
    if (!flash_mysql_query(mysql, &query, err)) {
        return false;
    }
    *ret_offset = offset;
    return true;
}

#define OF_SKU                                                                                     \
    "order_id > CAST(CONCAT(?, '.') AS BINARY) AND order_id < CAST(CONCAT(?, '/') AS BINARY)"

bool flash_recover_count(struct flash_mysql *mysql, int64_t sku, int64_t *ret_orders,
                         struct flash_error *err)
{
    const struct flash_value params[] = {flash_value_int(sku), flash_value_int(sku)};
    const struct flash_query query = {.sql = "SELECT COUNT(*) FROM reservation WHERE " OF_SKU,
                                      .params = params,
                                      .param_count = 2,
                                      .column_count = 1,
                                      .row = take_number,
                                      .arg = ret_orders};
    return flash_mysql_query(mysql, &query, err);
}

static bool take_refused(const struct flash_value *cells, int count, void *arg)
{
    struct flash_recover_refused *refused = arg;
    (void)count;
    refused->orders = cells[0].number;
    refused->since_ms = cells[1].number;
    return true;
}

bool flash_recover_count_short(struct flash_mysql *mysql, int64_t sku,
                               struct flash_recover_refused *ret_refused, struct flash_error *err)
{
    /* The flag spares SKUs without any a walk through their orders. */
    const struct flash_value params[] = {flash_value_int(sku), flash_value_int(sku),
                                         flash_value_int(sku)};
    const struct flash_query query = {
        .sql = "SELECT COUNT(*), COALESCE(MIN(updated_at_ms), 0) FROM reservation "
               "WHERE state = 7 AND " OF_SKU
               " AND EXISTS (SELECT 1 FROM stock s WHERE s.sku = ? AND s.flagged = 1)",
        .params = params,
        .param_count = 3,
        .column_count = 2,
        .row = take_refused,
        .arg = ret_refused};
    return flash_mysql_query(mysql, &query, err);
}
