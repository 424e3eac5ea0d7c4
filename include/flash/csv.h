/* Comma-separated values (RFC 4180), a cell at a time. */
#ifndef FLASH_CSV_H
#define FLASH_CSV_H

#include <stdio.h>

#include "flash/ids.h"

/* Writes one cell: as it is, or in quotes with quotes doubled where the text has a comma, a quote,
 * a line break, or a space at an end. The comma or line break (FLASH_CSV_END) behind it is the
 * caller's. Failures are the stream's (ferror). */
void flash_csv_cell(FILE *out, struct flash_text text);

#define FLASH_CSV_END "\r\n"

#endif
