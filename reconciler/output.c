/* Documents in JSON, JSON lines and CSV, and the way into tables; see output.h. A failed write is
 * remembered by the stream, so it is asked for once, at the end. */
#include "output.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flash/csv.h"
#include "output_internal.h"

static void put(struct flash_output *output, const char *text)
{
    (void)fwrite(text, 1, strlen(text), output->out);
}

static void put_json(struct flash_output *output, json_t *json)
{
    if (!json || json_dumpf(json, output->out, JSON_COMPACT) != 0) {
        output->failed = true;
    }
    json_decref(json);
}

static json_t *row_json(const struct flash_output *output, const struct flash_output_cell *cells)
{
    const struct flash_output_section *section = output->section;
    json_t *row = json_object();
    for (int i = 0; i < section->column_count; i++) {
        const struct flash_output_column *column = &section->columns[i];
        if (json_object_set_new(row, column->name, flash_output_cell_json(column, &cells[i])) !=
            0) {
            json_decref(row);
            return NULL;
        }
    }
    return row;
}

/* ---- JSON: one object, a member a section ---- */

static void json_begin(struct flash_output *output)
{
    put(output, output->sections == 1 ? "{\"" : ",\n \"");
    put(output, output->section->name);
    put(output, output->section->one ? "\": " : "\": [");
}

static void json_row(struct flash_output *output, const struct flash_output_cell *cells)
{
    if (!output->section->one) {
        put(output, output->rows == 1 ? "\n  " : ",\n  ");
    }
    put_json(output, row_json(output, cells));
}

static void json_end(struct flash_output *output)
{
    if (!output->section->one) {
        put(output, output->rows == 0 ? "]" : "\n ]");
    } else if (output->rows == 0) {
        put(output, "null");
    }
}

/* ---- JSON lines ---- */

static void nothing(struct flash_output *output)
{
    (void)output;
}

static void jsonl_row(struct flash_output *output, const struct flash_output_cell *cells)
{
    put_json(output, row_json(output, cells));
    put(output, "\n");
}

/* ---- CSV ---- */

static void csv_begin(struct flash_output *output)
{
    const struct flash_output_section *section = output->section;
    for (int i = 0; i < section->column_count; i++) {
        put(output, i ? "," : "");
        put(output, section->columns[i].name);
    }
    put(output, FLASH_CSV_END);
}

static void csv_row(struct flash_output *output, const struct flash_output_cell *cells)
{
    const struct flash_output_section *section = output->section;
    for (int i = 0; i < section->column_count; i++) {
        char text[FLASH_OUTPUT_CELL];
        const struct flash_output_column *column = &section->columns[i];
        flash_output_cell_text(column, &cells[i], false, text);
        put(output, i ? "," : "");
        bool written = column->kind == FLASH_OUTPUT_TEXT; /* maybe by somebody: an operator */
        (written ? flash_csv_text : flash_csv_cell)(output->out,
                                                    (struct flash_text){text, strlen(text)});
    }
    put(output, FLASH_CSV_END);
}

/* ---- what is the same for all ---- */

static const struct flash_output_way ways[FLASH_OUTPUT_FORMAT_COUNT] = {
    [FLASH_OUTPUT_TABLE] = {flash_output_table_begin, flash_output_table_row,
                            flash_output_table_end, NULL},
    [FLASH_OUTPUT_JSON] = {json_begin, json_row, json_end, "}\n"},
    [FLASH_OUTPUT_JSONL] = {nothing, jsonl_row, nothing, NULL},
    [FLASH_OUTPUT_CSV] = {csv_begin, csv_row, nothing, NULL},
};

bool flash_output_format_parse(const char *word, enum flash_output_format *ret_format)
{
    static const char *const words[FLASH_OUTPUT_FORMAT_COUNT] = {
        [FLASH_OUTPUT_TABLE] = "table",
        [FLASH_OUTPUT_JSON] = "json",
        [FLASH_OUTPUT_JSONL] = "jsonl",
        [FLASH_OUTPUT_CSV] = "csv",
    };
    for (int i = 0; i < FLASH_OUTPUT_FORMAT_COUNT; i++) {
        if (strcmp(words[i], word) == 0) {
            *ret_format = (enum flash_output_format)i;
            return true;
        }
    }
    return false;
}

bool flash_output_new(const struct flash_output_start *start, struct flash_output **ret_output,
                      struct flash_error *err)
{
    struct flash_output *output = calloc(1, sizeof(*output));
    if (!output) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "output: out of memory");
    }
    output->out = start->out;
    output->format = start->format;
    output->colours = start->colours;
    *ret_output = output;
    return true;
}

/* Whether the open section is one of the format's. */
static bool shows(const struct flash_output *output)
{
    bool all = output->format == FLASH_OUTPUT_TABLE || output->format == FLASH_OUTPUT_JSON;
    return all || !output->section->aside;
}

static void end_section(struct flash_output *output)
{
    if (output->section && shows(output)) {
        ways[output->format].end(output);
    }
    output->section = NULL;
}

void flash_output_section(struct flash_output *output, const struct flash_output_section *section)
{
    assert(section->column_count >= 1 && section->column_count <= FLASH_OUTPUT_COLUMNS);
    end_section(output);
    output->section = section;
    output->rows = 0;
    output->sections++;
    if (shows(output)) {
        ways[output->format].begin(output);
    }
}

void flash_output_row(struct flash_output *output, const struct flash_output_cell *cells)
{
    assert(output->section && (!output->section->one || output->rows == 0));
    output->rows++;
    if (shows(output)) {
        ways[output->format].row(output, cells);
    }
}

bool flash_output_end(struct flash_output *output, struct flash_error *err)
{
    end_section(output);
    if (ways[output->format].tail) {
        put(output, output->sections ? ways[output->format].tail : "{}\n");
    }
    if (fflush(output->out) != 0 || ferror(output->out)) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "output: it could not all be written");
    }
    return !output->failed || flash_error_set(err, FLASH_ERROR_RETRY, "output: out of memory");
}

void flash_output_free(struct flash_output *output)
{
    if (output) {
        flash_output_table_free(output->table);
        free(output);
    }
}

bool flash_output_wants_colours(FILE *out)
{
    const char *no = getenv("NO_COLOR"); /* no-color.org: set and not empty */
    return isatty(fileno(out)) && !(no && no[0]);
}

struct flash_output_cell flash_output_text(const char *text)
{
    return text ? (struct flash_output_cell){.text = {text, strlen(text)}} : flash_output_none();
}
