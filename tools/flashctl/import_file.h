/* A CSV file of SKUs and stock (RFC 4180), read whole and checked line by line. Pure but for the
 * stream. */
#ifndef FLASHCTL_IMPORT_FILE_H
#define FLASHCTL_IMPORT_FILE_H

#include <stdint.h>
#include <stdio.h>

#include "flash/limits.h"

#define FLASH_CTL_IMPORT_ROWS_MAX 1000000
#define FLASH_CTL_IMPORT_ERRORS_MAX 20 /* told; the rest are counted */
#define FLASH_CTL_IMPORT_HASH 16       /* hexadecimal digits */

struct flash_ctl_import_row {
    int64_t line; /* in the file, from 1: where the row begins */
    int64_t sku, units;
    int64_t threshold; /* -1: the file does not say */
    char *title;       /* owned; NULL: the file does not say */
};

struct flash_ctl_import_file {
    const char *name;                  /* (borrowed) as it is told in errors */
    FILE *told;                        /* (borrowed) where errors go */
    struct flash_ctl_import_row *rows; /* owned */
    size_t count;
    size_t errors;                        /* lines that are wrong */
    char hash[FLASH_CTL_IMPORT_HASH + 1]; /* of the bytes, by SHA-256: names this content */
};

/* Reads in to its end; name and told of *file are set. The first line names the columns, in any
 * order: product_id, quantity, and perhaps title and low_stock_threshold. What is wrong is told,
 * "NAME:LINE: why", and counted; then *file is not for use, only to be freed. */
void flash_ctl_import_read(FILE *in, struct flash_ctl_import_file *file);
/* Says that a line is wrong, and counts it. */
void flash_ctl_import_wrong(struct flash_ctl_import_file *file, int64_t line, const char *why);
void flash_ctl_import_free(struct flash_ctl_import_file *file);

#endif
