/* What the writers of the formats share; see output.h. */
#ifndef RECONCILER_OUTPUT_INTERNAL_H
#define RECONCILER_OUTPUT_INTERNAL_H

#include <jansson.h>

#include "output.h"

#define FLASH_OUTPUT_CELL 2048 /* bytes of a cell's text, longer ones are cut */

struct flash_output_table; /* a table being laid out (output_table.c) */

struct flash_output {
    FILE *out;
    enum flash_output_format format;
    bool colours;
    const struct flash_output_section *section; /* open, or NULL */
    int sections;                               /* begun so far */
    int64_t rows;                               /* of the open section */
    bool failed;                                /* no memory, at some row */
    struct flash_output_table *table;
};

/* How a format writes; each runs with the section open. */
struct flash_output_way {
    void (*begin)(struct flash_output *output);
    void (*row)(struct flash_output *output, const struct flash_output_cell *cells);
    void (*end)(struct flash_output *output);
    const char *tail; /* behind the last section, or NULL */
};

void flash_output_table_begin(struct flash_output *output);
void flash_output_table_row(struct flash_output *output, const struct flash_output_cell *cells);
void flash_output_table_end(struct flash_output *output);
void flash_output_table_free(struct flash_output_table *table);

/* A cell as JSON; owned. */
json_t *flash_output_cell_json(const struct flash_output_column *column,
                               const struct flash_output_cell *cell);
/* A cell as CSV has it and, where human, as a table has it. */
void flash_output_cell_text(const struct flash_output_column *column,
                            const struct flash_output_cell *cell, bool human,
                            char ret_text[FLASH_OUTPUT_CELL]);

#endif
