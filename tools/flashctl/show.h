/* Answers as people or programs want them. */
#ifndef FLASHCTL_SHOW_H
#define FLASHCTL_SHOW_H

#include <jansson.h>

#include "command.h"

/* --output: false, after having said so, if it is neither table nor json. */
FLASH_MUST_CHECK bool flash_ctl_show_check(const struct flash_ctl_command *command);
/* Whether --output asks for json. */
bool flash_ctl_show_json(const struct flash_ctl_command *command);
/* One object on stdout: indented JSON, or a line a member, those of objects inside under their
 * name. */
void flash_ctl_show(const struct flash_ctl_command *command, const json_t *object);
/* The same table on out. */
void flash_ctl_show_table(const json_t *object, FILE *out);

#define FLASH_CTL_COLUMNS_MAX 8
/* A column of a list: a member of its objects, and what stands above it. */
struct flash_ctl_column {
    const char *member, *title;
};
/* The objects of list on out, a line each, beneath titles. Columns end with a member
 * NULL, their members are texts. */
void flash_ctl_show_rows(const json_t *list, const struct flash_ctl_column *columns, FILE *out);
/* A problem (RFC 9457) on stderr: title, detail, request id. */
void flash_ctl_show_problem(const json_t *problem, long status);

#endif
