/* Rows of stock_log as one page reads them. */
#ifndef ADMIN_LOG_ROWS_H
#define ADMIN_LOG_ROWS_H

#include "flash/limits.h"
#include "flash/mysql.h"
#include "list_form.h"

#define FLASH_LOG_REASON_ROW_MAX 800 /* bytes of 200 characters */

struct flash_log_row {
    int64_t id, at_ms, type, quantity, before, after, line_count;
    int64_t inflow; /* 0: none */
    bool has_entry;
    struct flash_uuid entry;
    char order_id[FLASH_ORDER_ID_MAX + 1]; /* of a transition, or the one asked for; "": none */
    char user[FLASH_USER_MAX + 1], operator[FLASH_USER_MAX + 1];
    char reason[FLASH_LOG_REASON_ROW_MAX + 1], reference[FLASH_REF_MAX + 1];
    int64_t only_line; /* of a reserve entry: the one line that is asked for; -1: all */
};

struct flash_log_rows {
    int64_t sku;                        /* what is asked for */
    const struct flash_list_form *form; /* (borrowed) */
    struct flash_log_row *rows;         /* (borrowed) room for max */
    int max, count;
    int64_t lines, lines_max; /* that they have; it stops behind lines_max */
    bool cut;                 /* there is more than was taken */
};

/* Fills rows, newest first, with what its form asks for, from the form's cursor on. Error kinds: as
 * flash_mysql_query. */
FLASH_MUST_CHECK bool flash_log_rows_read(struct flash_mysql *mysql, struct flash_log_rows *rows,
                                          struct flash_error *err);

#endif
