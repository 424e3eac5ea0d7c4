/* One object, or a problem; see output.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "flash/csv.h"
#include "output.h"
#include "text.h"
#include "values.h"

#define DEPTH_MAX 4
#define NAME_MAX_LEN 128

/* What is done with each value of an object, those of objects inside it too. */
struct walker {
    void (*take)(struct walker *walker, const char *name, const json_t *value);
    char between; /* of the names: "stock available" */
    FILE *out;
    int width; /* of the names */
    int count;
    bool names; /* CSV: the line of names is written, else that of values */
};

static void name_of(const struct walker *walker, const char *prefix, const char *key,
                    char ret_name[NAME_MAX_LEN])
{
    char gap[2] = {prefix[0] ? walker->between : '\0', '\0'};
    snprintf(ret_name, NAME_MAX_LEN, "%.60s%s%.60s", prefix, gap, key);
}

static void walk(struct walker *walker, const char *prefix, const json_t *object, int depth)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        char name[NAME_MAX_LEN];
        name_of(walker, prefix, key, name);
        if (json_is_object(value) && depth < DEPTH_MAX) {
            walk(walker, name, value, depth + 1);
        } else {
            walker->take(walker, name, value);
        }
    }
}

static void measure(struct walker *walker, const char *name, const json_t *value)
{
    (void)value;
    int width = flash_ctl_text_width(name);
    walker->width = width > walker->width ? width : walker->width;
}

static void put_line(struct walker *walker, const char *name, const json_t *value)
{
    char plain[NAME_MAX_LEN];
    char *text = flash_ctl_value_text(value, "-");
    snprintf(plain, sizeof(plain), "%s", name);
    for (char *at = plain; *at; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
    flash_ctl_put_plain(plain, walker->out);
    fprintf(walker->out, "%*s", walker->width - flash_ctl_text_width(plain) + 2, "");
    flash_ctl_put_plain(text ? text : "", walker->out);
    fputc('\n', walker->out);
    free(text);
}

void flash_ctl_show_table(const json_t *object, FILE *out)
{
    struct walker walker = {.take = measure, .between = ' ', .out = out};
    walk(&walker, "", object, 0);
    walker.take = put_line;
    walk(&walker, "", object, 0);
}

static void put_csv(struct walker *walker, const char *name, const json_t *value)
{
    fputs(walker->count++ ? "," : "", walker->out);
    if (walker->names) {
        flash_csv_cell(walker->out, (struct flash_text){name, strlen(name)});
    } else {
        flash_ctl_put_csv(value, walker->out);
    }
}

void flash_ctl_show_csv(const json_t *object, FILE *out)
{
    for (int line = 0; line < 2; line++) {
        struct walker walker = {.take = put_csv, .between = '.', .out = out, .names = line == 0};
        walk(&walker, "", object, 0);
        fputs(FLASH_CSV_END, out);
    }
}

bool flash_ctl_show(const struct flash_ctl_command *command, const json_t *object)
{
    switch (flash_ctl_format_of(command, FLASH_CTL_TABLE)) {
    case FLASH_CTL_TABLE:
        flash_ctl_show_table(object, stdout);
        break;
    case FLASH_CTL_JSON:
        flash_ctl_put_json(object, JSON_INDENT(2) | JSON_REAL_PRECISION(15), stdout);
        fputc('\n', stdout);
        break;
    case FLASH_CTL_JSONL:
        flash_ctl_put_json(object, JSON_COMPACT | JSON_REAL_PRECISION(15), stdout);
        fputc('\n', stdout);
        break;
    case FLASH_CTL_CSV:
        flash_ctl_show_csv(object, stdout);
        break;
    }
    bool ok = fflush(stdout) == 0 && !ferror(stdout);
    if (!ok) {
        fprintf(stderr, "flashctl: not all of it could be written\n");
    }
    return ok;
}

bool flash_ctl_show_story(const struct flash_ctl_command *command,
                          const struct flash_ctl_story *story)
{
    size_t i;
    json_t *row;
    const struct flash_ctl_rows_start start = {
        .out = stdout,
        .format = flash_ctl_format_of(command, FLASH_CTL_TABLE),
        .columns = story->columns,
    };
    if (start.format == FLASH_CTL_JSON) {
        return flash_ctl_show(command, story->whole);
    }
    if (start.format == FLASH_CTL_TABLE) {
        flash_ctl_show_table(story->about, stdout);
        fputc('\n', stdout);
    }
    struct flash_ctl_rows *rows = flash_ctl_rows_new(&start);
    json_array_foreach(rows ? story->rows : NULL, i, row)
    {
        flash_ctl_rows_add(rows, row);
    }
    return rows && flash_ctl_rows_end(rows);
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
    flash_ctl_put_plain(text_of(problem, "title"), stderr);
    fprintf(stderr, " (%ld)", status);
    if (detail[0]) {
        fputs(": ", stderr);
        flash_ctl_put_plain(detail, stderr);
    }
    if (id[0]) {
        fputs("\n  request id ", stderr);
        flash_ctl_put_plain(id, stderr);
    }
    fputc('\n', stderr);
}
