/* Sections as tables, laid out by libsmartcols; see output.h. It measures wide characters, and
 * shows what a terminal must not be sent (control characters) as \x.. */
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output_internal.h"

#define NAME_MAX_LEN 64

struct flash_output_table {
    struct libscols_table *scols;
};

/* On a terminal; what is in no row has no colour. */
static const struct {
    const char *word, *colour;
} colours[] = {
    {"open", "red"},       {"refused", "red"},   {"failed", "red"},     {"stale", "red"},
    {"stopped", "red"},    {"missing", "red"},   {"planned", "yellow"}, {"running", "yellow"},
    {"waiting", "yellow"}, {"applied", "green"}, {"done", "green"},     {"there", "green"},
};

static const char *colour_of(const char *word)
{
    for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++) {
        if (strcmp(colours[i].word, word) == 0) {
            return colours[i].colour;
        }
    }
    return NULL;
}

/* "oldest_age_ms" of a column AGE: "oldest age". */
static void title_of(const char *name, bool age, char ret_title[NAME_MAX_LEN])
{
    size_t len = strlen(name);
    if (age && len > 3 && strcmp(name + len - 3, "_ms") == 0) {
        len -= 3;
    }
    snprintf(ret_title, NAME_MAX_LEN, "%.*s", (int)len, name);
    for (char *at = ret_title; *at; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
}

void flash_output_table_free(struct flash_output_table *table)
{
    if (table) {
        scols_unref_table(table->scols);
        free(table);
    }
}

static bool add_columns(struct flash_output *output, struct libscols_table *scols)
{
    const struct flash_output_section *section = output->section;
    if (section->one) { /* the names, and what they are */
        return scols_table_new_column(scols, "", 0, 0) &&
               scols_table_new_column(scols, "", 0, SCOLS_FL_WRAP);
    }
    for (int i = 0; i < section->column_count; i++) {
        const struct flash_output_column *column = &section->columns[i];
        char title[NAME_MAX_LEN];
        bool right = column->kind == FLASH_OUTPUT_NUMBER || column->kind == FLASH_OUTPUT_AGE;
        int flags = (right ? SCOLS_FL_RIGHT : 0) | (column->yields ? SCOLS_FL_TRUNC : 0);
        title_of(column->name, column->kind == FLASH_OUTPUT_AGE, title);
        struct libscols_column *made = scols_table_new_column(scols, title, 0, flags);
        if (!made) {
            return false;
        }
        (void)scols_cell_set_color(scols_column_get_header(made), "bold");
    }
    return true;
}

void flash_output_table_begin(struct flash_output *output)
{
    bool terminal = isatty(fileno(output->out));
    struct flash_output_table *table = calloc(1, sizeof(*table));
    flash_output_table_free(output->table);
    output->table = table;
    if (!table || !(table->scols = scols_new_table()) || !add_columns(output, table->scols)) {
        output->failed = true;
        return;
    }
    scols_table_set_stream(table->scols, output->out);
    scols_table_set_termforce(table->scols,
                              terminal ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
    scols_table_enable_colors(table->scols, output->colours);
    scols_table_enable_noheadings(table->scols, output->section->one);
}

/* Fills column n of line. */
static bool fill(struct libscols_line *line, size_t n, const struct flash_output_column *column,
                 const char *text)
{
    const char *colour = column->kind == FLASH_OUTPUT_WORD ? colour_of(text) : NULL;
    return scols_line_set_data(line, n, text) == 0 &&
           (!colour || scols_cell_set_color(scols_line_get_cell(line, n), colour) == 0);
}

/* A line a value. */
static bool add_lines(struct flash_output *output, const struct flash_output_cell *cells)
{
    const struct flash_output_section *section = output->section;
    for (int i = 0; i < section->column_count; i++) {
        const struct flash_output_column *column = &section->columns[i];
        char text[FLASH_OUTPUT_CELL], title[NAME_MAX_LEN];
        struct libscols_line *line = scols_table_new_line(output->table->scols, NULL);
        title_of(column->name, column->kind == FLASH_OUTPUT_AGE, title);
        flash_output_cell_text(column, &cells[i], true, text);
        if (!line || scols_line_set_data(line, 0, title) != 0 || !fill(line, 1, column, text)) {
            return false;
        }
    }
    return true;
}

static bool add_line(struct flash_output *output, const struct flash_output_cell *cells)
{
    const struct flash_output_section *section = output->section;
    struct libscols_line *line = scols_table_new_line(output->table->scols, NULL);
    bool ok = line != NULL;
    for (int i = 0; ok && i < section->column_count; i++) {
        char text[FLASH_OUTPUT_CELL];
        flash_output_cell_text(&section->columns[i], &cells[i], true, text);
        ok = fill(line, (size_t)i, &section->columns[i], text);
    }
    return ok;
}

void flash_output_table_row(struct flash_output *output, const struct flash_output_cell *cells)
{
    if (output->failed || output->rows > FLASH_OUTPUT_TABLE_ROWS) {
        return;
    }
    bool ok = output->section->one ? add_lines(output, cells) : add_line(output, cells);
    output->failed = !ok;
}

static void put(struct flash_output *output, const char *text)
{
    (void)fwrite(text, 1, strlen(text), output->out);
}

void flash_output_table_end(struct flash_output *output)
{
    char title[NAME_MAX_LEN], more[96];
    title_of(output->section->name, false, title);
    if (output->sections > 1) {
        put(output, "\n");
    }
    put(output, title);
    if (output->rows == 0) {
        put(output, ": none\n");
        return;
    }
    put(output, "\n");
    if (output->failed || scols_print_table(output->table->scols) != 0) {
        output->failed = true;
        return;
    }
    if (output->rows > FLASH_OUTPUT_TABLE_ROWS) {
        snprintf(more, sizeof(more),
                 "and %" PRId64 " more: --output jsonl or csv has all of them\n",
                 output->rows - FLASH_OUTPUT_TABLE_ROWS);
        put(output, more);
    }
}
