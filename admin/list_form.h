/* What requests for lists of stock, sales, orders and log rows ask for: filters, a page, a format.
 * Pure.
 *
 * Lists go by keys that do not change; a cursor is the key of the last row that was given, so what
 * is written meanwhile neither repeats nor hides a row. */
#ifndef ADMIN_LIST_FORM_H
#define ADMIN_LIST_FORM_H

#include "flash/ids.h"
#include "page.h"

#define FLASH_LIST_LIMIT_DEFAULT 100
#define FLASH_LIST_LIMIT_MAX 500
#define FLASH_LIST_ANY (-1)

struct flash_list_form {
    enum flash_list_format format;
    int64_t limit;
    int64_t sku;                                                 /* 0: of all */
    int low_stock, in_stock, flagged;                            /* 0, 1 or ANY */
    char title[FLASH_TITLE_MAX + 1];                             /* is a part of it; "": any */
    char user[FLASH_USER_MAX + 1], operator[FLASH_USER_MAX + 1]; /* "": any */
    char order_id[FLASH_ORDER_ID_MAX + 1];                       /* "": any */
    int64_t type;                                                /* of a log row, ANY */
    int64_t status_from, status_to; /* of the ledger's codes of states, both inclusive */
    const char *sale_state;         /* static; NULL: any */
    int64_t from_ms, to_ms;         /* from inclusive, to exclusive */
    bool whole;                     /* all pages, as one answer */
    bool lines;                     /* entries expanded */
    /* The key behind which the page begins; of a list that goes down its largest values first. */
    int64_t after_sku;
    int64_t before_ms, before_id, before_line;
    char after_order[FLASH_ORDER_ID_MAX + 1];
};

/* Each: false with *ret_detail, a sentence for the caller (static). */

/* low_stock, in_stock, flagged, title, limit, cursor. */
FLASH_MUST_CHECK bool flash_list_form_stock(struct flash_text query,
                                            struct flash_list_form *ret_form,
                                            const char **ret_detail);
/* limit, cursor. */
FLASH_MUST_CHECK bool flash_list_form_low_stock(struct flash_text query,
                                                struct flash_list_form *ret_form,
                                                const char **ret_detail);
/* state, limit, cursor. */
FLASH_MUST_CHECK bool flash_list_form_sales(struct flash_text query,
                                            struct flash_list_form *ret_form,
                                            const char **ret_detail);
/* sku, user, status, from, to, limit, cursor. */
FLASH_MUST_CHECK bool flash_list_form_orders(struct flash_text query,
                                             struct flash_list_form *ret_form,
                                             const char **ret_detail);
/* type, order, user, operator, from, to, view, limit, cursor. */
FLASH_MUST_CHECK bool flash_list_form_log(struct flash_text query, struct flash_list_form *ret_form,
                                          const char **ret_detail);

#define FLASH_LIST_CURSOR_MAX (2 * FLASH_ORDER_ID_MAX) /* of any list */
/* Cursors as the forms read them. */
void flash_list_cursor_log(int64_t ms, int64_t id, int64_t line,
                           char ret_cursor[FLASH_LIST_CURSOR_MAX + 1]);
void flash_list_cursor_order(struct flash_text order_id,
                             char ret_cursor[FLASH_LIST_CURSOR_MAX + 1]);

/* The words of stock_log.type; NULL: no such code. */
#define FLASH_LOG_TYPES 14
extern const char *const flash_log_types[FLASH_LOG_TYPES];

#endif
