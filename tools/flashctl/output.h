/* Answers as people or programs want them: rows beneath titles, or one object, as a table, JSON,
 * JSON lines or CSV (RFC 4180). What a server sent goes to a terminal only without its control
 * characters. */
#ifndef FLASHCTL_OUTPUT_H
#define FLASHCTL_OUTPUT_H

#include <jansson.h>

#include "command.h"

enum flash_ctl_cell {
    FLASH_CTL_TEXT,
    FLASH_CTL_STATE_WORD, /* a state; coloured on a terminal */
    FLASH_CTL_NUMBER,     /* right-aligned */
    FLASH_CTL_ASIDE,      /* in CSV only: a table would be too wide */
};

/* A column of a list: a member of its objects, "stock.available" inside one, and what stands above
 * it in a table. CSV has the member's name. */
struct flash_ctl_column {
    const char *member; /* NULL ends the columns */
    const char *title;
    enum flash_ctl_cell cell;
};
#define FLASH_CTL_COLUMNS_MAX 24

struct flash_ctl_rows;

struct flash_ctl_rows_start {
    FILE *out; /* (borrowed) */
    enum flash_ctl_format format;
    const char *name;                       /* (borrowed) of the list in JSON: {"orders": […]} */
    const struct flash_ctl_column *columns; /* (borrowed) */
    bool colours;                           /* also where out is no terminal */
};

/* Rows are written as they come; a table is laid out a few hundred rows at a time, so any number of
 * them takes the same memory. NULL: no memory. */
struct flash_ctl_rows *flash_ctl_rows_new(const struct flash_ctl_rows_start *start);
/* row is borrowed during the call; JSON and JSON lines have all of it. */
void flash_ctl_rows_add(struct flash_ctl_rows *rows, json_t *row);
/* Writes what a table holds back, and flushes: for lists that come slowly. */
void flash_ctl_rows_flush(struct flash_ctl_rows *rows);
/* Ends the list and frees it; NULL is fine. False, after saying so on stderr: some of it could not
 * be written. */
bool flash_ctl_rows_end(struct flash_ctl_rows *rows);
/* Frees it; if no row was added, nothing was written. NULL is fine. */
void flash_ctl_rows_drop(struct flash_ctl_rows *rows);

/* One object on stdout: a line a member (those of objects inside under their name), JSON, a line of
 * JSON, or a line of names and one of values. False as above. */
bool flash_ctl_show(const struct flash_ctl_command *command, const json_t *object);
/* An object with rows below it. */
struct flash_ctl_story {
    const json_t *whole; /* what JSON has */
    const json_t
        *about; /* what a table has above the rows; JSON lines and CSV have the rows alone */
    json_t *rows;
    const struct flash_ctl_column *columns;
};
bool flash_ctl_show_story(const struct flash_ctl_command *command,
                          const struct flash_ctl_story *story);
/* The table of it on out. */
void flash_ctl_show_table(const json_t *object, FILE *out);
/* The CSV of it on out. */
void flash_ctl_show_csv(const json_t *object, FILE *out);

/* A problem (RFC 9457) on stderr: title, detail, request id. */
void flash_ctl_show_problem(const json_t *problem, long status);

/* Whether out is a terminal that may be coloured: NO_COLOR is not set to anything, TERM not dumb.
 */
bool flash_ctl_wants_colours(FILE *out);

#endif
