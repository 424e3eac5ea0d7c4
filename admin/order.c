/* An order's row and its entry's verdict, from one snapshot, as JSON; see order.h. */
#include "order.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "flash/state.h"
#include "flash/time.h"
#include "ledger.h"

static const char order_query[] =
    "SELECT r.sku, r.user_id, r.qty, r.state, r.version, r.due, r.entry_id, r.line_no, "
    "r.updated_at_ms, v.verdict, v.clean, v.generation, v.stream_us, v.line_count, "
    "v.partition_no, v.kafka_offset, v.applied_at_ms, r.payment_id "
    "FROM reservation r LEFT JOIN verdict v ON v.entry_id = r.entry_id WHERE r.order_id = ?";

enum order_column {
    SKU,
    USER,
    QUANTITY,
    STATE,
    VERSION,
    DUE,
    ENTRY,
    LINE,
    UPDATED,
    VERDICT,
    CLEAN,
    GENERATION,
    STREAM_US,
    LINES,
    PARTITION,
    OFFSET,
    APPLIED,
    PAYMENT,
    ORDER_COLUMNS,
};

struct showing {
    const char *order_id;
    json_t *order; /* owned; NULL: not found */
    int64_t version;
};

static json_t *time_json(int64_t ms)
{
    char text[FLASH_TIME_TEXT];
    flash_time_format_ms(ms, text);
    return json_string(text);
}

static json_t *entry_json(const struct flash_value *cells)
{
    struct flash_uuid uuid = {{0}};
    char id[FLASH_UUID_TEXT + 1];
    size_t len = cells[ENTRY].bytes.len;
    if (len) {
        memcpy(uuid.bytes, cells[ENTRY].bytes.at, len < sizeof(uuid) ? len : sizeof(uuid));
    }
    flash_uuid_format(&uuid, id);
    json_t *entry = json_pack("{s:s, s:I}", "id", id, "line", (json_int_t)cells[LINE].number);
    if (cells[VERDICT].null) {
        return entry; /* a row without a verdict: the audit's business, shown as it is */
    }
    bool fenced = cells[VERDICT].number == 2;
    json_object_set_new(entry, "verdict", json_string(fenced ? "FENCED" : "APPLIED"));
    json_object_set_new(entry, "clean", json_boolean(cells[CLEAN].number));
    json_object_set_new(entry, "generation", json_integer(cells[GENERATION].number));
    json_object_set_new(entry, "lines", json_integer(cells[LINES].number));
    json_object_set_new(entry, "accepted_at", time_json(cells[STREAM_US].number / 1000));
    json_object_set_new(entry, "applied_at", time_json(cells[APPLIED].number));
    if (cells[PARTITION].number >= 0) { /* else it never was in Kafka */
        json_object_set_new(entry, "partition", json_integer(cells[PARTITION].number));
        json_object_set_new(entry, "offset", json_integer(cells[OFFSET].number));
    }
    return entry;
}

static bool take_order(const struct flash_value *cells, int count, void *arg)
{
    struct showing *showing = arg;
    (void)count;
    enum flash_state state = flash_state_from_ledger_code(cells[STATE].number);
    const char *reason = flash_state_reason(state);
    char sku[FLASH_SKU_TEXT_MAX + 1];
    snprintf(sku, sizeof(sku), "%" PRId64, cells[SKU].number);
    json_t *order = json_pack(
        "{s:s, s:s, s:s%, s:I, s:s, s:I}", "order_id", showing->order_id, "sku", sku, "user_id",
        cells[USER].bytes.at, cells[USER].bytes.len, "quantity", (json_int_t)cells[QUANTITY].number,
        "status", flash_state_name(state), "version", (json_int_t)cells[VERSION].number);
    if (reason) {
        json_object_set_new(order, "reason", json_string(reason));
    }
    if (cells[DUE].number > 0) {
        json_object_set_new(order, "pay_by", time_json(cells[DUE].number * 1000));
    }
    if (!cells[PAYMENT].null) {
        json_object_set_new(order, "payment_id",
                            json_stringn(cells[PAYMENT].bytes.at, cells[PAYMENT].bytes.len));
    }
    json_object_set_new(order, "updated_at", time_json(cells[UPDATED].number));
    json_object_set_new(order, "entry", entry_json(cells));
    json_decref(showing->order); /* of an earlier run */
    showing->order = order;
    showing->version = cells[VERSION].number;
    return true;
}

static enum flash_work read_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct showing *showing = arg;
    const struct flash_value key = flash_value_text(showing->order_id);
    const struct flash_query query = {.sql = order_query,
                                      .params = &key,
                                      .param_count = 1,
                                      .column_count = ORDER_COLUMNS,
                                      .row = take_order,
                                      .arg = showing};
    return flash_mysql_query(mysql, &query, err) ? FLASH_WORK_LEAVE : FLASH_WORK_FAILED;
}

void flash_order_show(struct flash_job *job, struct flash_stores *stores)
{
    struct showing showing = {.order_id = job->form.order_id};
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_read(stores->mysql, read_work, &showing, &err);
    job->answer.refusal = flash_ledger_refusal(end, job, &err);
    if (job->answer.refusal == FLASH_REFUSE_NOTHING && !showing.order) {
        job->answer.refusal = FLASH_REFUSE_NO_ORDER;
    } else if (job->answer.refusal == FLASH_REFUSE_NOTHING) {
        job->answer.status = 200;
        job->answer.version = showing.version;
        job->answer.whole = true;
        job->answer.body = json_dumps(showing.order, JSON_COMPACT);
    }
    json_decref(showing.order);
}
