/* Rows of reconcile_run and reconcile_finding, by one description of columns for both formats; see
 * reconcile.h. In CSV, which has no place for it, the next page is a Link header. */
#include "reconcile.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/csv.h"
#include "flash/time.h"
#include "ledger.h"

enum kind {
    TEXT,
    NUMBER,
    NUMERAL, /* a number that is a name: a text of digits */
    TIME,
    ID,
};

struct column {
    const char *name;
    enum kind kind;
};

/* What is listed. The first column is the key that cursors name. */
struct list {
    const char *name, *path;
    const struct column *columns;
    int column_count;
};

static const struct column run_columns[] = {
    {"run_id", ID},         {"mode", TEXT},          {"state", TEXT},      {"operator", TEXT},
    {"generation", NUMBER}, {"plan_id", ID},         {"sku", NUMERAL},     {"started_at", TIME},
    {"ended_at", TIME},     {"skus", NUMBER},        {"entries", NUMBER},  {"settled", NUMBER},
    {"resent", NUMBER},     {"compensated", NUMBER}, {"findings", NUMBER}, {"exit_code", NUMBER},
    {"detail", TEXT},
};
static const struct list runs = {"runs", "/v1/reconcile/runs", run_columns, 17};
#define RUN_SELECT                                                                                 \
    "SELECT run_id, mode, state, operator, generation, plan_run_id, sku, started_at_ms, "          \
    "ended_at_ms, skus, entries, settled, resent, compensated, findings, exit_code, detail "       \
    "FROM reconcile_run "

static const struct column finding_columns[] = {
    {"finding_id", NUMERAL}, {"run_id", ID},       {"cause", TEXT},    {"state", TEXT},
    {"sku", NUMERAL},        {"entry_id", ID},     {"order_id", TEXT}, {"partition", NUMBER},
    {"offset", NUMBER},      {"quantity", NUMBER}, {"found_at", TIME}, {"updated_at", TIME},
    {"detail", TEXT},
};
static const struct list findings = {"findings", "/v1/reconcile/findings", finding_columns, 13};
#define FINDING_SELECT                                                                             \
    "SELECT id, run_id, cause, state, sku, entry_id, order_id, partition_no, kafka_offset, "       \
    "quantity, found_at_ms, updated_at_ms, detail FROM reconcile_finding WHERE id < ? "
#define FINDING_FILTER                                                                             \
    "AND (? = '' OR cause = ?) AND (? = '' OR state = ?) ORDER BY id DESC LIMIT ?"

struct reading {
    const struct list *list;
    const struct flash_query *query;
    int64_t limit;
    json_t *rows; /* owned, of the last attempt */
    bool more;    /* than the limit */
};

/* ---- reading ---- */

static json_t *id_json(struct flash_text bytes)
{
    struct flash_uuid id = {{0}};
    char text[FLASH_UUID_TEXT + 1];
    memcpy(id.bytes, bytes.at, bytes.len < sizeof(id.bytes) ? bytes.len : sizeof(id.bytes));
    flash_uuid_format(&id, text);
    return json_string(text);
}

static json_t *cell_json(enum kind kind, const struct flash_value *cell)
{
    char text[32];
    if (cell->null) {
        return json_null();
    }
    switch (kind) {
    case TEXT:
        return json_stringn(cell->bytes.at, cell->bytes.len);
    case ID:
        return id_json(cell->bytes);
    case NUMERAL:
        snprintf(text, sizeof(text), "%" PRId64, cell->number);
        return json_string(text);
    case TIME:
        flash_time_format_ms(cell->number, text);
        return json_string(text);
    case NUMBER:
        break;
    }
    return json_integer(cell->number);
}

static bool take_row(const struct flash_value *cells, int count, void *arg)
{
    struct reading *reading = arg;
    if ((int64_t)json_array_size(reading->rows) == reading->limit) {
        reading->more = true;
        return false;
    }
    json_t *row = json_object();
    for (int i = 0; i < count; i++) {
        const struct column *column = &reading->list->columns[i];
        json_object_set_new(row, column->name, cell_json(column->kind, &cells[i]));
    }
    json_array_append_new(reading->rows, row);
    return true;
}

static enum flash_work read_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct reading *reading = arg;
    struct flash_query query = *reading->query;
    query.column_count = reading->list->column_count;
    query.row = take_row;
    query.arg = reading;
    json_decref(reading->rows); /* of an earlier attempt */
    reading->rows = json_array();
    reading->more = false;
    return flash_mysql_query(mysql, &query, err) ? FLASH_WORK_LEAVE : FLASH_WORK_FAILED;
}

/* ---- answering ---- */

static void put_csv_row(FILE *out, const struct list *list, const json_t *row)
{
    for (int i = 0; i < list->column_count; i++) {
        const char *name = list->columns[i].name;
        const json_t *value = json_object_get(row, name);
        char number[32];
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        const char *text = json_is_integer(value) ? number : json_string_value(value);
        text = row ? text : name; /* no row: the names */
        (void)fwrite(",", 1, i > 0, out);
        flash_csv_cell(out, (struct flash_text){text ? text : "", text ? strlen(text) : 0});
    }
    (void)fwrite(FLASH_CSV_END, 1, strlen(FLASH_CSV_END), out);
}

/* Owned; NULL when memory is short. */
static char *csv_of(const struct reading *reading)
{
    char *text = NULL;
    size_t len = 0, i;
    const json_t *row;
    FILE *out = open_memstream(&text, &len);
    if (!out) {
        return NULL;
    }
    put_csv_row(out, reading->list, NULL);
    json_array_foreach(reading->rows, i, row)
    {
        put_csv_row(out, reading->list, row);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* The list's key of its last row. */
static const char *cursor_of(const struct reading *reading)
{
    const json_t *last = json_array_get(reading->rows, json_array_size(reading->rows) - 1);
    return json_string_value(json_object_get(last, reading->list->columns[0].name));
}

/* The same page's query, but for its cursor. */
static void write_link(const struct reading *reading, const struct flash_reconcile_form *form,
                       struct flash_answer *answer)
{
    char filters[4 * (FLASH_RECONCILE_WORD_MAX + 8)] = "", sku[32] = "",
                                                 run[FLASH_UUID_TEXT + 6] = "";
    const struct {
        const char *name, *value;
    } words[] = {{"cause", form->cause}, {"state", form->state}, {"mode", form->mode}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(filters);
        snprintf(filters + len, sizeof(filters) - len, "%s%s%s%s", words[i].value[0] ? "&" : "",
                 words[i].value[0] ? words[i].name : "", words[i].value[0] ? "=" : "",
                 words[i].value);
    }
    if (form->sku) {
        snprintf(sku, sizeof(sku), "&sku=%" PRId64, form->sku);
    }
    if (form->has_run) {
        memcpy(run, "&run=", 5);
        flash_uuid_format(&form->run, run + 5);
    }
    snprintf(answer->link, sizeof(answer->link), "%s?limit=%" PRId64 "%s%s%s&cursor=%s",
             reading->list->path, form->limit, filters, sku, run, cursor_of(reading));
}

static void answer_page(const struct reading *reading, const struct flash_reconcile_form *form,
                        struct flash_answer *answer)
{
    answer->status = 200;
    if (form->csv) {
        answer->type = "text/csv; charset=utf-8; header=present";
        answer->body = csv_of(reading);
        if (reading->more) {
            write_link(reading, form, answer);
        }
        return;
    }
    json_t *page = json_pack("{s:O}", reading->list->name, reading->rows);
    if (reading->more) {
        json_object_set_new(page, "next_cursor", json_string(cursor_of(reading)));
    }
    answer->body = json_dumps(page, JSON_COMPACT);
    json_decref(page);
}

/* ---- the jobs ---- */

static bool read_rows(struct flash_job *job, struct flash_stores *stores, struct reading *reading)
{
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_run(stores->mysql, read_work, reading, &err);
    job->answer.refusal = flash_ledger_refusal(end, job, &err);
    return job->answer.refusal == FLASH_REFUSE_NOTHING;
}

static struct flash_value id_value(const struct flash_uuid *id)
{
    return (struct flash_value){.type = FLASH_COLUMN_BYTES,
                                .bytes = {(const char *)id->bytes, sizeof(id->bytes)}};
}

void flash_reconcile_runs(struct flash_job *job, struct flash_stores *stores)
{
    const struct flash_reconcile_form *form = &job->form.reconcile;
    const struct flash_value params[] = {
        id_value(&form->before_run),   flash_value_text(form->mode),
        flash_value_text(form->mode),  flash_value_text(form->state),
        flash_value_text(form->state), flash_value_int(form->limit + 1),
    };
    const struct flash_query query = {
        .sql = RUN_SELECT "WHERE run_id < ? AND (? = '' OR mode = ?) AND (? = '' OR state = ?) "
                          "ORDER BY run_id DESC LIMIT ?",
        .params = params,
        .param_count = 6};
    struct reading reading = {&runs, &query, form->limit, NULL, false};
    if (read_rows(job, stores, &reading)) {
        answer_page(&reading, form, &job->answer);
    }
    json_decref(reading.rows);
}

void flash_reconcile_run(struct flash_job *job, struct flash_stores *stores)
{
    const struct flash_value id = id_value(&job->form.reconcile.run);
    const struct flash_query query = {
        .sql = RUN_SELECT "WHERE run_id = ?", .params = &id, .param_count = 1};
    struct reading reading = {&runs, &query, 1, NULL, false};
    if (read_rows(job, stores, &reading)) {
        const json_t *run = json_array_get(reading.rows, 0);
        job->answer.refusal = run ? FLASH_REFUSE_NOTHING : FLASH_REFUSE_NO_RUN;
        job->answer.status = 200;
        job->answer.body = run ? json_dumps(run, JSON_COMPACT) : NULL;
    }
    json_decref(reading.rows);
}

void flash_reconcile_findings(struct flash_job *job, struct flash_stores *stores)
{
    const struct flash_reconcile_form *form = &job->form.reconcile;
    struct flash_value params[8] = {flash_value_int(form->before_id)};
    struct flash_query query = {.sql = FINDING_SELECT FINDING_FILTER, .params = params};
    int count = 1;
    if (form->has_run && form->sku) {
        query.sql = FINDING_SELECT "AND run_id = ? AND sku = ? " FINDING_FILTER;
    } else if (form->has_run) {
        query.sql = FINDING_SELECT "AND run_id = ? " FINDING_FILTER;
    } else if (form->sku) {
        query.sql = FINDING_SELECT "AND sku = ? " FINDING_FILTER;
    }
    if (form->has_run) {
        params[count++] = id_value(&form->run);
    }
    if (form->sku) {
        params[count++] = flash_value_int(form->sku);
    }
    params[count++] = flash_value_text(form->cause);
    params[count++] = flash_value_text(form->cause);
    params[count++] = flash_value_text(form->state);
    params[count++] = flash_value_text(form->state);
    params[count++] = flash_value_int(form->limit + 1);
    query.param_count = count;
    struct reading reading = {&findings, &query, form->limit, NULL, false};
    if (read_rows(job, stores, &reading)) {
        answer_page(&reading, form, &job->answer);
    }
    json_decref(reading.rows);
}
