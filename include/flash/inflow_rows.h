/* The ledger's rows of inflow, as flash/inflow_replay.h replays them. */
#ifndef FLASH_INFLOW_ROWS_H
#define FLASH_INFLOW_ROWS_H

#include "flash/inflow.h"
#include "flash/mysql.h"

/* What flash_inflow_row reads, of a table inflow called i. */
#define FLASH_INFLOW_COLUMNS "i.number, i.quantity, i.created_at_ms, i.reference, i.entry_id"
#define FLASH_INFLOW_COLUMN_COUNT 5

struct flash_inflow flash_inflow_row(const struct flash_value cells[FLASH_INFLOW_COLUMN_COUNT]);
/* Fills the page with the SKU's rows from page->from on. Error kinds: as flash_mysql_query. */
FLASH_MUST_CHECK bool flash_inflow_rows_read(struct flash_mysql *mysql, int64_t sku,
                                             struct flash_inflow_page *page,
                                             struct flash_error *err);

#endif
