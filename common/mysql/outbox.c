/* alert_state and alert_outbox; see flash/outbox.h.
 *
 *     cleared ──raise──▶ raised ──clear──▶ cleared        alert_state: one UPDATE compares and sets
 *     waiting ──take──▶ waiting, next_try_ms later ──mark──▶ sent | given_up | waiting
 *
 * A claim is a compare-and-set too, on the number of attempts: of two senders that found the same
 * row one changes it. */
#include "flash/outbox.h"
#include "flash/mysql_value.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { TAKE_TRIES = 4, REASON_MAX = 255 };

/* ---- writing ---- */

/* Makes the row of an alert that was never heard of; it waits there for whoever else does. */
static bool meet(struct flash_mysql *mysql, const struct flash_alert *alert,
                 struct flash_error *err)
{
    const struct flash_value params[] = {flash_value_text(alert->key),
                                         flash_value_int(alert->at_ms)};
    return flash_mysql_exec(mysql,
                            "INSERT INTO alert_state (alert_key, state, severity, since_ms)"
                            " VALUES (?, 'cleared', 'info', ?)"
                            " ON DUPLICATE KEY UPDATE alert_key = alert_key",
                            params, 2, NULL, err);
}

static bool move_state(struct flash_mysql *mysql, const struct flash_alert *alert,
                       bool *ret_changed, struct flash_error *err)
{
    const char *state = flash_alert_state_name(alert);
    const struct flash_value params[] = {
        flash_value_text(state),       flash_value_text(flash_severity_name(alert->severity)),
        flash_value_text(alert->text), flash_value_int(alert->at_ms),
        flash_value_text(alert->key),  flash_value_text(state),
    };
    int64_t moved;
    if (!flash_mysql_exec(mysql,
                          "UPDATE alert_state SET state = ?, severity = ?, detail = ?,"
                          " since_ms = ?, changes = changes + 1"
                          " WHERE alert_key = ? AND state <> ?",
                          params, 6, &moved, err)) {
        return false;
    }
    *ret_changed = moved == 1;
    return true;
}

static bool write_message(struct flash_mysql *mysql, const struct flash_outbox_change *change,
                          enum flash_channel channel, struct flash_error *err)
{
    const struct flash_alert *alert = change->alert;
    bool sent = change->sent[channel];
    struct flash_value ended = flash_value_int(alert->at_ms);
    ended.null = !sent;
    const struct flash_value params[] = {
        flash_value_uuid(&alert->id),
        flash_value_text(alert->key),
        flash_value_text(flash_alert_state_name(alert)),
        flash_value_text(flash_severity_name(alert->severity)),
        flash_value_text(alert->text),
        flash_value_int(alert->at_ms),
        flash_value_text(flash_channel_name(channel)),
        flash_value_text(sent ? "sent" : "waiting"),
        flash_value_int(sent),
        flash_value_int(alert->at_ms),
        ended,
        alert->list ? flash_value_text(alert->list)
                    : (struct flash_value){.type = FLASH_COLUMN_BYTES, .null = true},
    };
    return flash_mysql_exec(mysql,
                            "INSERT INTO alert_outbox (alert_id, alert_key, state, severity,"
                            " detail, at_ms, channel, delivery, attempts, next_try_ms, ended_at_ms,"
                            " list) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            params, 12, NULL, err);
}

bool flash_outbox_tell(struct flash_mysql *mysql, const struct flash_outbox_change *change,
                       struct flash_error *err)
{
    for (int channel = 0; channel < FLASH_CHANNEL_COUNT; channel++) {
        if (change->wanted[channel] &&
            !write_message(mysql, change, (enum flash_channel)channel, err)) {
            return false;
        }
    }
    return true;
}

bool flash_outbox_write(struct flash_mysql *mysql, const struct flash_outbox_change *change,
                        bool *ret_changed, struct flash_error *err)
{
    const struct flash_alert *alert = change->alert;
    bool changed = false;
    assert(flash_alert_key_valid((struct flash_text){alert->key, strlen(alert->key)}));
    if ((alert->raised && !meet(mysql, alert, err)) || !move_state(mysql, alert, &changed, err)) {
        return false;
    }
    if (changed && !flash_outbox_tell(mysql, change, err)) {
        return false;
    }
    *ret_changed = changed;
    return true;
}

bool flash_outbox_record(struct flash_mysql *mysql, const struct flash_outbox_change *change,
                         bool *ret_changed, struct flash_error *err)
{
    bool changed = false;
    if (!flash_mysql_connect(mysql, err) || !flash_mysql_begin(mysql, err)) {
        return false;
    }
    if (!flash_outbox_write(mysql, change, &changed, err) || !flash_mysql_commit(mysql, err)) {
        flash_mysql_rollback(mysql);
        return false;
    }
    *ret_changed = changed;
    return true;
}

/* ---- sending ---- */

struct found {
    struct flash_outbox_message *message;
    bool any, whole, won;
};

static bool copy(struct flash_text from, char *to, size_t size)
{
    if (from.len >= size) {
        return false;
    }
    memcpy(to, from.at, from.len);
    to[from.len] = '\0';
    return true;
}

/* id, alert_id, alert_key, state, severity, detail, at_ms, attempts, list */
static bool take_row(const struct flash_value *cells, int count, void *arg)
{
    struct found *found = arg;
    struct flash_outbox_message *message = found->message;
    struct flash_alert *alert = &message->alert;
    (void)count;
    *message =
        (struct flash_outbox_message){.number = cells[0].number, .attempts = cells[7].number + 1};
    alert->at_ms = cells[6].number;
    found->any = true;
    found->whole = cells[1].bytes.len == sizeof(alert->id.bytes) &&
                   copy(cells[2].bytes, alert->key, sizeof(alert->key)) &&
                   flash_alert_state_parse(cells[3].bytes, alert) &&
                   flash_severity_parse(cells[4].bytes, &alert->severity) &&
                   (cells[8].null || copy(cells[8].bytes, message->list, sizeof(message->list))) &&
                   copy(cells[5].bytes, alert->text, sizeof(alert->text));
    if (found->whole) {
        memcpy(alert->id.bytes, cells[1].bytes.at, sizeof(alert->id.bytes));
    }
    return false;
}

/* A message waits behind the earlier ones of its alert. */
static bool find(struct flash_mysql *mysql, const struct flash_outbox_claim *claim,
                 struct found *found, struct flash_error *err)
{
    const struct flash_value params[] = {flash_value_text(flash_channel_name(claim->channel)),
                                         flash_value_int(claim->now_ms)};
    const struct flash_query query = {
        .sql = "SELECT o.id, o.alert_id, o.alert_key, o.state, o.severity, o.detail, o.at_ms,"
               " o.attempts, o.list FROM alert_outbox o"
               " WHERE o.delivery = 'waiting' AND o.channel = ? AND o.next_try_ms <= ?"
               " AND NOT EXISTS (SELECT 1 FROM alert_outbox e WHERE e.delivery = 'waiting'"
               " AND e.channel = o.channel AND e.alert_key = o.alert_key AND e.id < o.id)"
               " ORDER BY o.next_try_ms, o.id LIMIT 1",
        .params = params,
        .param_count = 2,
        .column_count = 9,
        .row = take_row,
        .arg = found,
    };
    found->any = false;
    if (!flash_mysql_connect(mysql, err) || !flash_mysql_query(mysql, &query, err)) {
        return false;
    }
    return !found->any || found->whole ||
           flash_error_set(err, FLASH_ERROR_BUG, "outbox: message %lld cannot be read",
                           (long long)found->message->number);
}

static bool claim_it(struct flash_mysql *mysql, const struct flash_outbox_claim *claim,
                     struct found *found, struct flash_error *err)
{
    const struct flash_outbox_message *message = found->message;
    const struct flash_value params[] = {
        flash_value_int(message->attempts), flash_value_int(claim->until_ms),
        flash_value_int(message->number), flash_value_int(message->attempts - 1)};
    int64_t moved;
    if (!flash_mysql_exec(mysql,
                          "UPDATE alert_outbox SET attempts = ?, next_try_ms = ?"
                          " WHERE id = ? AND attempts = ? AND delivery = 'waiting'",
                          params, 4, &moved, err)) {
        return false;
    }
    found->won = moved == 1;
    return true;
}

bool flash_outbox_take(struct flash_mysql *mysql, const struct flash_outbox_claim *claim,
                       struct flash_outbox_message *ret_message, struct flash_error *err)
{
    struct flash_outbox_message message = {0};
    struct found found = {.message = &message, .any = true};
    for (int i = 0; i < TAKE_TRIES && found.any && !found.won; i++) {
        if (!find(mysql, claim, &found, err) ||
            (found.any && !claim_it(mysql, claim, &found, err))) {
            return false;
        }
    }
    *ret_message = found.won ? message : (struct flash_outbox_message){0};
    ret_message->alert.list = ret_message->list[0] ? ret_message->list : NULL;
    return true;
}

static bool put_off(struct flash_mysql *mysql, int64_t id, const struct flash_outbox_result *result,
                    struct flash_error *err)
{
    size_t len = strnlen(result->reason, REASON_MAX);
    const struct flash_value params[] = {flash_value_int(result->at_ms),
                                         flash_value_bytes(result->reason, len),
                                         flash_value_int(id)};
    return flash_mysql_exec(mysql,
                            "UPDATE alert_outbox SET next_try_ms = ?, last_error = ?"
                            " WHERE id = ? AND delivery = 'waiting'",
                            params, 3, NULL, err);
}

bool flash_outbox_mark(struct flash_mysql *mysql, int64_t id,
                       const struct flash_outbox_result *result, struct flash_error *err)
{
    if (result->end == FLASH_OUTBOX_LATER) {
        return put_off(mysql, id, result, err);
    }
    size_t len = strnlen(result->reason, REASON_MAX);
    const struct flash_value params[] = {
        flash_value_text(result->end == FLASH_OUTBOX_SENT ? "sent" : "given_up"),
        flash_value_int(result->at_ms), flash_value_bytes(result->reason, len),
        flash_value_int(id)};
    return flash_mysql_exec(mysql,
                            "UPDATE alert_outbox SET delivery = ?, ended_at_ms = ?, last_error = ?"
                            " WHERE id = ? AND delivery = 'waiting'",
                            params, 4, NULL, err);
}

static bool take_counts(const struct flash_value *cells, int count, void *arg)
{
    struct flash_outbox_counts *counts = arg;
    (void)count;
    *counts = (struct flash_outbox_counts){cells[0].number, cells[1].number};
    return false;
}

bool flash_outbox_count(struct flash_mysql *mysql, struct flash_outbox_counts *ret_counts,
                        struct flash_error *err)
{
    const struct flash_query query = {
        .sql = "SELECT (SELECT COUNT(*) FROM alert_outbox WHERE delivery = 'waiting'),"
               " (SELECT COUNT(*) FROM alert_state WHERE state = 'raised')",
        .column_count = 2,
        .row = take_counts,
        .arg = ret_counts,
    };
    return flash_mysql_connect(mysql, err) && flash_mysql_query(mysql, &query, err);
}

bool flash_outbox_prune(struct flash_mysql *mysql, int64_t before_ms, struct flash_error *err)
{
    const struct flash_value before = flash_value_int(before_ms);
    return flash_mysql_exec(mysql,
                            "DELETE FROM alert_outbox WHERE delivery IN ('sent', 'given_up')"
                            " AND ended_at_ms < ? ORDER BY id LIMIT 1000",
                            &before, 1, NULL, err);
}
