/* One value as JSON, CSV and a table have it; see output.h. */
#include <inttypes.h>
#include <string.h>

#include "flash/time.h"
#include "flash/utf8.h"
#include "output_internal.h"

/* Copies the text, cut to the cell, with '?' for what is no UTF-8; returns its length. */
static size_t copy_text(struct flash_text text, char out[FLASH_OUTPUT_CELL])
{
    size_t len = 0;
    for (size_t at = 0; at < text.len;) {
        size_t step = flash_utf8_len(text.at + at, text.len - at);
        if (len + (step ? step : 1) >= FLASH_OUTPUT_CELL) {
            break;
        }
        if (step == 0 || text.at[at] == '\0') {
            out[len++] = '?';
            at++;
            continue;
        }
        memcpy(out + len, text.at + at, step);
        len += step;
        at += step;
    }
    out[len] = '\0';
    return len;
}

/* "850 ms", "12.3 s", "5 min 3 s", "2 h 5 min", "3 d 4 h" */
static void age_text(int64_t ms, char out[FLASH_OUTPUT_CELL])
{
    int64_t s = ms / 1000, min = s / 60, h = min / 60, d = h / 24;
    if (ms < 1000) {
        snprintf(out, FLASH_OUTPUT_CELL, "%" PRId64 " ms", ms);
    } else if (s < 60) {
        snprintf(out, FLASH_OUTPUT_CELL, "%" PRId64 ".%" PRId64 " s", s, ms % 1000 / 100);
    } else if (min < 60) {
        snprintf(out, FLASH_OUTPUT_CELL, "%" PRId64 " min %" PRId64 " s", min, s % 60);
    } else if (h < 24) {
        snprintf(out, FLASH_OUTPUT_CELL, "%" PRId64 " h %" PRId64 " min", h, min % 60);
    } else {
        snprintf(out, FLASH_OUTPUT_CELL, "%" PRId64 " d %" PRId64 " h", d, h % 24);
    }
}

void flash_output_cell_text(const struct flash_output_column *column,
                            const struct flash_output_cell *cell, bool human,
                            char ret_text[FLASH_OUTPUT_CELL])
{
    if (cell->none) {
        snprintf(ret_text, FLASH_OUTPUT_CELL, "%s", human ? "-" : "");
        return;
    }
    switch (column->kind) {
    case FLASH_OUTPUT_TEXT:
    case FLASH_OUTPUT_WORD:
        copy_text(cell->text, ret_text);
        return;
    case FLASH_OUTPUT_TIME:
        flash_time_format_ms(cell->number, ret_text);
        return;
    case FLASH_OUTPUT_FLAG:
        snprintf(ret_text, FLASH_OUTPUT_CELL, "%s", cell->number ? "yes" : "no");
        return;
    case FLASH_OUTPUT_AGE:
        if (human) {
            age_text(cell->number, ret_text);
            return;
        }
        break;
    case FLASH_OUTPUT_NUMBER:
        break;
    }
    snprintf(ret_text, FLASH_OUTPUT_CELL, "%" PRId64, cell->number);
}

json_t *flash_output_cell_json(const struct flash_output_column *column,
                               const struct flash_output_cell *cell)
{
    char text[FLASH_OUTPUT_CELL];
    if (cell->none) {
        return json_null();
    }
    switch (column->kind) {
    case FLASH_OUTPUT_TEXT:
    case FLASH_OUTPUT_WORD:
        return json_stringn(text, copy_text(cell->text, text));
    case FLASH_OUTPUT_TIME:
        flash_time_format_ms(cell->number, text);
        return json_string(text);
    case FLASH_OUTPUT_FLAG:
        return json_boolean(cell->number);
    case FLASH_OUTPUT_AGE:
    case FLASH_OUTPUT_NUMBER:
        break;
    }
    return json_integer(cell->number);
}
