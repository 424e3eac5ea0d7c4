/* Queries by a long list of keys: the one `(%s)` of the SQL becomes the keys as literals, some
 * hundred at a time.
 *
 * As text, because a prepared statement would be another one for each length of the list. A list
 * stays below MariaDB's in_predicate_conversion_threshold (1,000), from which on it is materialised
 * as a table. */
#include "internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flash/put.h"

#define KEYS_PER_STATEMENT 512
#define MARK "(%s)"

struct splitting {
    const struct flash_query_in *query;
    size_t head_len;  /* of the SQL, before the mark */
    const char *tail; /* after it */
    bool stopped;     /* row asked for no more */
};

static size_t key_size(const struct flash_value *key)
{
    return 1 + (key->type == FLASH_COLUMN_INT ? FLASH_NUMBER_MAX
                                              : flash_mysql_literal_size(key->bytes));
}

/* How many keys from first on go into one statement; 0: not even one. */
static int keys_that_fit(const struct flash_mysql *mysql, const struct splitting *splitting,
                         int first)
{
    const struct flash_query_in *query = splitting->query;
    size_t size = splitting->head_len + strlen(splitting->tail) + 16;
    int count = 0;
    while (first + count < query->key_count && count < KEYS_PER_STATEMENT) {
        size += key_size(&query->keys[first + count]);
        if (size > mysql->packet_max) {
            break;
        }
        count++;
    }
    return count;
}

static bool write_sql(struct flash_mysql *mysql, const struct splitting *splitting, int first,
                      int count)
{
    const struct flash_query_in *query = splitting->query;
    struct flash_mysql_buffer *text = &mysql->text;
    size_t size = splitting->head_len + strlen(splitting->tail) + 16;
    for (int i = first; i < first + count; i++) {
        size += key_size(&query->keys[i]);
    }
    text->len = 0;
    if (!flash_mysql_buffer_reserve(text, size)) {
        return false;
    }
    flash_mysql_put(text, query->sql, splitting->head_len);
    for (int i = first; i < first + count; i++) {
        flash_mysql_put_word(text, i == first ? "(" : ",");
        if (query->keys[i].type == FLASH_COLUMN_INT) {
            flash_mysql_put_number(text, query->keys[i].number);
        } else {
            flash_mysql_put_literal(text, query->keys[i].bytes);
        }
    }
    flash_mysql_put_word(text, ")");
    flash_mysql_put_word(text, splitting->tail);
    return true;
}

static bool read_cell(struct flash_value *cell, char *at, size_t len)
{
    cell->null = at == NULL;
    cell->number = 0;
    cell->bytes = (struct flash_text){0};
    if (at != NULL && cell->type == FLASH_COLUMN_BYTES) {
        cell->bytes = (struct flash_text){at, len};
    } else if (at != NULL) {
        errno = 0;
        cell->number = strtoll(at, NULL, 10);
        return errno == 0;
    }
    return true;
}

static bool hand_out(struct flash_mysql *mysql, struct splitting *splitting, MYSQL_RES *result,
                     struct flash_error *err)
{
    const struct flash_query_in *query = splitting->query;
    struct flash_value cells[FLASH_MYSQL_COLUMNS] = {0};
    if (mysql_num_fields(result) != (unsigned)query->column_count) {
        return flash_mysql_refuse(mysql, FLASH_MYSQL_BUG, "the query has another number of columns",
                                  err);
    }
    for (int i = 0; i < query->column_count; i++) {
        cells[i].type = flash_mysql_column_type(mysql_fetch_field_direct(result, (unsigned)i));
    }
    for (MYSQL_ROW row = mysql_fetch_row(result); row != NULL; row = mysql_fetch_row(result)) {
        const unsigned long *lengths = mysql_fetch_lengths(result);
        for (int i = 0; i < query->column_count; i++) {
            if (!read_cell(&cells[i], row[i], lengths[i])) {
                return flash_mysql_refuse(mysql, FLASH_MYSQL_BUG,
                                          "a number does not fit in 64 bits with sign", err);
            }
        }
        if (!query->row(cells, query->column_count, query->arg)) {
            splitting->stopped = true;
            return true;
        }
    }
    return true;
}

static bool ask(struct flash_mysql *mysql, struct splitting *splitting, struct flash_error *err)
{
    if (mysql_real_query(mysql->link, mysql->text.at, mysql->text.len) != 0) {
        return flash_mysql_fail(mysql, NULL, FLASH_MYSQL_READ, err);
    }
    MYSQL_RES *result = mysql_store_result(mysql->link);
    if (result == NULL) {
        return flash_mysql_fail(mysql, NULL, FLASH_MYSQL_READ, err);
    }
    bool ok = hand_out(mysql, splitting, result, err);
    mysql_free_result(result);
    return ok;
}

bool flash_mysql_query_in(struct flash_mysql *mysql, const struct flash_query_in *query,
                          struct flash_error *err)
{
    const char *mark = strstr(query->sql, MARK);
    assert(mark != NULL && strstr(mark + 1, MARK) == NULL);
    assert(query->column_count >= 1 && query->column_count <= FLASH_MYSQL_COLUMNS);
    struct splitting splitting = {query, (size_t)(mark - query->sql), mark + strlen(MARK), false};
    if (!flash_mysql_ready(mysql, err)) {
        return false;
    }
    for (int first = 0; first < query->key_count && !splitting.stopped;) {
        int count = keys_that_fit(mysql, &splitting, first);
        if (count == 0) {
            return flash_mysql_refuse(mysql, FLASH_MYSQL_DATA,
                                      "a key is longer than max_allowed_packet", err);
        }
        if (!write_sql(mysql, &splitting, first, count)) {
            return flash_mysql_refuse(mysql, FLASH_MYSQL_RETRY, "no memory for a query", err);
        }
        if (!ask(mysql, &splitting, err)) {
            return false;
        }
        first += count;
    }
    return true;
}
