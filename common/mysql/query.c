/* Queries by prepared statement: the whole result is taken from the wire first, then handed out row
 * by row.
 *
 * Integers, and sums of them (DECIMAL without fraction), arrive as INT; everything else as BYTES.
 * The bytes of a row lie in the connection's scratch buffer, so they are good until the next row.
 */
#include "internal.h"

#include <assert.h>

struct reading {
    struct flash_mysql *mysql;
    MYSQL_STMT *handle;
    int column_count;
    MYSQL_BIND binds[FLASH_MYSQL_COLUMNS];
    unsigned long lengths[FLASH_MYSQL_COLUMNS];
    my_bool nulls[FLASH_MYSQL_COLUMNS];
    my_bool truncated[FLASH_MYSQL_COLUMNS];
    struct flash_value cells[FLASH_MYSQL_COLUMNS];
};

enum flash_column_type flash_mysql_column_type(const MYSQL_FIELD *field)
{
    switch (field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return FLASH_COLUMN_INT;
    case MYSQL_TYPE_NEWDECIMAL:
        return field->decimals == 0 ? FLASH_COLUMN_INT : FLASH_COLUMN_BYTES;
    default:
        return FLASH_COLUMN_BYTES;
    }
}

static void bind_column(struct reading *reading, int i, enum flash_column_type type)
{
    MYSQL_BIND *bind = &reading->binds[i];
    reading->cells[i].type = type;
    bind->length = &reading->lengths[i];
    bind->is_null = &reading->nulls[i];
    bind->error = &reading->truncated[i];
    if (type == FLASH_COLUMN_INT) {
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = &reading->cells[i].number;
    } else {
        bind->buffer_type = MYSQL_TYPE_BLOB; /* no room: fetched by its length, see fetch_bytes */
    }
}

static bool bind_columns(struct reading *reading, struct flash_error *err)
{
    MYSQL_RES *fields = mysql_stmt_result_metadata(reading->handle);
    if (fields == NULL || mysql_num_fields(fields) != (unsigned)reading->column_count) {
        mysql_free_result(fields);
        return flash_mysql_refuse(reading->mysql, FLASH_MYSQL_BUG,
                                  "the query has another number of columns", err);
    }
    for (int i = 0; i < reading->column_count; i++) {
        bind_column(reading, i,
                    flash_mysql_column_type(mysql_fetch_field_direct(fields, (unsigned)i)));
    }
    mysql_free_result(fields);
    if (mysql_stmt_bind_result(reading->handle, reading->binds) != 0 ||
        mysql_stmt_store_result(reading->handle) != 0) {
        return flash_mysql_fail(reading->mysql, reading->handle, FLASH_MYSQL_READ, err);
    }
    return true;
}

static bool fetch_bytes(struct reading *reading, int i, struct flash_error *err)
{
    struct flash_mysql_buffer *scratch = &reading->mysql->scratch;
    unsigned long ignored = 0;
    MYSQL_BIND bind = {
        .buffer_type = MYSQL_TYPE_BLOB,
        .buffer = scratch->at + scratch->len,
        .buffer_length = reading->lengths[i],
        .length = &ignored,
    };
    reading->cells[i].bytes = (struct flash_text){bind.buffer, reading->lengths[i]};
    if (reading->lengths[i] > 0 &&
        mysql_stmt_fetch_column(reading->handle, &bind, (unsigned)i, 0) != 0) {
        return flash_mysql_fail(reading->mysql, reading->handle, FLASH_MYSQL_READ, err);
    }
    scratch->len += reading->lengths[i];
    return true;
}

static bool read_cells(struct reading *reading, struct flash_error *err)
{
    struct flash_mysql_buffer *scratch = &reading->mysql->scratch;
    size_t size = 1; /* so that an empty text has an address too */
    for (int i = 0; i < reading->column_count; i++) {
        bool is_bytes = reading->cells[i].type == FLASH_COLUMN_BYTES;
        reading->cells[i].null = reading->nulls[i];
        size += is_bytes && !reading->nulls[i] ? reading->lengths[i] : 0;
        if (!is_bytes && !reading->nulls[i] && reading->truncated[i]) {
            return flash_mysql_refuse(reading->mysql, FLASH_MYSQL_BUG,
                                      "a number does not fit in 64 bits with sign", err);
        }
    }
    scratch->len = 0;
    if (!flash_mysql_buffer_reserve(scratch, size)) {
        return flash_mysql_refuse(reading->mysql, FLASH_MYSQL_RETRY, "no memory for a row", err);
    }
    for (int i = 0; i < reading->column_count; i++) {
        if (reading->cells[i].null) {
            reading->cells[i].number = 0;
            reading->cells[i].bytes = (struct flash_text){0};
        } else if (reading->cells[i].type == FLASH_COLUMN_BYTES && !fetch_bytes(reading, i, err)) {
            return false;
        }
    }
    return true;
}

static bool read_rows(struct reading *reading, const struct flash_query *query,
                      struct flash_error *err)
{
    for (;;) {
        int status = mysql_stmt_fetch(reading->handle);
        if (status == MYSQL_NO_DATA) {
            return true;
        }
        if (status != 0 && status != MYSQL_DATA_TRUNCATED) {
            return flash_mysql_fail(reading->mysql, reading->handle, FLASH_MYSQL_READ, err);
        }
        if (!read_cells(reading, err)) {
            return false;
        }
        if (!query->row(reading->cells, reading->column_count, query->arg)) {
            return true;
        }
    }
}

bool flash_mysql_query(struct flash_mysql *mysql, const struct flash_query *query,
                       struct flash_error *err)
{
    struct reading reading = {.mysql = mysql, .column_count = query->column_count};
    const struct flash_statement_call call = {
        .sql = query->sql,
        .params = query->params,
        .param_count = query->param_count,
        .stage = FLASH_MYSQL_READ,
    };
    assert(query->column_count >= 1 && query->column_count <= FLASH_MYSQL_COLUMNS);
    if (!flash_mysql_run(mysql, &call, &reading.handle, err)) {
        return false;
    }
    bool ok = bind_columns(&reading, err) && read_rows(&reading, query, err);
    if (flash_mysql_connected(mysql)) {
        mysql_stmt_free_result(reading.handle);
    }
    return ok;
}
