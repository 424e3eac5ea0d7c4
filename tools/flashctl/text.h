/* JSON values as text in a cell, and how wide text is on a terminal. */
#ifndef FLASHCTL_TEXT_H
#define FLASHCTL_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Text with its controls, also those of two bytes (U+0080 to U+009F), as question marks. */
void flash_ctl_put_plain(const char *text, FILE *out);

/* JSON as json_dumpf writes it, its strings' controls escaped, also those that RFC 8259 lets stand.
 */
void flash_ctl_put_json(const json_t *value, size_t flags, FILE *out);

/* A value as a cell of CSV: truths as the API says them, texts so that no spreadsheet runs them,
 * and on a terminal without controls. Nothing is an empty cell. */
void flash_ctl_put_csv(const json_t *value, FILE *out);

/* Columns that it takes, LC_CTYPE being one of UTF-8. */
int flash_ctl_text_width(const char *text);

/* The member, "stock.available" inside an object; NULL: none. */
const json_t *flash_ctl_member(const json_t *object, const char *path);

/* What stands for a value: texts as they are, "yes", "no", numbers, compact JSON for the rest;
 * nothing is `none`. Owned, NULL: no memory. */
char *flash_ctl_value_text(const json_t *value, const char *none);

#endif
