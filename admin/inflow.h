/* The ledger's table inflow, as the back office reads and fills it, and what of it Redis lacks. */
#ifndef ADMIN_INFLOW_H
#define ADMIN_INFLOW_H

#include "adjust_form.h"
#include "push.h"

enum flash_inflow_type { FLASH_INFLOW_CREATE = 11, FLASH_INFLOW_RESTOCK, FLASH_INFLOW_ADJUST };

/* A change as the ledger has it. */
struct flash_inflow_row {
    bool found;
    bool same;      /* its type, quantity and reason are those that were asked for */
    int64_t number; /* the stock's version that it made */
    int64_t created_ms;
    char operator[FLASH_USER_MAX + 1];
};

/* Looks for the change of form->reference. Error kinds: as flash_mysql_query. */
FLASH_MUST_CHECK bool flash_inflow_find(struct flash_mysql *mysql,
                                        const struct flash_adjust_form *form,
                                        struct flash_inflow_row *ret_row, struct flash_error *err);
/* Adds units: stock, inflow and stock_log, in the transaction that has locked row. */
FLASH_MUST_CHECK bool flash_inflow_add(struct flash_mysql *mysql, const struct flash_job *job,
                                       const struct flash_sku_row *row, struct flash_error *err);
/* Applies in Redis what it lacks of the SKU's inflows; the SKU is loaded. */
FLASH_MUST_CHECK enum flash_push flash_inflow_push(struct flash_stores *stores,
                                                   const struct flash_sku_row *row,
                                                   struct flash_error *err);

#endif
