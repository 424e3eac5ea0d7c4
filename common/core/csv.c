/* Cells of RFC 4180; see flash/csv.h. */
#include "flash/csv.h"

#include <string.h>

static bool needs_quotes(struct flash_text text)
{
    if (text.len == 0) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] && strchr(",\"\r\n", text.at[i])) {
            return true;
        }
    }
    return text.at[0] == ' ' || text.at[text.len - 1] == ' ';
}

/* Whether a formula's first byte comes behind apostrophes, or at once. */
static bool is_formula(struct flash_text text)
{
    size_t at = 0;
    while (at < text.len && text.at[at] == '\'') {
        at++;
    }
    return at < text.len && text.at[at] && strchr("=+-@\t\r\n", text.at[at]);
}

/* before: a quote, and what the text has not. */
static void put_quoted(FILE *out, const char *before, struct flash_text text)
{
    (void)fwrite(before, 1, strlen(before), out);
    for (size_t i = 0; i < text.len; i++) {
        (void)fwrite(&text.at[i], 1, 1, out);
        if (text.at[i] == '"') {
            (void)fwrite("\"", 1, 1, out);
        }
    }
    (void)fwrite("\"", 1, 1, out);
}

void flash_csv_cell(FILE *out, struct flash_text text)
{
    if (needs_quotes(text)) {
        put_quoted(out, "\"", text);
    } else {
        (void)fwrite(text.at, 1, text.len, out);
    }
}

void flash_csv_text(FILE *out, struct flash_text text)
{
    if (is_formula(text)) {
        put_quoted(out, "\"'", text);
    } else {
        flash_csv_cell(out, text);
    }
}

struct flash_text flash_csv_text_read(struct flash_text text)
{
    bool defused = text.len > 0 && text.at[0] == '\'' && is_formula(text);
    return defused ? (struct flash_text){text.at + 1, text.len - 1} : text;
}
