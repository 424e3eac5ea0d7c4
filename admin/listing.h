/* A list's page from one query: read, written in the format that was asked for, and answered with
 * the cursor of the next. */
#ifndef ADMIN_LISTING_H
#define ADMIN_LISTING_H

#include "job.h"
#include "page.h"

struct flash_listing {
    const struct flash_page_list *list;
    const char
        *sql; /* its columns are the list's, maybe more behind them; its last parameter the limit */
    const struct flash_value *params; /* without the limit */
    int param_count, column_count;    /* of the query; 0: as many columns as the list has */
    enum flash_list_format format;
    int64_t limit;
    /* Writes the cursor that names a row. */
    void (*key)(const struct flash_value *cells, char ret_cursor[FLASH_LIST_CURSOR_MAX + 1]);
};

/* Fills job's answer: 200 with the page, or why not. */
void flash_listing_answer(struct flash_job *job, struct flash_stores *stores,
                          const struct flash_listing *listing);

/* The request's own address with another cursor, as the Link of job's answer; "" where it is too
 * long. */
void flash_listing_link(struct flash_job *job, const char *cursor);

/* Cursors of lists whose first column is their key. */
void flash_listing_key_number(const struct flash_value *cells,
                              char ret_cursor[FLASH_LIST_CURSOR_MAX + 1]);
void flash_listing_key_id(const struct flash_value *cells,
                          char ret_cursor[FLASH_LIST_CURSOR_MAX + 1]);

#endif
