/* Rows of the ledger as a page of JSON, as CSV (RFC 4180, names in the first line) or as JSON
 * lines, by one description of columns. In CSV and JSON lines, which have no place for it, the next
 * page is a Link header. */
#ifndef ADMIN_PAGE_H
#define ADMIN_PAGE_H

#include <stdio.h>

#include "flash/mysql_value.h"

enum flash_list_format {
    FLASH_LIST_JSON,
    FLASH_LIST_CSV,
    FLASH_LIST_JSONL,
};

enum flash_cell_kind {
    FLASH_CELL_TEXT,
    FLASH_CELL_NUMBER,
    FLASH_CELL_NUMERAL, /* a number that is a name: a text of digits */
    FLASH_CELL_TIME,    /* ms since the epoch */
    FLASH_CELL_TIME_S,  /* s since the epoch; 0: none */
    FLASH_CELL_ID,      /* 16 bytes */
    FLASH_CELL_FLAG,
    FLASH_CELL_WORD, /* a code, told by the column's words; a code that has none: null */
};

struct flash_page_column {
    const char *name;
    enum flash_cell_kind kind;
    const char *const *words; /* of WORD, by code; NULL: no word */
    int word_count;
};

struct flash_page_list {
    const char *name; /* of the array in JSON */
    const struct flash_page_column *columns;
    int column_count;
};

/* A page in the making. Its memory is short or its text cannot be written: told by flash_page_end.
 */
struct flash_page {
    const struct flash_page_list *list;
    enum flash_list_format format;
    FILE *out;
    char *text; /* owned */
    size_t len;
    char *row; /* owned: a row on its way to out */
    size_t row_size;
    int64_t rows;
    bool failed; /* memory was short */
};

/* What an Accept header asks for first of the three; JSON without one. Weights are not weighed: who
 * prefers one says it first. */
enum flash_list_format flash_page_format(struct flash_text accept);
/* Of the format; static. */
const char *flash_page_type(enum flash_list_format format);

/* list and format are set. Drops what was begun before. head: whether names come first in CSV. */
void flash_page_begin(struct flash_page *page, bool head);
/* One row, a cell a column. */
void flash_page_put(struct flash_page *page, const struct flash_value *cells);
/* Ends it; cursor: of the next page, NULL: none. The text is the caller's; NULL when memory was
 * short. */
FLASH_MUST_CHECK char *flash_page_end(struct flash_page *page, const char *cursor);
/* NULL-safe drop of a page that was not ended. */
void flash_page_drop(struct flash_page *page);

static inline struct flash_value flash_value_null(void)
{
    return (struct flash_value){.type = FLASH_COLUMN_INT, .null = true};
}

#endif
