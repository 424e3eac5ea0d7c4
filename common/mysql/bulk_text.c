/* Bulk insert as text: INSERT … VALUES (…),(…),… for servers without arrays of parameters (MySQL).
 */
#include "internal.h"

#include <string.h>

#include "flash/put.h"

size_t flash_mysql_text_value_size(const struct flash_bulk_column *column, int row)
{
    size_t around = 3; /* parentheses, comma */
    return around + (column->type == FLASH_COLUMN_INT
                         ? FLASH_NUMBER_MAX
                         : flash_mysql_literal_size(column->bytes[row]));
}

void flash_mysql_put_insert(struct flash_mysql_buffer *text, const struct flash_bulk *bulk)
{
    flash_mysql_put_word(text, "INSERT INTO `");
    flash_mysql_put_word(text, bulk->table);
    for (int i = 0; i < bulk->column_count; i++) {
        flash_mysql_put_word(text, i == 0 ? "` (`" : "`,`");
        flash_mysql_put_word(text, bulk->columns[i].name);
    }
    flash_mysql_put_word(text, "`) VALUES ");
}

static size_t sql_size(const struct flash_mysql_slice *slice)
{
    const struct flash_bulk *bulk = slice->bulk;
    size_t size = strlen(bulk->table) + 64;
    for (int i = 0; i < bulk->column_count; i++) {
        size += strlen(bulk->columns[i].name) + 8;
        for (int row = slice->first; row < slice->first + slice->count; row++) {
            size += flash_mysql_text_value_size(&bulk->columns[i], row);
        }
    }
    return size;
}

static void put_row(struct flash_mysql_buffer *text, const struct flash_bulk *bulk, int row)
{
    for (int i = 0; i < bulk->column_count; i++) {
        const struct flash_bulk_column *column = &bulk->columns[i];
        flash_mysql_put(text, i == 0 ? "(" : ",", 1);
        if (column->type == FLASH_COLUMN_INT) {
            flash_mysql_put_number(text, column->numbers[row]);
        } else {
            flash_mysql_put_literal(text, column->bytes[row]);
        }
    }
    flash_mysql_put(text, ")", 1);
}

/* An UPDATE has no many-row form as text: one prepared statement a row. */
static bool update_rows(struct flash_mysql *mysql, const struct flash_mysql_slice *slice,
                        struct flash_error *err)
{
    const struct flash_bulk *bulk = slice->bulk;
    for (int row = slice->first; row < slice->first + slice->count; row++) {
        struct flash_value params[FLASH_MYSQL_COLUMNS];
        for (int i = 0; i < bulk->column_count; i++) {
            const struct flash_bulk_column *column = &bulk->columns[i];
            bool number = column->type == FLASH_COLUMN_INT;
            params[i] = (struct flash_value){
                .type = column->type,
                .null = !number && !column->bytes[row].at,
                .number = number ? column->numbers[row] : 0,
                .bytes = number ? (struct flash_text){"", 0} : column->bytes[row],
            };
        }
        if (!flash_mysql_exec(mysql, bulk->sql, params, bulk->column_count, NULL, err)) {
            return false;
        }
    }
    return true;
}

bool flash_mysql_text_insert(struct flash_mysql *mysql, const struct flash_mysql_slice *slice,
                             struct flash_error *err)
{
    if (slice->bulk->sql) {
        return update_rows(mysql, slice, err);
    }
    mysql->text.len = 0;
    if (!flash_mysql_buffer_reserve(&mysql->text, sql_size(slice))) {
        return flash_mysql_refuse(mysql, FLASH_MYSQL_RETRY, "no memory for a bulk insert", err);
    }
    flash_mysql_put_insert(&mysql->text, slice->bulk);
    for (int row = slice->first; row < slice->first + slice->count; row++) {
        if (row > slice->first) {
            flash_mysql_put(&mysql->text, ",", 1);
        }
        put_row(&mysql->text, slice->bulk, row);
    }
    if (mysql_real_query(mysql->link, mysql->text.at, mysql->text.len) != 0) {
        return flash_mysql_fail(mysql, NULL, FLASH_MYSQL_STATEMENT, err);
    }
    return true;
}
