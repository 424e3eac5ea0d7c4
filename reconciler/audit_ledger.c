/* The ledger's part of a look, in one snapshot of it.
 *
 * Rows of stock_log of one SKU are written under the lock of its stock row, so their numbers rise
 * in the order of their commits: what was applied since the mark stands behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_internal.h"

#define LOG_ROWS_MAX 50000 /* written between the mark and the snapshot */
#define UNCLEAN_MAX 64     /* entries whose log is summed one by one */
#define FENCE_OLD_MS 60000 /* from then on a fence should have been adopted */

static bool take_number(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    *(int64_t *)arg = cells[0].null ? 0 : cells[0].number;
    return true;
}

static bool read_parked(struct flash_audit *audit, int64_t sku, int64_t *ret_parked,
                        struct flash_error *err)
{
    const struct flash_order_range range = flash_order_range_of(sku);
    const struct flash_value params[] = {flash_value_text(range.first),
                                         flash_value_text(range.end)};
    const struct flash_query query = {
        .sql = "SELECT COUNT(*) FROM parked WHERE order_id > ? AND order_id < ?",
        .params = params,
        .param_count = 2,
        .column_count = 1,
        .row = take_number,
        .arg = ret_parked,
    };
    return flash_mysql_query(audit->mysql, &query, err);
}

static bool take_acked(const struct flash_value *cells, int count, void *arg)
{
    int64_t *acked = arg, partition = cells[0].number;
    (void)count;
    if (partition >= 0 && partition < FLASH_AUDIT_PARTITIONS) {
        acked[partition] = cells[1].number;
    }
    return true;
}

static bool read_progress(struct flash_audit *audit, struct flash_error *err)
{
    const struct flash_value topic = flash_value_text(audit->topic);
    const struct flash_query progress = {
        .sql = "SELECT partition_no, acked FROM consumer_progress WHERE topic = ?",
        .params = &topic,
        .param_count = 1,
        .column_count = 2,
        .row = take_acked,
        .arg = audit->acked,
    };
    memset(audit->acked, 0, sizeof(audit->acked));
    return flash_mysql_query(audit->mysql, &progress, err);
}

bool flash_audit_mark_ledger(struct flash_audit *audit, int64_t sku, int64_t *ret_log_id,
                             struct flash_error *err)
{
    const struct flash_value param = flash_value_int(sku);
    const struct flash_query query = {
        .sql = "SELECT MAX(id) FROM stock_log WHERE sku = ?",
        .params = &param,
        .param_count = 1,
        .column_count = 1,
        .row = take_number,
        .arg = ret_log_id,
    };
    audit->look.ledger = (struct flash_audit_ledger){0};
    *ret_log_id = 0;
    return flash_mysql_connect(audit->mysql, err) && flash_mysql_query(audit->mysql, &query, err) &&
           read_parked(audit, sku, &audit->look.ledger.parked, err) && read_progress(audit, err);
}

/* ---- the stock row, the generation, inflows ---- */

static bool take_stock(const struct flash_value *cells, int count, void *arg)
{
    struct flash_audit_ledger *ledger = arg;
    (void)count;
    ledger->base = cells[0].number;
    ledger->available = cells[1].number;
    ledger->reserved = cells[2].number;
    ledger->sold = cells[3].number;
    ledger->generation = cells[4].number;
    return true;
}

static bool take_inflows(const struct flash_value *cells, int count, void *arg)
{
    struct flash_audit_ledger *ledger = arg;
    (void)count;
    ledger->inflows = cells[0].number;
    ledger->pending = cells[1].number;
    ledger->pending_units = cells[2].number;
    ledger->pending_first = cells[3].number;
    ledger->pending_since_ms = cells[4].number;
    return true;
}

static bool read_rows(struct flash_audit *audit, struct flash_error *err)
{
    struct flash_audit_look *look = &audit->look;
    const struct flash_value stock_param = flash_value_int(look->sku);
    const struct flash_value n = flash_value_int(look->redis.inflow);
    const struct flash_value inflow_params[] = {n, n, n, n, n, flash_value_int(look->sku)};
    const struct flash_query stock = {
        .sql = "SELECT s.base, s.available, s.reserved, s.sold, g.generation FROM stock s "
               "JOIN generation g ON g.id = 1 WHERE s.sku = ?",
        .params = &stock_param,
        .param_count = 1,
        .column_count = 5,
        .row = take_stock,
        .arg = &look->ledger,
    };
    const struct flash_query inflows = {
        .sql = "SELECT SUM(CASE WHEN number <= ? THEN quantity ELSE 0 END), "
               "SUM(CASE WHEN number > ? THEN 1 ELSE 0 END), "
               "SUM(CASE WHEN number > ? THEN quantity ELSE 0 END), "
               "MIN(CASE WHEN number > ? THEN number END), "
               "MIN(CASE WHEN number > ? THEN created_at_ms END) FROM inflow WHERE sku = ?",
        .params = inflow_params,
        .param_count = 6,
        .column_count = 5,
        .row = take_inflows,
        .arg = &look->ledger,
    };
    return flash_mysql_query(audit->mysql, &stock, err) &&
           flash_mysql_query(audit->mysql, &inflows, err);
}

/* ---- verdicts of the open entries ---- */

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct flash_uuid)); /* its first member */
}

static struct flash_audit_entry *find_entry(struct flash_audit_look *look, struct flash_text id)
{
    if (id.len != sizeof(struct flash_uuid)) {
        return NULL;
    }
    return bsearch(id.at, look->entries, look->entry_count, sizeof(*look->entries), by_id);
}

static bool take_verdict(const struct flash_value *cells, int count, void *arg)
{
    struct flash_audit *audit = arg;
    struct flash_audit_entry *entry = find_entry(&audit->look, cells[0].bytes);
    (void)count;
    if (!entry) {
        return true;
    }
    entry->has_verdict = true;
    entry->fenced = cells[1].number == 2;
    entry->clean = cells[2].number == 1;
    entry->partition = (int)cells[3].number;
    entry->offset = cells[4].number;
    entry->verdict_ms = cells[5].number;
    bool kafka = entry->partition >= 0 && entry->partition < FLASH_AUDIT_PARTITIONS;
    entry->passed = kafka ? entry->offset < audit->acked[entry->partition]
                          : audit->look.redis.now_ms - entry->verdict_ms > FENCE_OLD_MS;
    bool weighs = entry->type != FLASH_ENTRY_PAY && entry->type != FLASH_ENTRY_TAKE;
    entry->logged_known = entry->clean || entry->fenced || !weighs;
    entry->logged = !entry->clean || !weighs             ? 0
                    : entry->type == FLASH_ENTRY_RESERVE ? -entry->units
                                                         : entry->units;
    return true;
}

static bool sum_log(struct flash_audit *audit, struct flash_audit_entry *entry,
                    struct flash_error *err)
{
    const struct flash_value params[] = {flash_value_int(audit->look.sku),
                                         flash_value_uuid(&entry->id)};
    const struct flash_query query = {
        .sql = "SELECT SUM(quantity) FROM stock_log WHERE sku = ? AND entry_id = ?",
        .params = params,
        .param_count = 2,
        .column_count = 1,
        .row = take_number,
        .arg = &entry->logged,
    };
    entry->logged_known = true;
    return flash_mysql_query(audit->mysql, &query, err);
}

static bool read_verdicts(struct flash_audit *audit, struct flash_error *err)
{
    struct flash_audit_look *look = &audit->look;
    int unclean = 0;
    qsort(look->entries, look->entry_count, sizeof(*look->entries), by_id);
    for (size_t i = 0; i < look->entry_count; i++) {
        const struct flash_uuid *id = &look->entries[i].id;
        audit->keys[i] = flash_value_uuid(id);
    }
    const struct flash_query_in query = {
        .sql = "SELECT entry_id, verdict, clean, partition_no, kafka_offset, applied_at_ms "
               "FROM verdict WHERE entry_id IN (%s)",
        .keys = audit->keys,
        .key_count = (int)look->entry_count,
        .column_count = 6,
        .row = take_verdict,
        .arg = audit,
    };
    if (!flash_mysql_query_in(audit->mysql, &query, err)) {
        return false;
    }
    for (size_t i = 0; i < look->entry_count && unclean < UNCLEAN_MAX; i++) {
        struct flash_audit_entry *entry = &look->entries[i];
        bool unknown = entry->has_verdict && !entry->logged_known;
        unclean += unknown;
        if (unknown && !sum_log(audit, entry, err)) {
            return false;
        }
    }
    return true;
}

/* ---- the log behind the mark ---- */

struct tail {
    struct flash_audit_look *look;
    int64_t rows;
};

/* id, type, quantity, before, after, entry, its stream's µs. */
static bool take_log(const struct flash_value *cells, int count, void *arg)
{
    struct tail *tail = arg;
    struct flash_audit_ledger *ledger = &tail->look->ledger;
    (void)count;
    ledger->log_follows =
        !ledger->has_log || (ledger->log_follows && cells[3].number == ledger->log_after);
    ledger->has_log = true;
    ledger->log_after = cells[4].number;
    bool later = !cells[6].null && (uint64_t)cells[6].number > tail->look->redis.last_us;
    ledger->later += later && cells[1].number <= FLASH_ENTRY_RETURN ? cells[2].number : 0;
    return ++tail->rows < LOG_ROWS_MAX;
}

static bool read_log(struct flash_audit *audit, int64_t log_id, struct flash_error *err)
{
    struct tail tail = {.look = &audit->look};
    const struct flash_value params[] = {flash_value_int(audit->look.sku), flash_value_int(log_id),
                                         flash_value_int(LOG_ROWS_MAX)};
    const struct flash_query query = {
        .sql = "SELECT l.id, l.type, l.quantity, l.available_before, l.available_after, "
               "l.entry_id, v.stream_us FROM stock_log l "
               "LEFT JOIN verdict v ON v.entry_id = l.entry_id "
               "WHERE l.sku = ? AND l.id >= ? ORDER BY l.id LIMIT ?",
        .params = params,
        .param_count = 3,
        .column_count = 7,
        .row = take_log,
        .arg = &tail,
    };
    bool ok = flash_mysql_query(audit->mysql, &query, err);
    audit->look.ledger.cut = tail.rows >= LOG_ROWS_MAX;
    return ok;
}

bool flash_audit_read_ledger(struct flash_audit *audit, int64_t log_id, struct flash_error *err)
{
    int64_t parked = 0;
    bool ok = flash_mysql_begin_snapshot(audit->mysql, err) && read_rows(audit, err) &&
              read_verdicts(audit, err) && read_log(audit, log_id, err) &&
              read_parked(audit, audit->look.sku, &parked, err);
    flash_mysql_rollback(audit->mysql);
    audit->look.ledger.parked += parked;
    return ok;
}
