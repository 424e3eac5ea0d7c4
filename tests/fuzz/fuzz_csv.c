/* Fuzzes CSV cells: a row of them, read back by RFC 4180, is the very same texts. The input's cells
 * are cut at 0x1f. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* Reads one cell that must be want; returns where it ends. */
static const char *read_cell(const char *at, const char *end, struct flash_text want)
{
    size_t n = 0;
    bool quoted = at < end && *at == '"';
    for (at += quoted; at < end && (quoted || (*at != ',' && *at != '\r')); at++) {
        if (quoted && *at == '"' && (at + 1 == end || *++at != '"')) {
            quoted = false;
            break;
        }
        check(n < want.len && *at == want.at[n]);
        n++;
    }
    check(n == want.len && !quoted);
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    const char *input = (const char *)data, *stop = input + size;
    check(out);
    for (const char *at = input; at <= stop; at++) {
        const char *end = at < stop ? memchr(at, 0x1f, (size_t)(stop - at)) : NULL;
        end = end ? end : stop;
        fputs(at == input ? "" : ",", out);
        flash_csv_cell(out, (struct flash_text){at, (size_t)(end - at)});
        at = end;
    }
    fputs(FLASH_CSV_END, out);
    check(fclose(out) == 0);
    const char *read = text;
    for (const char *at = input; at <= stop; at++) {
        const char *end = at < stop ? memchr(at, 0x1f, (size_t)(stop - at)) : NULL;
        end = end ? end : stop;
        check(at == input || *read++ == ',');
        read = read_cell(read, text + len, (struct flash_text){at, (size_t)(end - at)});
        at = end;
    }
    check((size_t)(text + len - read) == 2 && memcmp(read, FLASH_CSV_END, 2) == 0);
    free(text);
    return 0;
}
