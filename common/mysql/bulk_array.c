/* Bulk statements by arrays of parameters, MariaDB's own: one prepared statement, one packet for
 * all rows.
 *
 * Column-wise: a column of numbers is handed over as it lies in memory, a column of texts as three
 * arrays (address, length, indicator for NULL) in the scratch buffer. Row-wise binding has one
 * stride for all columns, so it would need a copy of every value. */
#include "internal.h"

#include <string.h>

struct text_arrays {
    const char **addresses;
    unsigned long *lengths;
    char *indicators;
};

size_t flash_mysql_array_value_size(const struct flash_bulk_column *column, int row)
{
    size_t head = 9; /* indicator and length, or indicator and number */
    return column->type == FLASH_COLUMN_INT ? head : head + 1 + column->bytes[row].len;
}

static size_t arrays_size(int count)
{
    size_t size = (size_t)count * (sizeof(const char *) + sizeof(unsigned long) + sizeof(char));
    return (size + 7) & ~(size_t)7; /* the next column's addresses are aligned again */
}

static struct text_arrays take_arrays(struct flash_mysql_buffer *scratch, int count)
{
    char *at = scratch->at + scratch->len;
    size_t words = (size_t)count * sizeof(unsigned long);
    scratch->len += arrays_size(count);
    _Static_assert(sizeof(const char *) == sizeof(unsigned long), "both arrays are words");
    return (struct text_arrays){(const char **)(void *)at, (unsigned long *)(void *)(at + words),
                                at + 2 * words};
}

static void bind_texts(MYSQL_BIND *bind, const struct text_arrays *arrays,
                       const struct flash_text *texts, int count)
{
    for (int i = 0; i < count; i++) {
        arrays->addresses[i] = texts[i].at;
        arrays->lengths[i] = texts[i].len;
        arrays->indicators[i] = texts[i].at == NULL ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
    }
    bind->buffer_type = MYSQL_TYPE_STRING;
    bind->buffer = (void *)arrays->addresses;
    bind->length = arrays->lengths;
    bind->u.indicator = arrays->indicators;
}

static bool bind_slice(struct flash_mysql *mysql, const struct flash_mysql_slice *slice,
                       MYSQL_BIND binds[FLASH_MYSQL_COLUMNS])
{
    const struct flash_bulk *bulk = slice->bulk;
    size_t size = (size_t)bulk->column_count * arrays_size(slice->count);
    mysql->scratch.len = 0;
    if (!flash_mysql_buffer_reserve(&mysql->scratch, size)) {
        return false;
    }
    for (int i = 0; i < bulk->column_count; i++) {
        const struct flash_bulk_column *column = &bulk->columns[i];
        if (column->type == FLASH_COLUMN_INT) {
            binds[i].buffer_type = MYSQL_TYPE_LONGLONG;
            binds[i].buffer = (void *)(column->numbers + slice->first);
        } else {
            struct text_arrays arrays = take_arrays(&mysql->scratch, slice->count);
            bind_texts(&binds[i], &arrays, column->bytes + slice->first, slice->count);
        }
    }
    return true;
}

/* INSERT INTO `table` (`a`,`b`) VALUES (?,?) with a NUL, in the text buffer. */
static bool write_sql(struct flash_mysql *mysql, const struct flash_bulk *bulk)
{
    size_t size = strlen(bulk->table) + 64;
    for (int i = 0; i < bulk->column_count; i++) {
        size += strlen(bulk->columns[i].name) + 8;
    }
    mysql->text.len = 0;
    if (!flash_mysql_buffer_reserve(&mysql->text, size)) {
        return false;
    }
    flash_mysql_put_insert(&mysql->text, bulk);
    for (int i = 0; i < bulk->column_count; i++) {
        flash_mysql_put_word(&mysql->text, i == 0 ? "(?" : ",?");
    }
    flash_mysql_put(&mysql->text, ")", sizeof(")"));
    return true;
}

bool flash_mysql_array_insert(struct flash_mysql *mysql, const struct flash_mysql_slice *slice,
                              struct flash_error *err)
{
    MYSQL_STMT *handle = NULL;
    MYSQL_BIND binds[FLASH_MYSQL_COLUMNS] = {0};
    unsigned rows = (unsigned)slice->count;
    bool written = slice->bulk->sql || write_sql(mysql, slice->bulk);
    if (!written || !bind_slice(mysql, slice, binds)) {
        return flash_mysql_refuse(mysql, FLASH_MYSQL_RETRY, "no memory for a bulk statement", err);
    }
    if (!flash_mysql_statement(mysql, slice->bulk->sql ? slice->bulk->sql : mysql->text.at, &handle,
                               err)) {
        return false;
    }
    bool ok = mysql_stmt_attr_set(handle, STMT_ATTR_ARRAY_SIZE, &rows) == 0 &&
              mysql_stmt_bind_param(handle, binds) == 0 && mysql_stmt_execute(handle) == 0;
    rows = 0; /* the statement is kept by its text: flash_mysql_exec may find it next */
    (void)mysql_stmt_attr_set(handle, STMT_ATTR_ARRAY_SIZE, &rows);
    return ok || flash_mysql_fail(mysql, handle, FLASH_MYSQL_STATEMENT, err);
}
