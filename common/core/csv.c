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

void flash_csv_cell(FILE *out, struct flash_text text)
{
    if (!needs_quotes(text)) {
        (void)fwrite(text.at, 1, text.len, out);
        return;
    }
    (void)fwrite("\"", 1, 1, out);
    for (size_t i = 0; i < text.len; i++) {
        (void)fwrite(&text.at[i], 1, 1, out);
        if (text.at[i] == '"') {
            (void)fwrite("\"", 1, 1, out);
        }
    }
    (void)fwrite("\"", 1, 1, out);
}
