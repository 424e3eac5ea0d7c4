/* Pages of rows; see page.h. */
#include "page.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "flash/csv.h"
#include "flash/put.h"
#include "flash/time.h"
#include "page_text.h"

#define CELL_TEXT 64 /* bytes of what is no text: numbers, times, ids */
#define COUNT(rows) (int)(sizeof(rows) / sizeof((rows)[0]))

enum flash_list_format flash_page_format(struct flash_text accept)
{
    static const struct {
        const char *type;
        enum flash_list_format format;
    } rows[] = {
        {"application/json", FLASH_LIST_JSON},
        {"text/csv", FLASH_LIST_CSV},
        {"application/jsonl", FLASH_LIST_JSONL},
        {"application/x-ndjson", FLASH_LIST_JSONL},
    };
    const char *first = NULL;
    enum flash_list_format format = FLASH_LIST_JSON;
    for (int i = 0; i < COUNT(rows); i++) {
        size_t len = strlen(rows[i].type);
        const char *at = accept.at ? memmem(accept.at, accept.len, rows[i].type, len) : NULL;
        const char *behind = at ? at + len : NULL; /* application/json is no application/jsonl */
        bool whole = at && (behind == accept.at + accept.len || strchr(",; \t", *behind));
        if (whole && (!first || at < first)) {
            first = at;
            format = rows[i].format;
        }
    }
    return format;
}

const char *flash_page_type(enum flash_list_format format)
{
    static const char *const types[] = {
        [FLASH_LIST_JSON] = "application/json",
        [FLASH_LIST_CSV] = "text/csv; charset=utf-8; header=present",
        [FLASH_LIST_JSONL] = "application/jsonl",
    };
    return types[format];
}

/* ---- cells ---- */

/* What a cell is shown as: a text, if text is not NULL; else a number or a truth. */
struct shown {
    bool null;
    const char *text;
    size_t len;
    int64_t number;
    char made[CELL_TEXT];
};

static void show_id(struct shown *shown, struct flash_text bytes)
{
    struct flash_uuid id = {{0}};
    memcpy(id.bytes, bytes.at, bytes.len < sizeof(id.bytes) ? bytes.len : sizeof(id.bytes));
    flash_uuid_format(&id, shown->made);
}

static void show_word(struct shown *shown, const struct flash_page_column *column, int64_t code)
{
    const char *word = code >= 0 && code < column->word_count ? column->words[code] : NULL;
    shown->null = !word;
    shown->text = word ? word : "";
}

static void show(struct shown *shown, const struct flash_page_column *column,
                 const struct flash_value *cell)
{
    shown->null = cell->null;
    shown->number = cell->number;
    shown->text = shown->made;
    shown->len = 0;
    if (cell->null) {
        return;
    }
    switch (column->kind) {
    case FLASH_CELL_TEXT:
        shown->text = cell->bytes.at;
        shown->len = cell->bytes.len;
        return;
    case FLASH_CELL_NUMBER:
    case FLASH_CELL_FLAG:
        shown->text = NULL;
        return;
    case FLASH_CELL_NUMERAL:
        *flash_put_signed(shown->made, cell->number) = '\0';
        break;
    case FLASH_CELL_TIME:
        flash_time_format_ms(cell->number, shown->made);
        break;
    case FLASH_CELL_TIME_S:
        shown->null = cell->number == 0;
        flash_time_format_ms(cell->number * 1000, shown->made);
        break;
    case FLASH_CELL_ID:
        show_id(shown, cell->bytes);
        break;
    case FLASH_CELL_WORD:
        show_word(shown, column, cell->number);
        break;
    }
    shown->len = strlen(shown->text);
}

/* Of a row as JSON, at most. */
static size_t row_max(const struct flash_page *page, const struct flash_value *cells)
{
    size_t size = 2;
    for (int i = 0; i < page->list->column_count; i++) {
        const struct flash_page_column *column = &page->list->columns[i];
        size_t text = column->kind == FLASH_CELL_TEXT && !cells[i].null ? cells[i].bytes.len : 0;
        size += strlen(column->name) + 4 + CELL_TEXT + flash_page_string_max(text);
    }
    return size;
}

/* Room for a row; NULL: memory is short. */
static char *row_room(struct flash_page *page, size_t size)
{
    if (size > page->row_size) {
        char *row = realloc(page->row, 2 * size);
        if (!row) {
            return NULL;
        }
        page->row = row;
        page->row_size = 2 * size;
    }
    return page->row;
}

static char *put_value(char *out, const struct shown *shown, enum flash_cell_kind kind)
{
    static const char *const truths[] = {"false", "true"};
    assert(kind == FLASH_CELL_TEXT || shown->len < CELL_TEXT);
    if (shown->null) {
        return FLASH_PUT_LITERAL(out, "null");
    }
    if (shown->text) {
        return flash_page_put_string(out, (struct flash_text){shown->text, shown->len});
    }
    if (kind == FLASH_CELL_FLAG) {
        return flash_put_text(out, truths[shown->number != 0]);
    }
    return flash_put_signed(out, shown->number);
}

static void put_json(struct flash_page *page, const struct flash_value *cells)
{
    struct shown shown;
    char *row = row_room(page, row_max(page, cells)), *out = row;
    if (!row) {
        page->failed = true;
        return;
    }
    for (int i = 0; i < page->list->column_count; i++) {
        const struct flash_page_column *column = &page->list->columns[i];
        show(&shown, column, &cells[i]);
        *out++ = i == 0 ? '{' : ',';
        *out++ = '"';
        out = flash_put_text(out, column->name);
        out = FLASH_PUT_LITERAL(out, "\":");
        out = put_value(out, &shown, column->kind);
    }
    *out++ = '}';
    (void)fwrite(row, 1, (size_t)(out - row), page->out);
}

static void put_text(struct flash_page *page, const char *text)
{
    (void)fwrite(text, 1, strlen(text), page->out);
}

static void put_csv(struct flash_page *page, const struct flash_value *cells)
{
    struct shown shown;
    for (int i = 0; i < page->list->column_count; i++) {
        const struct flash_page_column *column = &page->list->columns[i];
        (void)fwrite(",", 1, i > 0, page->out);
        if (!cells) {
            flash_csv_cell(page->out, (struct flash_text){column->name, strlen(column->name)});
            continue;
        }
        show(&shown, column, &cells[i]);
        bool flag = column->kind == FLASH_CELL_FLAG;
        if (!shown.null && !shown.text) {
            *flash_put_signed(shown.made, shown.number) = '\0';
            shown.text = flag ? (shown.number ? "true" : "false") : shown.made;
            shown.len = strlen(shown.text);
        }
        const struct flash_text text = {shown.null ? "" : shown.text, shown.null ? 0 : shown.len};
        (column->kind == FLASH_CELL_TEXT ? flash_csv_text : flash_csv_cell)(page->out, text);
    }
    put_text(page, FLASH_CSV_END);
}

/* ---- a page ---- */

static void row_free(struct flash_page *page)
{
    free(page->row);
    page->row = NULL;
    page->row_size = 0;
}

void flash_page_begin(struct flash_page *page, bool head)
{
    flash_page_drop(page);
    page->rows = 0;
    page->failed = false;
    page->out = open_memstream(&page->text, &page->len);
    if (!page->out) {
        return;
    }
    if (page->format == FLASH_LIST_JSON) {
        put_text(page, "{\"");
        put_text(page, page->list->name);
        put_text(page, "\":[");
    } else if (page->format == FLASH_LIST_CSV && head) {
        put_csv(page, NULL);
    }
}

void flash_page_put(struct flash_page *page, const struct flash_value *cells)
{
    if (!page->out) {
        return;
    }
    if (page->format == FLASH_LIST_CSV) {
        put_csv(page, cells);
    } else {
        (void)fwrite(",", 1, page->format == FLASH_LIST_JSON && page->rows > 0, page->out);
        put_json(page, cells);
        (void)fwrite("\n", 1, page->format == FLASH_LIST_JSONL, page->out);
    }
    page->rows++;
}

char *flash_page_end(struct flash_page *page, const char *cursor)
{
    if (!page->out) {
        return NULL;
    }
    if (page->format == FLASH_LIST_JSON) {
        put_text(page, cursor ? "],\"next_cursor\":\"" : "]");
        put_text(page, cursor ? cursor : "");
        put_text(page, cursor ? "\"}" : "}");
    }
    bool whole = !ferror(page->out) && !page->failed;
    whole = fclose(page->out) == 0 && whole;
    char *text = page->text;
    page->out = NULL;
    page->text = NULL;
    row_free(page);
    if (!whole) {
        free(text);
        text = NULL;
    }
    return text;
}

void flash_page_drop(struct flash_page *page)
{
    if (page->out) {
        (void)fclose(page->out);
        free(page->text);
        page->out = NULL;
        page->text = NULL;
    }
    row_free(page);
}
