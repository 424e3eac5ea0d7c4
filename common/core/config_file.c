/* Reads an INI file line by line and hands on what it sets, with the place.
 *
 * inih splits the lines; ours are the reader, which counts them and refuses what inih would cut or
 * skip in silence (a long line, a NUL), and the dialect: a comment has its own line, so a value may
 * hold ';' and '#'; a value has one line, so an indented line is a setting like any other. */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "config_keys.h"

enum {
    LINE_BYTES = 512,
    LINE_BUFFER = LINE_BYTES + 2, /* with its end and a NUL */
    PATH_SHOWN = 60,              /* the tail of a long path names it well enough */
    PLACE_TEXT = PATH_SHOWN + 16,
};

/* A file being read. */
struct source {
    FILE *file;
    const char *path;
    int line;
    bool failed; /* err is filled */
    flash_config_taker take;
    void *arg;
    struct flash_error *err;
};

static void format_place(const struct source *source, int line, char ret_place[PLACE_TEXT])
{
    size_t len = strlen(source->path);
    const char *tail = source->path + (len > PATH_SHOWN ? len - PATH_SHOWN : 0);
    snprintf(ret_place, PLACE_TEXT, "%s:%d", tail, line);
}

static void fail(struct source *source, int line, const char *reason)
{
    char place[PLACE_TEXT];
    format_place(source, line, place);
    flash_error_set(source->err, FLASH_ERROR_CONFIG, "%s: %s", place, reason);
    source->failed = true;
}

/* inih's reader: one line into buffer, or NULL at the end and on a failure. */
static char *read_line(char *buffer, int size, void *arg)
{
    struct source *source = arg;
    int len = 0, c = EOF;
    source->line++;
    while (!source->failed && c != '\n' && (c = getc(source->file)) != EOF) {
        if (c == '\0') {
            fail(source, source->line, "a NUL byte: not a text file");
        } else if (len == size - 1 || (len == LINE_BYTES && c != '\n')) {
            fail(source, source->line, "line too long: at most 512 bytes");
        } else {
            buffer[len++] = (char)c;
        }
    }
    if (ferror(source->file)) {
        fail(source, source->line, strerror(errno));
    }
    buffer[len] = '\0';
    return source->failed || len == 0 ? NULL : buffer;
}

/* inih's handler: 0 stops. */
static int take_setting(void *arg, const char *section, const char *name, const char *value)
{
    struct source *source = arg;
    char place[PLACE_TEXT];
    format_place(source, source->line, place);
    struct flash_config_setting setting = {.section = section, .name = name, .value = value};
    source->failed = !source->take(&setting, place, source->arg, source->err);
    return source->failed ? 0 : 1;
}

/* inih's dialect is global to the process: this runs before every read, on the one thread that
 * loads. */
static void choose_dialect(void)
{
    ini_use_stack = false;
    ini_initial_alloc = LINE_BUFFER;
    ini_allow_realloc = false;
    ini_max_line = LINE_BUFFER;
    ini_allow_multiline = false;
    ini_allow_inline_comments = false;
    ini_allow_no_value = false;
    ini_stop_on_first_error = true;
}

bool flash_config_file_read(const char *path, flash_config_taker take, void *arg,
                            struct flash_error *err)
{
    struct source source = {.path = path, .take = take, .arg = arg, .err = err};
    source.file = fopen(path, "re");
    if (source.file == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "cannot read %.100s: %s", path,
                               strerror(errno));
    }
    choose_dialect();
    int line = ini_parse_stream(read_line, &source, take_setting, &source);
    if (!source.failed && line > 0) {
        fail(&source, line, "neither [section], key = value, nor a comment line");
    } else if (!source.failed && line < 0) {
        source.failed = true;
        flash_error_set(err, FLASH_ERROR_RETRY, "out of memory");
    }
    fclose(source.file);
    return !source.failed;
}
