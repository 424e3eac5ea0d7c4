/* Lists in four formats; see output.h. A failed write is remembered by the stream, so it is asked
 * for once, at the end. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flash/csv.h"
#include "output.h"
#include "text.h"

#define BLOCK 500 /* rows of a table that are laid out together */
#define DIM "\033[2m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

struct flash_ctl_rows {
    struct flash_ctl_rows_start start;
    size_t count;  /* rows so far */
    json_t *block; /* of a table: rows not laid out yet */
    bool titled;   /* what comes before the rows was written */
    bool colours;
    int widths[FLASH_CTL_COLUMNS_MAX]; /* of a table, so far */
};

bool flash_ctl_wants_colours(FILE *out)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fileno(out)) && !(no && no[0]) && term && strcmp(term, "dumb") != 0;
}

static void csv_behind(const struct flash_ctl_rows *rows, int i)
{
    fputs(rows->start.columns[i + 1].member ? "," : FLASH_CSV_END, rows->start.out);
}

static void csv_titles(const struct flash_ctl_rows *rows)
{
    const struct flash_ctl_column *columns = rows->start.columns;
    for (int i = 0; columns[i].member; i++) {
        fputs(columns[i].member, rows->start.out); /* a name of ours needs no quotes */
        csv_behind(rows, i);
    }
}

static void csv_row(const struct flash_ctl_rows *rows, const json_t *row)
{
    const struct flash_ctl_column *columns = rows->start.columns;
    for (int i = 0; columns[i].member; i++) {
        flash_ctl_put_csv(flash_ctl_member(row, columns[i].member), rows->start.out);
        csv_behind(rows, i);
    }
}

/* ---- tables ---- */

static const char *colour_of(const char *word)
{
    static const struct {
        const char *words, *colour;
    } rows[] = {
        {"|open|ready|done|PAID|applied|yes|APPLIED|running|", GREEN},
        {"|sold-out|low|due|pending|planned|QUEUED|CREATED|closing|no answer|upcoming|", YELLOW},
        {"|not ready|missing|failed|FAILED|FENCED|refused|lost|no|", RED},
        {"|ended|closed|gone|EXPIRED|CANCELLED|RETURNED|unknown|", DIM},
    };
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "|%.60s|", word);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strstr(rows[i].words, wanted)) {
            return rows[i].colour;
        }
    }
    return "";
}

static bool shown(const struct flash_ctl_column *column)
{
    return column->cell != FLASH_CTL_ASIDE;
}

/* Whether a column of the table comes behind this one. */
static bool followed(const struct flash_ctl_column *column)
{
    for (column++; column->member; column++) {
        if (shown(column)) {
            return true;
        }
    }
    return false;
}

static void put_cell(const struct flash_ctl_rows *rows, int i, const char *text, bool title)
{
    FILE *out = rows->start.out;
    const struct flash_ctl_column *column = &rows->start.columns[i];
    int gap = rows->widths[i] - flash_ctl_text_width(text);
    bool right = column->cell == FLASH_CTL_NUMBER;
    const char *colour = title ? DIM : column->cell == FLASH_CTL_STATE_WORD ? colour_of(text) : "";
    colour = rows->colours ? colour : "";
    fprintf(out, "%*s%s", right && gap > 0 ? gap : 0, "", colour);
    flash_ctl_put_plain(text, out);
    fputs(colour[0] ? PLAIN : "", out);
    if (followed(column)) {
        fprintf(out, "%*s", !right && gap > 0 ? gap + 2 : 2, "");
    }
}

static char *cell_text(const struct flash_ctl_rows *rows, const json_t *row, int i)
{
    return flash_ctl_value_text(flash_ctl_member(row, rows->start.columns[i].member), "-");
}

static void widen(struct flash_ctl_rows *rows, int i)
{
    size_t at;
    json_t *row;
    int title = flash_ctl_text_width(rows->start.columns[i].title);
    rows->widths[i] = rows->widths[i] > title ? rows->widths[i] : title;
    json_array_foreach(rows->block, at, row)
    {
        char *text = cell_text(rows, row, i);
        int width = text ? flash_ctl_text_width(text) : 0;
        rows->widths[i] = width > rows->widths[i] ? width : rows->widths[i];
        free(text);
    }
}

static void table_line(const struct flash_ctl_rows *rows, const json_t *row)
{
    const struct flash_ctl_column *columns = rows->start.columns;
    for (int i = 0; columns[i].member; i++) {
        if (!shown(&columns[i])) {
            continue;
        }
        char *text = row ? cell_text(rows, row, i) : strdup(columns[i].title);
        put_cell(rows, i, text ? text : "", !row);
        free(text);
    }
    fputc('\n', rows->start.out);
}

/* What comes before the first row. */
static void put_head(struct flash_ctl_rows *rows)
{
    if (rows->titled) {
        return;
    }
    rows->titled = true;
    if (rows->start.format == FLASH_CTL_JSON) {
        fprintf(rows->start.out, "{\"%s\": [", rows->start.name);
    } else if (rows->start.format == FLASH_CTL_CSV) {
        csv_titles(rows);
    } else if (rows->start.format == FLASH_CTL_TABLE) {
        table_line(rows, NULL);
    }
}

static void lay_out(struct flash_ctl_rows *rows)
{
    size_t at;
    json_t *row;
    for (int i = 0; rows->start.columns[i].member; i++) {
        widen(rows, i);
    }
    put_head(rows);
    json_array_foreach(rows->block, at, row)
    {
        table_line(rows, row);
    }
    json_array_clear(rows->block);
}

/* ---- all formats ---- */

struct flash_ctl_rows *flash_ctl_rows_new(const struct flash_ctl_rows_start *start)
{
    struct flash_ctl_rows *rows = calloc(1, sizeof(*rows));
    json_t *block = json_array();
    if (!rows || !block) {
        free(rows);
        json_decref(block);
        return NULL;
    }
    *rows =
        (struct flash_ctl_rows){.start = *start,
                                .block = block,
                                .colours = start->colours || flash_ctl_wants_colours(start->out)};
    return rows;
}

void flash_ctl_rows_add(struct flash_ctl_rows *rows, json_t *row)
{
    FILE *out = rows->start.out;
    if (rows->start.format != FLASH_CTL_TABLE) {
        put_head(rows);
    }
    switch (rows->start.format) {
    case FLASH_CTL_TABLE:
        json_array_append(rows->block, row);
        if (json_array_size(rows->block) == BLOCK) {
            lay_out(rows);
        }
        break;
    case FLASH_CTL_JSON:
        fputs(rows->count ? ",\n " : "\n ", out);
        flash_ctl_put_json(row, JSON_COMPACT | JSON_REAL_PRECISION(15), out);
        break;
    case FLASH_CTL_JSONL:
        flash_ctl_put_json(row, JSON_COMPACT | JSON_REAL_PRECISION(15), out);
        fputc('\n', out);
        break;
    case FLASH_CTL_CSV:
        csv_row(rows, row);
        break;
    }
    rows->count++;
}

void flash_ctl_rows_flush(struct flash_ctl_rows *rows)
{
    if (rows->start.format == FLASH_CTL_TABLE) {
        lay_out(rows);
    }
    fflush(rows->start.out);
}

bool flash_ctl_rows_end(struct flash_ctl_rows *rows)
{
    if (!rows) {
        return true;
    }
    FILE *out = rows->start.out;
    if (rows->start.format == FLASH_CTL_TABLE) {
        lay_out(rows);
    }
    put_head(rows);
    if (rows->start.format == FLASH_CTL_JSON) {
        fputs(rows->count ? "\n]}\n" : "]}\n", out);
    }
    bool ok = fflush(out) == 0 && !ferror(out);
    if (!ok) {
        fprintf(stderr, "flashctl: not all of it could be written\n");
    }
    flash_ctl_rows_drop(rows);
    return ok;
}

void flash_ctl_rows_drop(struct flash_ctl_rows *rows)
{
    if (rows) {
        json_decref(rows->block);
        free(rows);
    }
}
