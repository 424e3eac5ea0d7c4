/* Bulk insert: the rows are cut into statements the server takes, each sent the way that suits the
 * server.
 *
 * MariaDB: one prepared INSERT with arrays of parameters (bulk_array.c). Others: INSERT with many
 * rows as text (bulk_text.c). Both are plain inserts, so a duplicate fails the statement and with
 * it the transaction; being in one is asked for, since otherwise the statements before the failing
 * one would stay. */
#include "internal.h"

#include <assert.h>

#define STATEMENT_BYTES (4 << 20) /* longer ones gain nothing; a single row may be longer */
#define HEAD_BYTES 4096           /* for table, columns and the packet's own fields */

static const struct bulk_way {
    size_t (*value_size)(const struct flash_bulk_column *column, int row);
    bool (*insert)(struct flash_mysql *mysql, const struct flash_mysql_slice *slice,
                   struct flash_error *err);
    int rows_max; /* of one statement */
} ways[FLASH_MYSQL_BULK_COUNT] = {
    [FLASH_MYSQL_BULK_ARRAYS] = {flash_mysql_array_value_size, flash_mysql_array_insert, 4096},
    [FLASH_MYSQL_BULK_TEXT] = {flash_mysql_text_value_size, flash_mysql_text_insert, 1024},
};

static size_t row_size(const struct bulk_way *way, const struct flash_bulk *bulk, int row)
{
    size_t size = 0;
    for (int i = 0; i < bulk->column_count; i++) {
        size += way->value_size(&bulk->columns[i], row);
    }
    return size;
}

/* How many rows from first on go into one statement; 0: not even one. */
static int rows_that_fit(const struct flash_mysql *mysql, const struct bulk_way *way,
                         const struct flash_bulk *bulk, int first)
{
    size_t size = HEAD_BYTES;
    int count = 0;
    while (first + count < bulk->row_count && count < way->rows_max) {
        size += row_size(way, bulk, first + count);
        if (size > mysql->packet_max || (count > 0 && size > STATEMENT_BYTES)) {
            break;
        }
        count++;
    }
    return count;
}

static bool run(struct flash_mysql *mysql, const struct flash_bulk *bulk, struct flash_error *err)
{
    assert(bulk->row_count >= 1);
    assert(bulk->column_count >= 1 && bulk->column_count <= FLASH_MYSQL_COLUMNS);
    if (!flash_mysql_ready(mysql, err)) {
        return false;
    }
    if (mysql->phase != FLASH_MYSQL_TRANSACTION) {
        return flash_mysql_refuse(mysql, FLASH_MYSQL_BUG, "bulk statement outside a transaction",
                                  err);
    }
    const struct bulk_way *way =
        &ways[mysql->bulk_text_only ? FLASH_MYSQL_BULK_TEXT : mysql->bulk_way];
    for (int first = 0; first < bulk->row_count;) {
        struct flash_mysql_slice slice = {bulk, first, rows_that_fit(mysql, way, bulk, first)};
        if (slice.count == 0) {
            return flash_mysql_refuse(mysql, FLASH_MYSQL_DATA,
                                      "a row is longer than max_allowed_packet", err);
        }
        if (!way->insert(mysql, &slice, err)) {
            return false;
        }
        first += slice.count;
    }
    return true;
}

bool flash_mysql_bulk_insert(struct flash_mysql *mysql, const struct flash_bulk *bulk,
                             struct flash_error *err)
{
    assert(!bulk->sql);
    return run(mysql, bulk, err);
}

bool flash_mysql_bulk_update(struct flash_mysql *mysql, const struct flash_bulk *bulk,
                             struct flash_error *err)
{
    assert(bulk->sql);
    return run(mysql, bulk, err);
}
