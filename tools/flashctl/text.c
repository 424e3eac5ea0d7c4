/* Values as text; see text.h. */
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "flash/csv.h"

/* Bytes of the control that text begins with; 0: none. */
static int control_at(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    bool pair = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
    return pair ? 2 : at[0] < 0x20 || at[0] == 0x7f ? 1 : 0;
}

/* The next byte of *at as it may be shown, behind which *at is then. */
static char next_plain(const char **at)
{
    int control = control_at(*at);
    char byte = control ? '?' : **at;
    *at += control ? control : 1;
    return byte;
}

void flash_ctl_put_plain(const char *text, FILE *out)
{
    for (const char *at = text; *at;) {
        fputc(next_plain(&at), out);
    }
}

/* What is laid out has line breaks of its own. */
void flash_ctl_put_json(const json_t *value, size_t flags, FILE *out)
{
    char *text = json_dumps(value, flags);
    const char *at = text ? text : "", *written = at;
    for (; *at; at++) {
        int control = *at == '\n' ? 0 : control_at(at);
        if (control) {
            fprintf(out, "%.*s\\u%04x", (int)(at - written), written,
                    (unsigned char)at[control - 1]);
            at += control - 1;
            written = at + 1;
        }
    }
    fputs(written, out);
    free(text);
}

static void make_plain(char *text)
{
    char *to = text;
    for (const char *at = text; *at;) {
        *to++ = next_plain(&at);
    }
    *to = '\0';
}

void flash_ctl_put_csv(const json_t *value, FILE *out)
{
    bool truth = json_is_boolean(value);
    char *text =
        truth ? strdup(json_is_true(value) ? "true" : "false") : flash_ctl_value_text(value, "");
    if (!text) {
        return;
    }
    if (isatty(fileno(out))) {
        make_plain(text);
    }
    (json_is_string(value) ? flash_csv_text
                           : flash_csv_cell)(out, (struct flash_text){text, strlen(text)});
    free(text);
}

int flash_ctl_text_width(const char *text)
{
    int width = 0;
    mbstate_t state = {0};
    for (const char *at = text; *at;) {
        wchar_t wide;
        size_t len = mbrtowc(&wide, at, strlen(at), &state);
        if (len == (size_t)-1 || len == (size_t)-2 || len == 0) {
            memset(&state, 0, sizeof(state));
            width += ((unsigned char)*at & 0xc0) != 0x80; /* not UTF-8 here: a column a character */
            at++;
            continue;
        }
        int columns = wcwidth(wide);
        width += columns < 0 ? 1 : columns; /* a control: its question mark */
        at += len;
    }
    return width;
}

const json_t *flash_ctl_member(const json_t *object, const char *path)
{
    char name[64];
    for (;;) {
        size_t len = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        object = json_object_get(object, name);
        if (!path[len]) {
            return object;
        }
        path += len + 1;
    }
}

char *flash_ctl_value_text(const json_t *value, const char *none)
{
    if (!value || json_is_null(value)) {
        return strdup(none);
    }
    if (json_is_string(value)) {
        return strdup(json_string_value(value));
    }
    if (json_is_boolean(value)) {
        return strdup(json_is_true(value) ? "yes" : "no");
    }
    return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
}
