/* Reads the file by libcsv, a line of it at a time, so that each error has its line; see
 * import_file.h. */
#include "import_file.h"

#include <csv.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "flash/csv.h"
#include "flash/ids.h"
#include "flash/utf8.h"
#include "values.h"

#define CELL_MAX 1024

enum column { PRODUCT_ID, QUANTITY, TITLE, THRESHOLD, COLUMNS };
static const char *const names[COLUMNS] = {"product_id", "quantity", "title",
                                           "low_stock_threshold"};

struct reading {
    struct flash_ctl_import_file *file;
    size_t room;            /* of file->rows */
    int64_t line, row_line; /* being read; where its row began */
    bool in_row;            /* a row has begun and not ended */
    bool headed;            /* the line of names was read */
    bool hopeless;          /* going on would only tell the same again */
    int place[COLUMNS];     /* which cell of a row it is, -1: none */
    int cells, width;       /* of this row so far; of the line of names */
    bool bad_cell;
    char *values[COLUMNS]; /* owned; of this row */
};

void flash_ctl_import_wrong(struct flash_ctl_import_file *file, int64_t line, const char *why)
{
    if (file->errors++ < FLASH_CTL_IMPORT_ERRORS_MAX) {
        fprintf(file->told, "%s:%lld: %s\n", file->name, (long long)line, why);
    }
}

static void wrong(struct reading *reading, const char *why)
{
    flash_ctl_import_wrong(reading->file, reading->row_line, why);
}

static bool is_text(const char *at, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t step = flash_utf8_len(at + i, len - i);
        if (step == 0 || (unsigned char)at[i] < 0x20 || at[i] == 0x7f) {
            return false;
        }
        i += step;
    }
    return true;
}

/* ---- the line of names ---- */

static void take_name(struct reading *reading, const char *at, size_t len)
{
    char why[120];
    for (int i = 0; i < COLUMNS; i++) {
        if (strlen(names[i]) != len || memcmp(names[i], at, len) != 0) {
            continue;
        }
        if (reading->place[i] >= 0) {
            wrong(reading, "a column is named twice");
            reading->hopeless = true;
        }
        reading->place[i] = reading->cells;
        return;
    }
    snprintf(why, sizeof(why),
             "no such column: %.*s (product_id, quantity, title, low_stock_threshold)",
             (int)(len < 40 && is_text(at, len) ? len : 0), at);
    wrong(reading, why);
    reading->hopeless = true;
}

static void end_names(struct reading *reading)
{
    reading->headed = true;
    reading->width = reading->cells;
    if (reading->place[PRODUCT_ID] < 0 || reading->place[QUANTITY] < 0) {
        wrong(reading, "the first line must name the columns product_id and quantity");
        reading->hopeless = true;
    }
}

/* ---- rows ---- */

static void take_value(struct reading *reading, const char *at, size_t len)
{
    for (int i = 0; i < COLUMNS; i++) {
        if (reading->place[i] != reading->cells) {
            continue;
        }
        reading->bad_cell = reading->bad_cell || len > CELL_MAX || !is_text(at, len);
        free(reading->values[i]);
        const struct flash_text text = {at, len};
        const struct flash_text cell = i == TITLE && at ? flash_csv_text_read(text) : text;
        reading->values[i] = reading->bad_cell ? NULL : strndup(cell.at, cell.len);
    }
}

static const char *value_of(const struct reading *reading, enum column column)
{
    return reading->values[column] ? reading->values[column] : "";
}

static bool read_row(const struct reading *reading, struct flash_ctl_import_row *row,
                     const char **ret_why)
{
    const char *sku = value_of(reading, PRODUCT_ID), *title = value_of(reading, TITLE);
    const char *threshold = value_of(reading, THRESHOLD);
    *row = (struct flash_ctl_import_row){.line = reading->row_line, .threshold = -1};
    if (!flash_sku_parse((struct flash_text){sku, strlen(sku)}, &row->sku)) {
        *ret_why = "product_id is not a SKU (a whole number above 0)";
        return false;
    }
    if (!flash_ctl_count_parse(value_of(reading, QUANTITY), 0, FLASH_BASE_MAX, &row->units)) {
        *ret_why = "quantity is not a whole number from 0 to 1000000000";
        return false;
    }
    if (strlen(title) > FLASH_TITLE_MAX) {
        *ret_why = "title is longer than 200 bytes";
        return false;
    }
    if (threshold[0] && !flash_ctl_count_parse(threshold, 0, FLASH_BASE_MAX, &row->threshold)) {
        *ret_why = "low_stock_threshold is not a whole number from 0 to 1000000000";
        return false;
    }
    row->title = title[0] ? strdup(title) : NULL;
    return true;
}

static bool make_room(struct reading *reading)
{
    struct flash_ctl_import_file *file = reading->file;
    if (file->count < reading->room) {
        return true;
    }
    size_t room = reading->room ? reading->room * 2 : 64;
    void *grown = room <= FLASH_CTL_IMPORT_ROWS_MAX * 2
                      ? realloc(file->rows, room * sizeof(file->rows[0]))
                      : NULL;
    if (grown) {
        file->rows = grown;
        reading->room = room;
    }
    return grown != NULL;
}

static void end_values(struct reading *reading)
{
    struct flash_ctl_import_row row;
    const char *why = NULL;
    if (reading->cells != reading->width) {
        wrong(reading, reading->cells < reading->width ? "there are fewer values than columns"
                                                       : "there are more values than columns");
    } else if (reading->bad_cell) {
        wrong(reading, "a value is too long, or not text in UTF-8 without control characters");
    } else if (!read_row(reading, &row, &why)) {
        wrong(reading, why);
    } else if (!make_room(reading)) {
        free(row.title);
        wrong(reading, "there are too many rows");
        reading->hopeless = true;
    } else {
        reading->file->rows[reading->file->count++] = row;
    }
    for (int i = 0; i < COLUMNS; i++) {
        free(reading->values[i]);
        reading->values[i] = NULL;
    }
    reading->bad_cell = false;
}

/* ---- libcsv's callbacks ---- */

static void on_cell(void *bytes, size_t len, void *arg)
{
    struct reading *reading = arg;
    if (!reading->hopeless) {
        (reading->headed ? take_value : take_name)(reading, bytes, len);
    }
    reading->cells++;
}

static void on_row(int end, void *arg)
{
    struct reading *reading = arg;
    (void)end;
    if (!reading->hopeless) {
        (reading->headed ? end_values : end_names)(reading);
    }
    reading->cells = 0;
    reading->in_row = false;
}

/* ---- the file ---- */

static int by_sku(const void *left, const void *right)
{
    const struct flash_ctl_import_row *a = *(struct flash_ctl_import_row *const *)left;
    const struct flash_ctl_import_row *b = *(struct flash_ctl_import_row *const *)right;
    if (a->sku != b->sku) {
        return a->sku < b->sku ? -1 : 1;
    }
    return a->line < b->line ? -1 : a->line > b->line;
}

/* A SKU has one row: its reference is the file's. */
static void find_twins(struct flash_ctl_import_file *file)
{
    struct flash_ctl_import_row **sorted = calloc(file->count + 1, sizeof(*sorted));
    char why[80];
    if (!sorted) {
        flash_ctl_import_wrong(file, 1, "out of memory");
        return;
    }
    for (size_t i = 0; i < file->count; i++) {
        sorted[i] = &file->rows[i];
    }
    qsort(sorted, file->count, sizeof(*sorted), by_sku);
    for (size_t i = 1; i < file->count; i++) {
        if (sorted[i]->sku == sorted[i - 1]->sku) {
            snprintf(why, sizeof(why), "SKU %lld is already on line %lld",
                     (long long)sorted[i]->sku, (long long)sorted[i - 1]->line);
            flash_ctl_import_wrong(file, sorted[i]->line, why);
        }
    }
    free(sorted);
}

/* Hands one line to libcsv. */
static bool parse_line(struct reading *reading, struct csv_parser *parser, char *line, size_t len)
{
    bool first = reading->line++ == 0;
    size_t skip = first && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (!reading->in_row && strspn(line + skip, " \t\r\n") == len - skip) {
        return true;
    }
    if (!reading->in_row) {
        reading->row_line = reading->line;
        reading->in_row = true;
    }
    if (csv_parse(parser, line + skip, len - skip, on_cell, on_row, reading) != len - skip) {
        wrong(reading, "not CSV: a quote stands where none may");
        return false;
    }
    return !reading->hopeless;
}

static void hash_text(EVP_MD_CTX *hash, char ret_text[FLASH_CTL_IMPORT_HASH + 1])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    EVP_DigestFinal_ex(hash, digest, &len);
    for (int i = 0; i < FLASH_CTL_IMPORT_HASH / 2; i++) {
        snprintf(ret_text + i * 2, 3, "%02x", digest[i]);
    }
}

/* All lines, through libcsv and the hash. */
static void read_lines(FILE *in, struct reading *reading, struct csv_parser *parser,
                       EVP_MD_CTX *hash)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    bool good = true;
    while (good && (len = getline(&line, &room, in)) > 0) {
        EVP_DigestUpdate(hash, line, (size_t)len);
        good = parse_line(reading, parser, line, (size_t)len);
    }
    free(line);
    if (good && csv_fini(parser, on_cell, on_row, reading) != 0) {
        wrong(reading, "not CSV: a quote is not closed");
    }
    if (good && ferror(in)) {
        wrong(reading, "the file cannot be read to its end");
    }
}

void flash_ctl_import_read(FILE *in, struct flash_ctl_import_file *file)
{
    struct csv_parser parser;
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    struct reading reading = {.file = file, .place = {-1, -1, -1, -1}, .row_line = 1};
    if (!hash || !EVP_DigestInit_ex(hash, EVP_sha256(), NULL) ||
        csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        flash_ctl_import_wrong(file, 1, "out of memory");
        EVP_MD_CTX_free(hash);
        return;
    }
    read_lines(in, &reading, &parser, hash);
    hash_text(hash, file->hash);
    if (!file->errors && !reading.headed) {
        flash_ctl_import_wrong(file, 1, "the file is empty");
    }
    find_twins(file);
    for (int i = 0; i < COLUMNS; i++) {
        free(reading.values[i]);
    }
    csv_free(&parser);
    EVP_MD_CTX_free(hash);
}

void flash_ctl_import_free(struct flash_ctl_import_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        free(file->rows[i].title);
    }
    free(file->rows);
    file->rows = NULL;
    file->count = 0;
}
