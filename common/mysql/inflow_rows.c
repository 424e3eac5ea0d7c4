/* Reads the table inflow; see flash/inflow_rows.h. */
#include "flash/inflow_rows.h"

#include <stdio.h>
#include <string.h>

_Static_assert(FLASH_INFLOW_PAGE == 64, "the query's LIMIT");

struct flash_inflow flash_inflow_row(const struct flash_value cells[FLASH_INFLOW_COLUMN_COUNT])
{
    enum { NUMBER, QUANTITY, CREATED, REFERENCE, ENTRY };
    struct flash_inflow row = {.number = cells[NUMBER].number,
                               .quantity = cells[QUANTITY].number,
                               .created_ms = cells[CREATED].number,
                               .takes = !cells[ENTRY].null};
    if (row.takes && cells[ENTRY].bytes.len == sizeof(row.entry.bytes)) {
        memcpy(row.entry.bytes, cells[ENTRY].bytes.at, sizeof(row.entry.bytes));
        snprintf(row.reference, sizeof(row.reference), "%.*s", (int)cells[REFERENCE].bytes.len,
                 cells[REFERENCE].bytes.at);
    }
    return row;
}

static bool take_row(const struct flash_value *cells, int count, void *arg)
{
    struct flash_inflow_page *page = arg;
    (void)count;
    page->rows[page->count++] = flash_inflow_row(cells);
    return page->count < FLASH_INFLOW_PAGE;
}

bool flash_inflow_rows_read(struct flash_mysql *mysql, int64_t sku, struct flash_inflow_page *page,
                            struct flash_error *err)
{
    const struct flash_value params[] = {{.type = FLASH_COLUMN_INT, .number = sku},
                                         {.type = FLASH_COLUMN_INT, .number = page->from}};
    const struct flash_query query = {
        .sql = "SELECT " FLASH_INFLOW_COLUMNS " FROM inflow i WHERE i.sku = ? AND i.number >= ? "
               "ORDER BY i.number LIMIT 64",
        .params = params,
        .param_count = 2,
        .column_count = FLASH_INFLOW_COLUMN_COUNT,
        .row = take_row,
        .arg = page,
    };
    page->count = 0;
    return flash_mysql_query(mysql, &query, err);
}
