/* Values as text; see text.h. */
#include "text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void flash_ctl_put_plain(const char *text, FILE *out)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool pair = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
        fputc(pair || *at < 0x20 || *at == 0x7f ? '?' : *at, out);
        at += pair;
    }
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
