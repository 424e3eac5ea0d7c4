/* Comma-separated values (RFC 4180), a cell at a time. */
#ifndef FLASH_CSV_H
#define FLASH_CSV_H

#include <stdio.h>

#include "flash/ids.h"

/* Writes one cell: as it is, or in quotes with quotes doubled where the text has a comma, a quote,
 * a line break, or a space at an end. The comma or line break (FLASH_CSV_END) behind it is the
 * caller's. Failures are the stream's (ferror). */
void flash_csv_cell(FILE *out, struct flash_text text);

/* The same of a text that somebody wrote: a title, a reason. A spreadsheet would run one that
 * begins like a formula (= + - @, tab, line break: CWE-1236), so an apostrophe comes before it, and
 * before one that looks like such a text already; flash_csv_text_read takes it away again. */
void flash_csv_text(FILE *out, struct flash_text text);
/* What flash_csv_text wrote for a cell, or what anybody else did, as it was: borrowed from text. */
struct flash_text flash_csv_text_read(struct flash_text text);

#define FLASH_CSV_END "\r\n"

#endif
