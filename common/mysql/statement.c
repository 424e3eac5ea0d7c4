/* Prepared statements: prepared once per connection, found again by their text, bound and executed.
 *
 * A connection keeps FLASH_MYSQL_STATEMENTS of them; for another one, that which was not used for
 * longest is closed. No result of it is open then: none is when a public function returns. The text
 * is compared, not its address: an address that is used again can never run another statement. */
#include "internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct flash_statement *find(struct flash_mysql *mysql, const char *sql)
{
    for (int i = 0; i < mysql->statement_count; i++) {
        if (strcmp(mysql->statements[i].sql, sql) == 0) {
            return &mysql->statements[i];
        }
    }
    return NULL;
}

/* A place for one more. */
static struct flash_statement *make_room(struct flash_mysql *mysql)
{
    struct flash_statement *oldest = mysql->statements;
    if (mysql->statement_count < FLASH_MYSQL_STATEMENTS) {
        return &mysql->statements[mysql->statement_count++];
    }
    for (int i = 1; i < mysql->statement_count; i++) {
        if (mysql->statements[i].used < oldest->used) {
            oldest = &mysql->statements[i];
        }
    }
    mysql_stmt_close(oldest->handle);
    free(oldest->sql);
    return oldest;
}

bool flash_mysql_statement(struct flash_mysql *mysql, const char *sql, MYSQL_STMT **ret_handle,
                           struct flash_error *err)
{
    struct flash_statement *known = find(mysql, sql);
    mysql->statement_calls++;
    if (known != NULL) {
        known->used = mysql->statement_calls;
        *ret_handle = known->handle;
        return true;
    }
    char *copy = strdup(sql);
    MYSQL_STMT *handle = mysql_stmt_init(mysql->link);
    if (copy == NULL || handle == NULL) {
        flash_mysql_refuse(mysql, FLASH_MYSQL_RETRY, "out of memory", err);
        goto out;
    }
    if (mysql_stmt_prepare(handle, sql, strlen(sql)) != 0) {
        flash_mysql_fail(mysql, handle, FLASH_MYSQL_READ, err);
        goto out;
    }
    *make_room(mysql) = (struct flash_statement){copy, handle, mysql->statement_calls};
    *ret_handle = handle;
    return true;
out:
    if (handle != NULL) {
        mysql_stmt_close(handle);
    }
    free(copy);
    return false;
}

static void bind_value(MYSQL_BIND *bind, const struct flash_value *value)
{
    if (value->null) {
        bind->buffer_type = MYSQL_TYPE_NULL;
    } else if (value->type == FLASH_COLUMN_INT) {
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = (void *)&value->number;
    } else {
        bind->buffer_type = MYSQL_TYPE_STRING;
        bind->buffer = (void *)(value->bytes.at != NULL ? value->bytes.at : "");
        bind->buffer_length = value->bytes.len;
        bind->length_value = value->bytes.len;
        bind->length = &bind->length_value;
    }
}

/* A statement longer than the server takes would look like a lost connection, and be tried for
 * ever. */
static bool fits(const struct flash_mysql *mysql, const struct flash_statement_call *call)
{
    size_t size = 1024;
    for (int i = 0; i < call->param_count; i++) {
        size += 16 + (call->params[i].type == FLASH_COLUMN_BYTES ? call->params[i].bytes.len : 0);
    }
    return size <= mysql->packet_max;
}

bool flash_mysql_run(struct flash_mysql *mysql, const struct flash_statement_call *call,
                     MYSQL_STMT **ret_handle, struct flash_error *err)
{
    MYSQL_STMT *handle = NULL;
    MYSQL_BIND binds[FLASH_MYSQL_COLUMNS] = {0};
    assert(call->param_count >= 0 && call->param_count <= FLASH_MYSQL_COLUMNS);
    if (!flash_mysql_ready(mysql, err) || !flash_mysql_statement(mysql, call->sql, &handle, err)) {
        return false;
    }
    if (mysql_stmt_param_count(handle) != (unsigned long)call->param_count) {
        return flash_mysql_refuse(mysql, FLASH_MYSQL_BUG,
                                  "the statement has another number of parameters", err);
    }
    if (!fits(mysql, call)) {
        return flash_mysql_refuse(mysql, FLASH_MYSQL_DATA, "longer than max_allowed_packet", err);
    }
    for (int i = 0; i < call->param_count; i++) {
        bind_value(&binds[i], &call->params[i]);
    }
    if (mysql_stmt_bind_param(handle, binds) != 0 || mysql_stmt_execute(handle) != 0) {
        return flash_mysql_fail(mysql, handle, call->stage, err);
    }
    *ret_handle = handle;
    return true;
}

bool flash_mysql_exec(struct flash_mysql *mysql, const char *sql, const struct flash_value *params,
                      int param_count, int64_t *ret_affected, struct flash_error *err)
{
    MYSQL_STMT *handle = NULL;
    const struct flash_statement_call call = {
        .sql = sql,
        .params = params,
        .param_count = param_count,
        .stage = flash_mysql_write_stage(mysql),
    };
    if (!flash_mysql_run(mysql, &call, &handle, err)) {
        return false;
    }
    /* A result nobody wants is read all the same: it may end in an error instead of its last row.
     */
    if (mysql_stmt_field_count(handle) > 0) {
        if (mysql_stmt_store_result(handle) != 0) {
            return flash_mysql_fail(mysql, handle, call.stage, err);
        }
        mysql_stmt_free_result(handle);
    }
    if (ret_affected != NULL) {
        *ret_affected = (int64_t)mysql_stmt_affected_rows(handle);
    }
    return true;
}
