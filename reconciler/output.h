/* Rows for people and programs: one description of columns, written as a table, JSON, JSON lines or
 * CSV.
 *
 * A document has sections, one after the other: rows beneath columns, or one thing with its values.
 * A table shows them all beneath their names, JSON is one object with a member a section. JSON
 * lines and CSV (RFC 4180) are a stream of rows of one kind, so they have the one section that is
 * not set aside. JSON, JSON lines and CSV are written as the rows come; a table is laid out at a
 * section's end, so it shows the first FLASH_OUTPUT_TABLE_ROWS and says how many more there are.
 *
 * Texts are UTF-8; what is none is shown as '?'. The process' LC_CTYPE must be one of UTF-8 for a
 * table's widths. Not thread-safe. */
#ifndef RECONCILER_OUTPUT_H
#define RECONCILER_OUTPUT_H

#include <stdio.h>

#include "flash/ids.h"

#define FLASH_OUTPUT_COLUMNS 24 /* at most, of a section */
#define FLASH_OUTPUT_TABLE_ROWS 10000

enum flash_output_format {
    FLASH_OUTPUT_TABLE,
    FLASH_OUTPUT_JSON,
    FLASH_OUTPUT_JSONL,
    FLASH_OUTPUT_CSV,
    FLASH_OUTPUT_FORMAT_COUNT,
};

/* "table", "json", "jsonl", "csv". False, *ret_format untouched, for anything else. */
FLASH_MUST_CHECK bool flash_output_format_parse(const char *word,
                                                enum flash_output_format *ret_format);

enum flash_output_kind {
    FLASH_OUTPUT_TEXT,
    FLASH_OUTPUT_WORD,   /* a word of a fixed set: a state or a cause; coloured on a terminal */
    FLASH_OUTPUT_NUMBER, /* right-aligned */
    FLASH_OUTPUT_TIME,   /* milliseconds since the epoch, written as RFC 3339 in UTC */
    FLASH_OUTPUT_AGE, /* milliseconds, the name ends in "_ms"; in a table "12.3 s" and without it */
    FLASH_OUTPUT_FLAG, /* a number, not 0: true; in a table and CSV "yes" and "no" */
};

struct flash_output_column {
    const char *name; /* snake_case, as JSON and CSV have it; a table has blanks for '_' */
    enum flash_output_kind kind;
    bool yields; /* is cut first where a terminal is narrow */
};

struct flash_output_cell {
    bool none; /* no value: null, an empty cell, "-" */
    int64_t number;
    struct flash_text text; /* of TEXT and WORD (borrowed) */
};

struct flash_output_section {
    const char *name; /* snake_case */
    const struct flash_output_column *columns;
    int column_count;
    bool one;   /* at most one row: an object in JSON, a line a value in a table */
    bool aside; /* not in JSON lines and CSV; all but one section of a document are */
};

struct flash_output;

struct flash_output_start {
    FILE *out; /* (borrowed) */
    enum flash_output_format format;
    bool colours; /* in tables */
};

/* Error kind: RETRY (no memory). */
FLASH_MUST_CHECK bool flash_output_new(const struct flash_output_start *start,
                                       struct flash_output **ret_output, struct flash_error *err);
/* Ends the section before, if any. The section is borrowed until its end. */
void flash_output_section(struct flash_output *output, const struct flash_output_section *section);
/* Adds a row to the section: a cell a column (borrowed during the call). */
void flash_output_row(struct flash_output *output, const struct flash_output_cell *cells);
/* Ends the document and flushes. False, kind RETRY: some of it could not be written. */
FLASH_MUST_CHECK bool flash_output_end(struct flash_output *output, struct flash_error *err);
/* NULL is fine. What was not ended is broken off. */
void flash_output_free(struct flash_output *output);

/* Whether tables on that stream are to have colours: it is a terminal, and NO_COLOR is not set to
 * something. */
bool flash_output_wants_colours(FILE *out);

/* ---- cells ---- */

struct flash_output_cell flash_output_text(const char *text); /* NUL-terminated; NULL: none */
static inline struct flash_output_cell flash_output_number(int64_t number)
{
    return (struct flash_output_cell){.number = number};
}
static inline struct flash_output_cell flash_output_none(void)
{
    return (struct flash_output_cell){.none = true};
}

#endif
