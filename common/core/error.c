/* Fills struct flash_error: one line of text for a person, and a kind for the caller.
 *
 * The text may quote what came from outside, so control characters become '?': an error stays one
 * line in a terminal and in a log. A text that is too long is cut at a character, never inside one.
 */
#include "flash/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void cut_at_character(char *text, size_t len)
{
    size_t start = len;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80) {
        start--;
    }
    if (start > 0 && (unsigned char)text[start - 1] >= 0xc0) {
        text[start - 1] = '\0';
    }
}

static void hide_controls(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            *at = '?';
        }
    }
}

bool flash_error_set(struct flash_error *err, enum flash_error_kind kind, const char *format, ...)
{
    if (err == NULL) {
        return false;
    }
    char text[sizeof(err->text)]; /* the arguments may point into err->text */
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len < 0) {
        text[0] = '\0';
    }
    if (len >= (int)sizeof(text)) {
        cut_at_character(text, sizeof(text) - 1);
    }
    hide_controls(text);
    err->kind = kind;
    memcpy(err->text, text, strlen(text) + 1);
    return false;
}

const char *flash_error_kind_name(enum flash_error_kind kind)
{
    switch (kind) {
    case FLASH_ERROR_NONE:
        return "none";
    case FLASH_ERROR_CONFIG:
        return "config";
    case FLASH_ERROR_RETRY:
        return "retry";
    case FLASH_ERROR_UNKNOWN:
        return "unknown";
    case FLASH_ERROR_DATA:
        return "data";
    case FLASH_ERROR_BUG:
        return "bug";
    }
    return "bug";
}
