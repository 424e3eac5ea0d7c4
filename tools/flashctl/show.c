/* Tables, JSON and problems; see show.h. What a server sends goes to a terminal only without its
 * control characters. */
#include "show.h"

#include <stdint.h>
#include <string.h>

#define DEPTH_MAX 4
#define NAME_MAX_LEN 128

bool flash_ctl_show_check(const struct flash_ctl_command *command)
{
    const char *format = command->values[FLASH_CTL_OUTPUT];
    if (!format || strcmp(format, "table") == 0 || strcmp(format, "json") == 0) {
        return true;
    }
    flash_ctl_bad_value(command, FLASH_CTL_OUTPUT, "table or json");
    return false;
}

/* Controls, also those of two bytes (U+0080 to U+009F), become a question mark. */
static void put_plain(const char *text, FILE *out)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool pair = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
        fputc(pair || *at < 0x20 || *at == 0x7f ? '?' : *at, out);
        at += pair;
    }
}

static void put_value(const json_t *value, FILE *out)
{
    if (json_is_string(value)) {
        put_plain(json_string_value(value), out);
    } else if (json_is_null(value)) {
        fputc('-', out);
    } else if (json_is_boolean(value)) {
        fputs(json_is_true(value) ? "yes" : "no", out);
    } else {
        json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY);
    }
}

struct table {
    FILE *out; /* NULL: only measure */
    size_t width;
};

/* A member's name: "per user limit", "stock available". */
static void name_of(const char *prefix, const char *key, char ret_name[NAME_MAX_LEN])
{
    snprintf(ret_name, NAME_MAX_LEN, "%.60s%s%.60s", prefix, prefix[0] ? " " : "", key);
    for (char *at = ret_name; *at; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
}

static void walk(struct table *table, const char *prefix, const json_t *object, int depth)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        char name[NAME_MAX_LEN];
        name_of(prefix, key, name);
        if (json_is_object(value) && depth < DEPTH_MAX) {
            walk(table, name, value, depth + 1);
        } else if (!table->out) {
            size_t len = strlen(name);
            table->width = len > table->width ? len : table->width;
        } else {
            put_plain(name, table->out);
            fprintf(table->out, "%*s", (int)(table->width - strlen(name) + 2), "");
            put_value(value, table->out);
            fputc('\n', table->out);
        }
    }
}

void flash_ctl_show_table(const json_t *object, FILE *out)
{
    struct table table = {.out = NULL};
    walk(&table, "", object, 0);
    table.out = out;
    walk(&table, "", object, 0);
}

/* What stands in a cell: text as it is, nothing as a dash. */
static const char *cell_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "-";
}

static size_t width_of(const json_t *list, const struct flash_ctl_column *column)
{
    size_t i, width = strlen(column->title);
    json_t *object;
    json_array_foreach((json_t *)(uintptr_t)list, i, object)
    {
        size_t len = strlen(cell_of(object, column->member));
        width = len > width ? len : width;
    }
    return width;
}

void flash_ctl_show_rows(const json_t *list, const struct flash_ctl_column *columns, FILE *out)
{
    size_t rows = json_array_size(list), widths[FLASH_CTL_COLUMNS_MAX];
    for (int i = 0; columns[i].member; i++) {
        widths[i] = columns[i + 1].member ? width_of(list, &columns[i]) + 2 : 0;
    }
    for (size_t line = 0; line <= rows; line++) { /* 0: the titles */
        const json_t *object = line ? json_array_get(list, line - 1) : NULL;
        for (int i = 0; columns[i].member; i++) {
            const char *text = object ? cell_of(object, columns[i].member) : columns[i].title;
            size_t len = strlen(text);
            put_plain(text, out);
            fprintf(out, "%*s", widths[i] > len ? (int)(widths[i] - len) : 0, "");
        }
        fputc('\n', out);
    }
}

bool flash_ctl_show_json(const struct flash_ctl_command *command)
{
    const char *format = command->values[FLASH_CTL_OUTPUT];
    return format && strcmp(format, "json") == 0;
}

void flash_ctl_show(const struct flash_ctl_command *command, const json_t *object)
{
    if (flash_ctl_show_json(command)) {
        json_dumpf(object, stdout, JSON_INDENT(2));
        fputc('\n', stdout);
    } else {
        flash_ctl_show_table(object, stdout);
    }
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

void flash_ctl_show_problem(const json_t *problem, long status)
{
    const char *detail = text_of(problem, "detail"), *id = text_of(problem, "request_id");
    fputs("flashctl: ", stderr);
    put_plain(text_of(problem, "title"), stderr);
    fprintf(stderr, " (%ld)", status);
    if (detail[0]) {
        fputs(": ", stderr);
        put_plain(detail, stderr);
    }
    if (id[0]) {
        fputs("\n  request id ", stderr);
        put_plain(id, stderr);
    }
    fputc('\n', stderr);
}
