/* Lines by their entries; see log_lines.h. */
#include "log_lines.h"

#include <stdlib.h>
#include <string.h>

#include "page.h"

static int by_place(const void *one, const void *other)
{
    const struct flash_log_line *a = one, *b = other;
    int order = memcmp(a->entry.bytes, b->entry.bytes, sizeof(a->entry.bytes));
    return order ? order : (a->number > b->number) - (a->number < b->number);
}

static bool take_line(const struct flash_value *cells, int count, void *arg)
{
    enum { ENTRY, NUMBER, ORDER, USER, QUANTITY, STATE };
    struct flash_log_lines *lines = arg;
    (void)count;
    if (lines->count == lines->room) {
        size_t room = lines->room ? 2 * lines->room : 256;
        struct flash_log_line *more = realloc(lines->lines, room * sizeof(*more));
        lines->failed = !more;
        if (!more) {
            return false;
        }
        lines->lines = more;
        lines->room = room;
    }
    struct flash_log_line *line = &lines->lines[lines->count++];
    bool refused = cells[STATE].number == 6 || cells[STATE].number == 7;
    *line = (struct flash_log_line){.number = cells[NUMBER].number,
                                    .quantity = refused ? 0 : cells[QUANTITY].number};
    size_t len = cells[ENTRY].bytes.len;
    memcpy(line->entry.bytes, cells[ENTRY].bytes.at,
           len < sizeof(line->entry.bytes) ? len : sizeof(line->entry.bytes));
    flash_value_copy(&cells[ORDER], line->order_id, sizeof(line->order_id));
    flash_value_copy(&cells[USER], line->user, sizeof(line->user));
    return true;
}

static int by_bytes(const void *one, const void *other)
{
    const struct flash_value *a = one, *b = other;
    return memcmp(a->bytes.at, b->bytes.at, a->bytes.len);
}

/* The reserve entries among rows, each once; owned. */
static struct flash_value *keys_of(const struct flash_log_rows *rows, int *ret_count)
{
    struct flash_value *keys = calloc((size_t)rows->count + 1, sizeof(*keys));
    int count = 0, kept = 0;
    for (int i = 0; keys && i < rows->count; i++) {
        const struct flash_log_row *row = &rows->rows[i];
        bool alone = row->line_count <= 1 && row->only_line >= 0; /* it is all of its entry */
        if (row->type == 1 && row->has_entry && !alone) {
            keys[count++] = flash_value_uuid(&row->entry);
        }
    }
    if (keys) {
        qsort(keys, (size_t)count, sizeof(*keys), by_bytes);
    }
    for (int i = 0; i < count; i++) {
        if (i == 0 || by_bytes(&keys[i], &keys[kept - 1]) != 0) {
            keys[kept++] = keys[i];
        }
    }
    *ret_count = kept;
    return keys;
}

bool flash_log_lines_read(struct flash_mysql *mysql, const struct flash_log_rows *rows,
                          struct flash_log_lines *lines, struct flash_error *err)
{
    int key_count;
    struct flash_value *keys = keys_of(rows, &key_count);
    lines->count = 0;
    lines->failed = !keys;
    const struct flash_query_in query = {
        .sql = "SELECT entry_id, line_no, order_id, user_id, qty, state FROM reservation "
               "WHERE entry_id IN (%s)",
        .keys = keys,
        .key_count = key_count,
        .column_count = 6,
        .row = take_line,
        .arg = lines,
    };
    bool ok = keys && flash_mysql_query_in(mysql, &query, err);
    free(keys);
    if (lines->failed) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "log: out of memory");
    }
    if (ok && lines->count) {
        qsort(lines->lines, lines->count, sizeof(*lines->lines), by_place);
    }
    return ok;
}

const struct flash_log_line *flash_log_lines_of(const struct flash_log_lines *lines,
                                                const struct flash_uuid *entry, size_t *ret_count)
{
    size_t low = 0, high = lines->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(lines->lines[middle].entry.bytes, entry->bytes, sizeof(entry->bytes)) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    size_t end = low;
    while (end < lines->count &&
           memcmp(lines->lines[end].entry.bytes, entry->bytes, sizeof(entry->bytes)) == 0) {
        end++;
    }
    *ret_count = end - low;
    return end > low ? &lines->lines[low] : NULL;
}

void flash_log_lines_free(struct flash_log_lines *lines)
{
    free(lines->lines);
    *lines = (struct flash_log_lines){0};
}
