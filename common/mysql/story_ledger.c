/* The half of an order's story that the ledger tells; see flash/mysql_story.h. Rows that name an
 * order are found by their keys, but for stock_log, dead_letter and findings, whose part of the SKU
 * is read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flash/mysql_story.h"
#include "flash/mysql_value.h"
#include "flash/utf8.h"

#define ENTRIES_MAX 64 /* of the order, whose verdicts are looked up */
#define ROWS_MAX "50"  /* of dead letters and findings */

static const char *const types[] = {
    [1] = "reserve", [2] = "pay",    [3] = "cancel",  [4] = "expire",   [5] = "return",
    [6] = "take",    [7] = "marker", [11] = "create", [12] = "restock", [13] = "adjust",
};

static const char *type_word(int64_t code)
{
    bool known = code >= 0 && code < (int64_t)(sizeof(types) / sizeof(types[0])) && types[code];
    return known ? types[code] : "unknown";
}

static void take_entry(struct flash_story_step *step, const struct flash_value *cell)
{
    step->has_entry = !cell->null && cell->bytes.len == sizeof(step->entry.bytes);
    if (step->has_entry) {
        memcpy(step->entry.bytes, cell->bytes.at, sizeof(step->entry.bytes));
    }
}

static void take_place(struct flash_story_step *step, const struct flash_value *partition,
                       const struct flash_value *offset)
{
    step->partition = partition->null ? -1 : (int)partition->number;
    step->offset = offset->null ? -1 : offset->number;
}

/* The text of a cell for a detail: cut, without controls. */
static const char *words_of(const struct flash_value *cell, char out[128])
{
    size_t len = 0;
    for (size_t at = 0; !cell->null && at < cell->bytes.len && len < 120;) {
        size_t step = flash_utf8_len(cell->bytes.at + at, cell->bytes.len - at);
        bool odd = step == 0 || (unsigned char)cell->bytes.at[at] < 0x20;
        memcpy(out + len, odd ? "?" : cell->bytes.at + at, odd ? 1 : step);
        len += odd ? 1 : step;
        at += step ? step : 1;
    }
    out[len] = '\0';
    return out;
}

/* ---- rows, a function a table ---- */

static bool take_row(const struct flash_value *cells, int count, void *arg)
{
    struct flash_story *story = arg;
    struct flash_story_step step = flash_story_step_of("ledger", "row", FLASH_STORY_THERE);
    char payment[128];
    (void)count;
    story->ledger = flash_state_from_ledger_code(cells[0].number);
    story->ledger_version = cells[1].number;
    story->quantity = cells[2].number;
    story->due_s = cells[4].number;
    snprintf(story->user, sizeof(story->user), "%.*s", (int)cells[3].bytes.len, cells[3].bytes.at);
    step.at_ms = cells[7].number;
    take_entry(&step, &cells[5]);
    const char *reason = flash_state_reason(story->ledger);
    flash_story_add(story, &step,
                    "%s%s%s, version %" PRId64 ", of %" PRId64 ", user %s, line %" PRId64 "%s%s",
                    flash_state_name(story->ledger), reason ? " " : "", reason ? reason : "",
                    story->ledger_version, story->quantity, story->user, cells[6].number + 1,
                    cells[8].null ? "" : ", paid by ", words_of(&cells[8], payment));
    return true;
}

static bool take_log(const struct flash_value *cells, int count, void *arg)
{
    struct flash_story_step step = flash_story_step_of("ledger", "log", FLASH_STORY_THERE);
    (void)count;
    take_entry(&step, &cells[0]);
    step.at_ms = cells[5].number;
    step.log_id = cells[7].number;
    flash_story_add(arg, &step, "%s of %" PRId64 " %s: available %" PRId64 " to %" PRId64,
                    type_word(cells[1].number), cells[6].number,
                    cells[6].number == 1 ? "line" : "lines", cells[3].number, cells[4].number);
    return true;
}

static bool take_refund(const struct flash_value *cells, int count, void *arg)
{
    struct flash_story_step step = flash_story_step_of("ledger", "refund", FLASH_STORY_THERE);
    char payment[128], reference[128];
    (void)count;
    take_entry(&step, &cells[1]);
    step.at_ms = cells[3].number;
    flash_story_add(arg, &step, "payment %s met %s: %s%s", words_of(&cells[0], payment),
                    flash_state_name(flash_state_from_ledger_code(cells[2].number)),
                    cells[4].null ? "to be given back" : "given back, reference ",
                    words_of(&cells[5], reference));
    return true;
}

static bool take_parked(const struct flash_value *cells, int count, void *arg)
{
    struct flash_story_step step = flash_story_step_of("ledger", "parked", FLASH_STORY_WAITING);
    (void)count;
    take_entry(&step, &cells[0]);
    take_place(&step, &cells[2], &cells[3]);
    step.at_ms = cells[5].number;
    flash_story_add(arg, &step, "%s from version %" PRId64 ": waits for its predecessor",
                    type_word(cells[1].number), cells[4].number);
    return true;
}

static bool take_dead(const struct flash_value *cells, int count, void *arg)
{
    struct flash_story_step step = flash_story_step_of("ledger", "dead", FLASH_STORY_MISSING);
    char reason[128];
    (void)count;
    take_place(&step, &cells[0], &cells[1]);
    step.at_ms = cells[3].number;
    flash_story_add(arg, &step, "a message that names it could not be applied: %s",
                    words_of(&cells[2], reason));
    return true;
}

static bool take_finding(const struct flash_value *cells, int count, void *arg)
{
    struct flash_story_step step = flash_story_step_of("ledger", "finding", FLASH_STORY_THERE);
    char cause[128], state[128], detail[128];
    (void)count;
    take_entry(&step, &cells[2]);
    take_place(&step, &cells[3], &cells[4]);
    step.at_ms = cells[6].number;
    flash_story_add(arg, &step, "%s, %s: %s", words_of(&cells[0], cause),
                    words_of(&cells[1], state), words_of(&cells[5], detail));
    return true;
}

static bool take_verdict(const struct flash_value *cells, int count, void *arg)
{
    struct flash_story_step step = flash_story_step_of("ledger", "verdict", FLASH_STORY_THERE);
    bool fenced = cells[2].number == 2;
    (void)count;
    take_entry(&step, &cells[0]);
    take_place(&step, &cells[5], &cells[6]);
    step.at_ms = cells[7].number;
    step.offset = step.partition < 0 ? -1 : step.offset;
    flash_story_add(arg, &step, "%s of %" PRId64 ": %s%s, generation %" PRId64 "%s",
                    type_word(cells[1].number), cells[8].number, fenced ? "FENCED" : "APPLIED",
                    cells[3].number ? ", clean"
                    : fenced        ? ""
                                    : ", mixed",
                    cells[4].number, step.partition < 0 ? ": never met in Kafka" : "");
    return true;
}

/* ---- the queries ---- */

enum parameter { ORDER, SKU, REF, ENTRY };

static const struct {
    const char *sql;
    enum parameter parameters[3];
    int parameter_count, column_count;
    flash_mysql_row row;
} queries[] = {
    {"SELECT state, version, qty, user_id, due, entry_id, line_no, updated_at_ms, payment_id "
     "FROM reservation WHERE order_id = ?",
     {ORDER},
     1,
     9,
     take_row},
    {"SELECT entry_id, type, quantity, available_before, available_after, created_at_ms, "
     "line_count, id FROM stock_log WHERE sku = ? AND (order_id = ? OR entry_id = ?) ORDER BY id",
     {SKU, ORDER, ENTRY},
     3,
     8,
     take_log},
    {"SELECT payment_id, entry_id, state_met, created_at_ms, done_at_ms, done_reference "
     "FROM refund WHERE order_id = ?",
     {ORDER},
     1,
     6,
     take_refund},
    {"SELECT entry_id, type, partition_no, kafka_offset, from_version, parked_at_ms "
     "FROM parked WHERE order_id = ?",
     {ORDER},
     1,
     6,
     take_parked},
    {"SELECT partition_no, kafka_offset, reason, created_at_ms FROM dead_letter "
     "WHERE LOCATE(?, value) > 0 ORDER BY id DESC LIMIT " ROWS_MAX,
     {REF},
     1,
     4,
     take_dead},
    {"SELECT cause, state, entry_id, partition_no, kafka_offset, detail, found_at_ms "
     "FROM reconcile_finding WHERE sku = ? AND (order_id = ? OR entry_id = ?) "
     "ORDER BY id DESC LIMIT " ROWS_MAX,
     {SKU, ORDER, ENTRY},
     3,
     7,
     take_finding},
};

/* The entry that made the order, as far as it is known; else one that none has. */
static struct flash_value maker_of(const struct flash_story *story)
{
    static const struct flash_uuid none;
    const struct flash_uuid *entry = &none;
    for (int i = 0; i < story->step_count; i++) {
        const struct flash_story_step *step = &story->steps[i];
        if (step->has_entry && (strcmp(step->what, "row") == 0 || entry == &none)) {
            entry = &step->entry;
        }
    }
    return flash_value_uuid(entry);
}

static bool run_queries(struct flash_story *story, struct flash_mysql *mysql,
                        struct flash_error *err)
{
    char quoted[FLASH_REF_MAX + 3];
    int len = snprintf(quoted, sizeof(quoted), "\"%.*s\"", (int)story->ref.len, story->ref.at);
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        const struct flash_value values[] = {
            [ORDER] = flash_value_text(story->order_id),
            [SKU] = {.type = FLASH_COLUMN_INT, .number = story->sku},
            [REF] = flash_value_bytes(quoted, (size_t)len),
            [ENTRY] = maker_of(story),
        };
        struct flash_value params[3];
        for (int j = 0; j < queries[i].parameter_count; j++) {
            params[j] = values[queries[i].parameters[j]];
        }
        const struct flash_query query = {.sql = queries[i].sql,
                                          .params = params,
                                          .param_count = queries[i].parameter_count,
                                          .column_count = queries[i].column_count,
                                          .row = queries[i].row,
                                          .arg = story};
        if (!flash_mysql_query(mysql, &query, err)) {
            return false;
        }
    }
    return true;
}

/* The verdicts of all entries met so far. */
static bool read_verdicts(struct flash_story *story, struct flash_mysql *mysql,
                          struct flash_error *err)
{
    struct flash_value keys[ENTRIES_MAX];
    int count = 0;
    for (int i = 0; i < story->step_count && count < ENTRIES_MAX; i++) {
        const struct flash_story_step *step = &story->steps[i];
        bool again = !step->has_entry;
        for (int j = 0; j < count && !again; j++) {
            again = memcmp(keys[j].bytes.at, step->entry.bytes, sizeof(step->entry.bytes)) == 0;
        }
        if (!again) {
            keys[count++] = flash_value_uuid(&step->entry);
        }
    }
    const struct flash_query_in query = {
        .sql = "SELECT entry_id, type, verdict, clean, generation, partition_no, kafka_offset, "
               "applied_at_ms, line_count FROM verdict WHERE entry_id IN (%s)",
        .keys = keys,
        .key_count = count,
        .column_count = 9,
        .row = take_verdict,
        .arg = story,
    };
    return flash_mysql_query_in(mysql, &query, err);
}

bool flash_story_from_ledger(struct flash_story *story, void *mysql, struct flash_error *err)
{
    return flash_mysql_connect(mysql, err) && run_queries(story, mysql, err) &&
           read_verdicts(story, mysql, err);
}
