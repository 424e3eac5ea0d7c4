/* What a pass tells about; see reconcile_internal.h. */
#include <stdio.h>
#include <string.h>

#include "flash/mysql_value.h"
#include "flash/time.h"
#include "reconcile_internal.h"

#define LEFTOVERS_MAX 1000 /* of each kind in a pass */

void flash_pass_found(struct flash_pass *pass, const struct flash_finding *finding)
{
    pass->done->findings[finding->cause]++;
    if (pass->options->found) {
        pass->options->found(finding, pass->options->arg);
    }
}

struct flash_finding flash_pass_finding(int64_t sku, const struct flash_page_entry *entry,
                                        enum flash_cause cause)
{
    return (struct flash_finding){
        .cause = cause,
        .state = FLASH_FINDING_OPEN,
        .sku = sku,
        .has_entry = entry->readable,
        .entry = entry->id,
        .partition = -1,
        .offset = -1,
        .quantity = entry->units,
    };
}

void flash_pass_relay(const struct flash_finding *finding, void *pass)
{
    flash_pass_found(pass, finding);
}

/* ---- what the consumer could not apply ---- */

static bool take_dead(const struct flash_value *cells, int count, void *arg)
{
    struct flash_pass *pass = arg;
    (void)count;
    int64_t age_ms = (int64_t)flash_time_wall_ms() - cells[4].number;
    struct flash_finding finding = {
        .cause = FLASH_CAUSE_DEAD,
        .partition = (int)cells[1].number,
        .offset = cells[2].number,
        .age_ms = age_ms > 0 ? age_ms : 0,
    };
    snprintf(finding.detail, sizeof(finding.detail), "dead letter %lld: %.*s",
             (long long)cells[0].number, (int)cells[3].bytes.len, cells[3].bytes.at);
    pass->reconcile->dead_said = cells[0].number;
    flash_pass_found(pass, &finding);
    return true;
}

static bool take_last_dead(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    ((struct flash_pass *)arg)->reconcile->dead_said = cells[0].null ? 0 : cells[0].number;
    return true;
}

/* An acting pass leaves out what was there before its object. */
static bool tell_dead(struct flash_pass *pass, struct flash_error *err)
{
    int64_t *said = &pass->reconcile->dead_said;
    const struct flash_query last = {.sql = "SELECT MAX(id) FROM dead_letter",
                                     .column_count = 1,
                                     .row = take_last_dead,
                                     .arg = pass};
    if (flash_pass_acts(pass) && *said < 0) {
        return flash_mysql_query(pass->reconcile->mysql, &last, err);
    }
    const struct flash_value params[] = {flash_value_int(flash_pass_acts(pass) ? *said : 0),
                                         flash_value_int(LEFTOVERS_MAX)};
    const struct flash_query query = {
        .sql = "SELECT id, partition_no, kafka_offset, reason, created_at_ms FROM dead_letter "
               "WHERE id > ? ORDER BY id LIMIT ?",
        .params = params,
        .param_count = 2,
        .column_count = 5,
        .row = take_dead,
        .arg = pass,
    };
    return flash_mysql_query(pass->reconcile->mysql, &query, err);
}

static bool take_parked(const struct flash_value *cells, int count, void *arg)
{
    struct flash_pass *pass = arg;
    (void)count;
    int64_t age_ms = (int64_t)flash_time_wall_ms() - cells[5].number;
    struct flash_finding finding = {
        .cause = FLASH_CAUSE_PARKED,
        .sku = cells[2].number,
        .has_entry = true,
        .partition = (int)cells[3].number,
        .offset = cells[4].number,
        .age_ms = age_ms > 0 ? age_ms : 0,
        .detail = "waits for the transition or the order before it",
    };
    snprintf(finding.order_id, sizeof(finding.order_id), "%.*s", (int)cells[0].bytes.len,
             cells[0].bytes.at);
    memcpy(finding.entry.bytes, cells[1].bytes.at, sizeof(finding.entry.bytes));
    flash_pass_found(pass, &finding);
    return true;
}

/* Those that have waited for settle_after; an acting pass leaves out what it told already. */
static bool tell_parked(struct flash_pass *pass, struct flash_error *err)
{
    int64_t *said = &pass->reconcile->parked_said, sku = pass->options->sku;
    int64_t until_ms = (int64_t)flash_time_wall_ms() - pass->settle_after_ms;
    const struct flash_value params[] = {flash_value_int(flash_pass_acts(pass) ? *said : 0),
                                         flash_value_int(until_ms), flash_value_int(sku),
                                         flash_value_int(sku), flash_value_int(LEFTOVERS_MAX)};
    const struct flash_query query = {
        .sql = "SELECT order_id, entry_id, sku, partition_no, kafka_offset, parked_at_ms "
               "FROM parked WHERE parked_at_ms > ? AND parked_at_ms <= ? AND (? = 0 OR sku = ?) "
               "LIMIT ?",
        .params = params,
        .param_count = 5,
        .column_count = 6,
        .row = take_parked,
        .arg = pass,
    };
    bool ok = flash_mysql_query(pass->reconcile->mysql, &query, err);
    *said = ok && flash_pass_acts(pass) ? until_ms : *said;
    return ok;
}

static bool take_refused(const struct flash_value *cells, int count, void *arg)
{
    struct flash_pass *pass = arg;
    (void)count;
    int64_t age_ms = (int64_t)flash_time_wall_ms() - cells[3].number;
    struct flash_finding finding = {
        .cause = FLASH_CAUSE_SHORTAGE,
        .state = FLASH_FINDING_APPLIED,
        .sku = cells[0].number,
        .partition = -1,
        .offset = -1,
        .quantity = cells[2].number,
        .age_ms = age_ms > 0 ? age_ms : 0,
    };
    snprintf(finding.detail, sizeof(finding.detail),
             "%lld orders are FAILED (shortage): the ledger had no units left for them",
             (long long)cells[1].number);
    flash_pass_found(pass, &finding);
    return true;
}

/* What the ledger has refused, a sum a SKU. Passes that act leave it to the audit, which finds it
 * again each time. */
static bool tell_refused(struct flash_pass *pass, struct flash_error *err)
{
    int64_t sku = pass->options->sku;
    const struct flash_value params[] = {flash_value_int(sku), flash_value_int(sku),
                                         flash_value_int(LEFTOVERS_MAX)};
    const struct flash_query query = {
        .sql = "SELECT s.sku, COUNT(*), SUM(r.qty), MIN(r.updated_at_ms) FROM reservation r "
               "JOIN stock s ON r.order_id > CAST(CONCAT(s.sku, '.') AS BINARY) "
               "AND r.order_id < CAST(CONCAT(s.sku, '/') AS BINARY) "
               "WHERE s.flagged = 1 AND r.state = 7 AND (? = 0 OR s.sku = ?) "
               "GROUP BY s.sku ORDER BY s.sku LIMIT ?",
        .params = params,
        .param_count = 3,
        .column_count = 4,
        .row = take_refused,
        .arg = pass,
    };
    return pass->options->depth != FLASH_RECONCILE_LOOK ||
           flash_mysql_query(pass->reconcile->mysql, &query, err);
}

bool flash_pass_leftovers(struct flash_pass *pass, struct flash_error *err)
{
    return tell_parked(pass, err) && tell_refused(pass, err) &&
           (pass->options->sku || tell_dead(pass, err));
}
