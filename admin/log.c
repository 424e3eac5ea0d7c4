/* Pages of the stock log; see log.h.
 *
 *     form ──log_rows──▶ rows of stock_log ──log_lines──▶ the lines of their reserve entries ──▶
 * page, cursor
 *
 * The cursor names the row that was given last, and of a row that was given in part the line. */
#include "log.h"

#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "listing.h"
#include "log_lines.h"

#define EXPORT_ROWS 1000 /* a piece of an export */
#define USER_LINES 2048  /* a page of an order or user: of each entry it may want one line only */

static const struct flash_page_column columns[FLASH_LOG_CELLS] = {
    {"log_id", FLASH_CELL_NUMERAL},
    {"at", FLASH_CELL_TIME},
    {"type", FLASH_CELL_WORD, flash_log_types, FLASH_LOG_TYPES},
    {"quantity", FLASH_CELL_NUMBER},
    {"available_before", FLASH_CELL_NUMBER},
    {"available_after", FLASH_CELL_NUMBER},
    {"order_id", FLASH_CELL_TEXT},
    {"user_id", FLASH_CELL_TEXT},
    {"line", FLASH_CELL_NUMBER},
    {"lines", FLASH_CELL_NUMBER},
    {"operator", FLASH_CELL_TEXT},
    {"reason", FLASH_CELL_TEXT},
    {"reference", FLASH_CELL_TEXT},
    {"version", FLASH_CELL_NUMBER},
    {"entry_id", FLASH_CELL_ID},
    {"product_id", FLASH_CELL_NUMERAL},
};
const struct flash_page_list flash_log_list = {"log", columns, FLASH_LOG_CELLS};

struct reading {
    const struct flash_job *job;
    int64_t limit;
    struct flash_log_rows rows;
    struct flash_log_lines lines;
    struct flash_page page;
    struct {
        int64_t ms, id, line;
    } last; /* that was given */
    bool found, more;
};

/* A line of a row: what differs from the row itself. */
struct line {
    int64_t number; /* -1: the row as a whole */
    int64_t quantity, before;
    const char *order_id, *user;
};

static struct flash_value text_or_null(const char *text)
{
    return text[0] ? flash_value_text(text) : flash_value_null();
}

/* False: the page is full. */
static bool put(struct reading *reading, const struct flash_log_row *row, const struct line *line)
{
    if (reading->page.rows == reading->limit) {
        reading->more = true;
        return false;
    }
    const struct flash_value cells[FLASH_LOG_CELLS] = {
        flash_value_int(row->id),
        flash_value_int(row->at_ms),
        flash_value_int(row->type),
        flash_value_int(line->quantity),
        flash_value_int(line->before),
        flash_value_int(line->before + line->quantity),
        text_or_null(line->order_id),
        text_or_null(line->user),
        line->number < 0 ? flash_value_null() : flash_value_int(line->number),
        flash_value_int(row->line_count),
        text_or_null(row->operator),
        text_or_null(row->reason),
        text_or_null(row->reference),
        row->inflow ? flash_value_int(row->inflow) : flash_value_null(),
        row->has_entry ? flash_value_uuid(&row->entry) : flash_value_null(),
        flash_value_int(reading->job->sku),
    };
    flash_page_put(&reading->page, cells);
    reading->last.ms = row->at_ms;
    reading->last.id = row->id;
    reading->last.line = line->number > 0 ? line->number : 0;
    return true;
}

/* The last line first, as rows are. */
static bool put_lines(struct reading *reading, const struct flash_log_row *row,
                      const struct flash_log_line *lines, size_t count)
{
    const struct flash_list_form *form = &reading->job->form.list;
    bool in_part = form->before_line > 0 && row->id == form->before_id;
    int64_t before = row->before;
    for (size_t i = 0; i < count; i++) {
        before -= lines[i].quantity;
    }
    for (size_t i = count; i > 0; i--) {
        const struct flash_log_line *at = &lines[i - 1];
        before += at->quantity;
        const struct line line = {at->number, -at->quantity, before, at->order_id, at->user};
        bool wanted = (!in_part || at->number < form->before_line) &&
                      (row->only_line < 0 || at->number == row->only_line);
        if (wanted && !put(reading, row, &line)) {
            return false;
        }
    }
    return true;
}

static bool put_row(struct reading *reading, const struct flash_log_row *row)
{
    size_t count = 0;
    const struct flash_log_line *lines =
        row->type == 1 && row->has_entry && reading->job->form.list.lines
            ? flash_log_lines_of(&reading->lines, &row->entry, &count)
            : NULL;
    if (lines) {
        return put_lines(reading, row, lines, count);
    }
    bool alone = row->type == 1 && row->line_count <= 1 && row->only_line >= 0;
    const struct line whole = {alone ? row->only_line : -1, row->quantity, row->before,
                               row->order_id, row->user};
    return put(reading, row, &whole);
}

static bool see(const struct flash_value *cells, int count, void *arg)
{
    (void)cells;
    (void)count;
    *(bool *)arg = true;
    return false;
}

/* Who has rows is known. */
static bool look_for_sku(struct flash_mysql *mysql, struct reading *reading,
                         struct flash_error *err)
{
    const struct flash_value sku = flash_value_int(reading->job->sku);
    const struct flash_query known = {.sql = "SELECT sku FROM stock WHERE sku = ?",
                                      .params = &sku,
                                      .param_count = 1,
                                      .column_count = 1,
                                      .row = see,
                                      .arg = &reading->found};
    reading->found = reading->rows.count > 0;
    return reading->found || flash_mysql_query(mysql, &known, err);
}

static enum flash_work read_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct reading *reading = arg;
    const struct flash_list_form *form = &reading->job->form.list;
    bool ok = flash_log_rows_read(mysql, &reading->rows, err) &&
              look_for_sku(mysql, reading, err) &&
              (!form->lines || flash_log_lines_read(mysql, &reading->rows, &reading->lines, err));
    return ok ? FLASH_WORK_LEAVE : FLASH_WORK_FAILED;
}

static void write_page(struct reading *reading, bool head)
{
    flash_page_begin(&reading->page, head);
    for (int i = 0; i < reading->rows.count; i++) {
        const struct flash_log_row *row = &reading->rows.rows[i];
        if (!put_row(reading, row)) {
            return;
        }
        reading->last.ms = row->at_ms; /* passed, even if no line of it was wanted */
        reading->last.id = row->id;
        reading->last.line = row->only_line > 0 ? row->only_line : 0;
    }
    reading->more = reading->rows.cut;
}

/* The page's text is the answer; an export's cursor goes on. */
static void answer_page(struct reading *reading, struct flash_job *job)
{
    struct flash_answer *answer = &job->answer;
    struct flash_list_form *form = &job->form.list;
    char cursor[FLASH_LIST_CURSOR_MAX + 1] = "";
    bool first = form->before_ms == INT64_MAX;
    write_page(reading, first || !form->whole);
    flash_list_cursor_log(reading->last.ms, reading->last.id, reading->last.line, cursor);
    answer->status = 200;
    answer->type = flash_page_type(form->format);
    answer->body = flash_page_end(&reading->page, reading->more ? cursor : NULL);
    if (form->whole) {
        answer->more = reading->more;
        form->before_ms = reading->last.ms;
        form->before_id = reading->last.id;
        form->before_line = reading->last.line;
    } else if (reading->more && form->format != FLASH_LIST_JSON) {
        flash_listing_link(job, cursor);
    }
}

/* Of all entries that one page looks into. A page that begins inside an entry leaves lines of it
 * out. */
static int64_t lines_max(const struct flash_list_form *form, int64_t limit)
{
    if (!form->lines) {
        return INT64_MAX;
    }
    return form->order_id[0] || form->user[0] ? USER_LINES : limit + FLASH_BATCH_LINES;
}

void flash_log_run(struct flash_job *job, struct flash_stores *stores)
{
    const struct flash_list_form *form = &job->form.list;
    struct reading reading = {.job = job,
                              .limit = form->whole ? EXPORT_ROWS : form->limit,
                              .page = {.list = &flash_log_list, .format = form->format}};
    struct flash_error err = {0};
    reading.rows.sku = job->sku;
    reading.rows.form = form;
    reading.rows.max = (int)reading.limit;
    reading.rows.lines_max = lines_max(form, reading.limit);
    reading.rows.rows = calloc((size_t)reading.limit, sizeof(*reading.rows.rows));
    if (!reading.rows.rows) {
        job->answer.refusal = FLASH_REFUSE_OVERLOADED;
        return;
    }
    enum flash_ledger_end end = flash_ledger_read(stores->mysql, read_work, &reading, &err);
    job->answer.refusal = flash_ledger_refusal(end, job, &err);
    if (job->answer.refusal == FLASH_REFUSE_NOTHING && !reading.found) {
        job->answer.refusal = FLASH_REFUSE_UNKNOWN_SKU;
    } else if (job->answer.refusal == FLASH_REFUSE_NOTHING) {
        answer_page(&reading, job);
    }
    flash_page_drop(&reading.page);
    flash_log_lines_free(&reading.lines);
    free(reading.rows.rows);
}
